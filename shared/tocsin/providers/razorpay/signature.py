"""Razorpay's webhook signature, verified on the raw bytes.

There is no signed time and so no window against replays: the ledger's event id is the only
defence. The SDK's check wants text, raises TypeError on a missing or non-ASCII header, and
accepts a body signed with an empty secret; this one refuses all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.errors import SignatureInvalid
from tocsin.providers.mac import any_matches, header_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_HEADER_BYTES = 2048


def verify(header: str | None, body: bytes, *, secrets: Sequence[bytes]) -> None:
    """Returns if one of the secrets signed exactly these bytes.

    Args:
        header: the `X-Razorpay-Signature` header, lower-case hex.
        body: the raw body, as received.
        secrets: every secret active now: retries are signed with the old one for a day.

    Raises:
        SignatureInvalid: header absent or over its cap, or nothing matches.
    """
    raw = header_bytes(header or "")
    if len(raw) > MAX_HEADER_BYTES or not any_matches(secrets, body, [raw]):
        raise SignatureInvalid
