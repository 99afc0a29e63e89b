"""What a stored webhook weighs and how long it is kept, as it is priced.

Weighed by AWS's rules: names and texts as UTF-8, two digits of a number a byte and one more, and a
hundred bytes that are added to every item.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from __future__ import annotations

import base64
import hashlib
import math
import statistics
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.adapters.billing.projection.ledger import item_of
from tocsin.billing.identity import Identity
from tocsin.billing.projection.ledger_key import KEPT_SECONDS, LedgerRecord
from tocsin.providers.bodies.codec import keep
from tocsin.providers.registry import webhook_reader

if TYPE_CHECKING:
    from collections.abc import Mapping

PRICED = tomllib.loads(Path("infra/prices.toml").read_text("utf-8"))["webhook"]
ADDED = 100
UNIT = 1024
ROW_AND_INDEX = 2
DAY = 86_400
REMOVED_WITHIN = 2 * DAY


def weight(item: Mapping[str, Mapping[str, str]]) -> int:
    """Bytes of an item as DynamoDB counts them for a write."""
    return sum(
        len(name.encode()) + _bytes(kind, value)
        for name, each in item.items()
        for kind, value in each.items()
    )


def _bytes(kind: str, value: str) -> int:
    match kind:
        case "S":
            return len(value.encode())
        case "N":
            return math.ceil(len(value) / 2) + 1
        case "B":
            return len(base64.b64decode(value))
        case _:
            raise AssertionError(f"a {kind} is not weighed here")


def stored(provider: str, body: bytes) -> Mapping[str, Mapping[str, str]]:
    """The item of a webhook, with ids as long as providers make them."""
    headers = {"x-razorpay-event-id": "evt_" + hashlib.sha256(body).hexdigest()[:14]}
    envelope, document = webhook_reader(provider).read(headers, body)
    identity = Identity(provider, "acct_1SxLongAsTheyAre01", "live")
    kept = keep(document, b"a key of thirty-two bytes or more")
    return item_of(LedgerRecord(identity, "default", envelope, 1_791_449_000, kept))


def weights() -> list[int]:
    """Of every sample of every provider."""
    return [
        weight(stored(provider, path.read_bytes()))
        for provider in ("stripe", "razorpay")
        for path in sorted(Path("events", provider).glob("*.json"))
    ]


def test_a_stored_webhook_weighs_no_more_than_it_is_priced_with() -> None:
    found = [each + ADDED for each in weights()]
    assert len(found) > 30
    assert PRICED["stored_bytes"] / 2 < statistics.fmean(found) <= PRICED["stored_bytes"]
    units = statistics.fmean(math.ceil(each / UNIT) for each in weights())
    assert units + ROW_AND_INDEX / 2 <= PRICED["writes"]


def test_it_is_paid_for_as_long_as_it_is_kept() -> None:
    assert PRICED["kept_days"] * DAY >= KEPT_SECONDS + REMOVED_WITHIN
