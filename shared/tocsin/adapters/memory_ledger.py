"""The ledger in memory: the twin of `dynamodb_ledger` for tests, drills and simulations."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tocsin.billing.outage.watching import StoredEvent
from tocsin.billing.projection.ledger_key import hour_bucket

if TYPE_CHECKING:
    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.ledger_key import LedgerKey, LedgerRecord


class MemoryLedger:
    """Implements `billing.ports.Ledger`; `records` is in order of arrival."""

    def __init__(self) -> None:
        self.records: dict[LedgerKey, LedgerRecord] = {}
        self._lock = threading.Lock()

    def put(self, record: LedgerRecord) -> bool:
        with self._lock:
            if record.key in self.records:
                return False
            self.records[record.key] = record
            return True


@dataclass(frozen=True, slots=True)
class MemoryLedgerHours:
    """Implements `application.watch_ledger.LedgerHours` over a ledger in memory."""

    ledger: MemoryLedger = field(default_factory=MemoryLedger)

    def sample(self, identity: Identity, at: int) -> tuple[StoredEvent, ...]:
        return tuple(
            StoredEvent(
                id=record.envelope.id,
                received_at=record.received_at,
                created=record.envelope.created,
                event_class=record.envelope.event_class,
                subscription=record.envelope.subscription,
            )
            for record in self.ledger.records.values()
            if record.identity == identity
            and record.envelope.created is not None
            and hour_bucket(record.envelope.created) == hour_bucket(at)
        )

    def count(self, identity: Identity, at: int) -> int:
        return len(self.sample(identity, at))
