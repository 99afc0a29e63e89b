"""Intents, attempts and breakers in the `operations` table.

An intent, its place in the list of unsettled ones and the attempt that changed it are one
transaction: there is no moment in which a call may have been made and nothing leads to it.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from tocsin.adapters.aws.attributes import n, s
from tocsin.adapters.aws.table import Cancelled, Table, within
from tocsin.adapters.billing.checkout.items import (
    OPEN_PK,
    attempt_item,
    attempt_of,
    breaker_item,
    breaker_key,
    breaker_of,
    hour_pk,
    intent_item,
    intent_key,
    intent_of,
    open_item,
    open_sk,
)
from tocsin.billing.checkout.breaker import Breaker
from tocsin.billing.checkout.intent import waits
from tocsin.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.adapters.aws.call import AwsCall, Item
    from tocsin.billing.checkout.attempts import Attempt
    from tocsin.billing.checkout.intent import Intent
    from tocsin.billing.identity import Identity

_HOUR = 3_600
_WAITS = "attribute_not_exists(done) AND (attribute_not_exists(again) OR again <= :by)"


class DynamoDbIntents:
    """Implements `ports.billing.checkout.IntentStore`."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._table = Table(aws, table)

    def load(self, intent_id: str) -> Intent | None:
        item = self._table.get(intent_key(intent_id))
        return intent_of(item) if item else None

    def save(self, intent: Intent, attempt: Attempt | None = None) -> bool:
        writes = [self._put(intent_item(intent), **_after(intent.ver))]
        writes.append(self._put(open_item(intent)))
        if attempt is not None:
            writes.append(self._put(attempt_item(attempt)))
        try:
            self._table.transact(writes)
        except Cancelled as cancelled:
            if not cancelled.unmet:
                raise StoreUnavailable(str(cancelled)) from cancelled
            # Perhaps by our own write, whose answer was lost: then what is stored is ours.
            return self.load(intent.id) == intent
        return True

    def note(self, attempt: Attempt) -> None:
        self._table.put(attempt_item(attempt))

    def _put(self, item: Item, **condition: Any) -> dict[str, Any]:
        return {"Put": {"TableName": self._table.name, "Item": item, **condition}}

    def unsettled(
        self, *, limit: int = 200, after: tuple[int, str] | None = None, again_by: int = 0
    ) -> tuple[Intent, ...]:
        behind = ("0", "9" * 13) if after is None else (f"{open_sk(*after)} ", "9" * 13)
        wanted = within(OPEN_PK, *behind)
        wanted["ExpressionAttributeValues"] |= {":by": n(again_by)}
        listed = self._table.query(**wanted, FilterExpression=_WAITS, ConsistentRead=True)
        found = (self.load(item["id"]["S"]) for item in listed)
        # What was settled between the two reads takes nobody's place.
        still = (each for each in found if each is not None and waits(each, again_by))
        return tuple(islice(still, limit))

    def attempts(self, *, since: int, until: int) -> tuple[Attempt, ...]:
        hours = range(since - since % _HOUR, until + 1, _HOUR)
        return tuple(each for hour in hours for each in self._of_hour(hour, since, until))

    def _of_hour(self, hour: int, since: int, until: int) -> Iterator[Attempt]:
        last = f"{until * 1000 + 999:015d}$"  # `$` sorts after `#`
        wanted = within(hour_pk(hour), f"{since * 1000:015d}", last)
        return map(attempt_of, self._table.query(**wanted, ConsistentRead=True))


class DynamoDbBreakers:
    """Implements `ports.billing.checkout.BreakerStore`."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._table = Table(aws, table)

    def load(self, identity: Identity) -> Breaker:
        item = self._table.get(breaker_key(identity))
        return breaker_of(item) if item else Breaker()

    def save(self, identity: Identity, breaker: Breaker) -> bool:
        return self._table.put_if(
            breaker_item(identity, breaker),
            # Without a version, or with one that is no number, it is as if nothing were stored.
            "#ver = :before OR NOT attribute_type(#ver, :number)",
            names={"#ver": "ver"},
            values={":before": n(breaker.ver - 1), ":number": s("N")},
        )


def _after(ver: int) -> dict[str, Any]:
    """The condition that the stored version is the one before."""
    if ver == 1:
        return {"ConditionExpression": "attribute_not_exists(PK)"}
    return {
        "ConditionExpression": "#ver = :before",
        "ExpressionAttributeNames": {"#ver": "ver"},
        "ExpressionAttributeValues": {":before": {"N": str(ver - 1)}},
    }
