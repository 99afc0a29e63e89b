"""The ledger's snapshots of an hour, in memory: the twin of `dynamodb_snapshots`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.billing.event import EventClass
from tocsin.billing.projection.ledger_key import hour_bucket

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.adapters.memory_ledger import MemoryLedger
    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.ledger_key import LedgerRecord


class MemorySnapshots:
    """Implements `billing.history.SnapshotSource` over a ledger in memory."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger

    def of_hour(self, identity: Identity, at: int) -> Iterator[LedgerRecord]:
        for record in list(self._ledger.records.values()):
            created = record.envelope.created
            if (
                record.identity == identity
                and record.envelope.event_class is EventClass.SNAPSHOT
                and created is not None
                and hour_bucket(created) == hour_bucket(at)
            ):
                yield record
