"""The ledger in memory: the twin of `dynamodb_ledger` for tests, drills and simulations."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tocsin.billing.ledger import LedgerKey, LedgerRecord


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
