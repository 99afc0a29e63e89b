"""What rebuilds fetched, in memory: the twin of `dynamodb_rebuild_audit`."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tocsin.ports.billing.replay import State


class MemoryRebuildAudit:
    """Implements `billing.rebuild_ports.RebuildAudit`."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], dict[str, Any]] = {}
        self._lock = threading.Lock()

    def begin(self, replay: str, key: str, *, before: State, at: int) -> bool:
        begun = {
            "object": key,
            "via": "fetched",
            "before": before,
            "after": None,
            "outcome": None,
            "begun_at": at,
            "ended_at": None,
        }
        with self._lock:
            return self._rows.setdefault((replay, key), begun)["ended_at"] is not None

    def end(self, replay: str, key: str, *, after: State, outcome: str, at: int) -> None:
        with self._lock:
            self._rows[replay, key] |= {"after": after, "outcome": outcome, "ended_at": at}

    def rows(self, replay: str, *, limit: int) -> list[dict[str, Any]]:
        found = [row for (whose, _), row in sorted(self._rows.items()) if whose == replay]
        return found[:limit]
