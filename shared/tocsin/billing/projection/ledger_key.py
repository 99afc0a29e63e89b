"""Where an event is filed: the keys of the ledger, fixed for as long as anything is stored.

The key is a function of the event's own immutable facts, so that every delivery of the same event
meets the same item and one conditional put is the whole of deduplication. Neither the body nor
the time of delivery is part of it: the same event may come again in another API version's shape.
"""

from __future__ import annotations

import hashlib
import time
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tocsin.billing.event import IdSource
from tocsin.billing.identity import Identity

if TYPE_CHECKING:
    from tocsin.billing.event import Envelope

SCHEMA_VERSION = 1
SHARDS = 4
"""Part of every key. Another number would need double reads for as long as events live."""

KEPT_SECONDS = 90 * 86_400
"""Longer than a provider lists events (30 days) with margin, so that nothing can come back new."""

_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z, the last one with a four-digit year


@dataclass(frozen=True, slots=True)
class LedgerKey:
    """Partition and sort key of one event."""

    pk: str
    sk: str


@dataclass(frozen=True, slots=True)
class LedgerRecord:
    """One event as it is kept; `received_at` in epoch seconds, `body` packed for keeping.

    `replay` names the replay that inserted it; empty for one that came by webhook.
    """

    identity: Identity
    endpoint: str
    envelope: Envelope
    received_at: int
    body: bytes
    replay: str = ""

    @property
    def key(self) -> LedgerKey:
        return key_of(self.identity, self.envelope.id, self.envelope.created)


def under_its_hash(record: LedgerRecord, known_hash: str | None) -> LedgerRecord | None:
    """The record by its body's hash, if what is stored under its id is of another body.

    An id that was not signed with the body may be anybody's: it must not keep an event out.
    None where both are the same, or nothing is known of one of them.
    """
    own = record.envelope.body_hash
    if own is None or known_hash is None or own == known_hash:
        return None
    envelope = replace(record.envelope, id=f"sha256:{own}", id_source=IdSource.HASH, body_hash=None)
    return replace(record, envelope=envelope)


def key_of(identity: Identity, event_id: str, created: int | None) -> LedgerKey:
    """The ledger key of an event.

    An event without a usable `created` is filed under a bucket of its id's hash in place of the
    hour: 256 of them, marked by an `x` so that no hour is ever mistaken for one.
    """
    shard = zlib.crc32(event_id.encode()) % SHARDS
    if created is None:
        bucket = "x" + hashlib.sha256(event_id.encode()).hexdigest()[:2]
    else:
        bucket = hour_bucket(created)
    return LedgerKey(f"{identity}#{bucket}#{shard}", event_id)


def hour_bucket(created: int) -> str:
    """`yyyymmddhh`, UTC, of epoch seconds."""
    return time.strftime("%Y%m%d%H", time.gmtime(created))


def usable_time(value: object) -> int | None:
    """Epoch seconds if the value is such a number (and no boolean) between 1970 and 9999."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LAST_SECOND:
        return value
    return None


def identity_of(pk: str) -> Identity:
    """The identity in a ledger's partition key.

    Raises:
        ValueError: this is no ledger key.
    """
    provider, account, mode, _, _ = pk.split("#")
    return Identity(provider, account, mode)
