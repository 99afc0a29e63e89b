"""Heartbeats in memory: the twin of `heartbeats.store`. It keeps the stored form."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from tocsin.adapters.heartbeats.store import heartbeat_of, heartbeat_text
from tocsin.errors import ConditionFailed

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.incidents.model.heartbeats import Heartbeat


class MemoryHeartbeats:
    """A `HeartbeatStore` that forgets everything with the process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._texts: dict[str, str] = {}

    def get(self, name: str) -> Heartbeat | None:
        text = self._texts.get(name)
        return None if text is None else heartbeat_of(text)

    def save(self, heartbeat: Heartbeat, *, expected: int) -> None:
        with self._lock:
            known = self.get(heartbeat.name)
            if (0 if known is None else known.ver) != expected:
                raise ConditionFailed
            self._texts[heartbeat.name] = heartbeat_text(heartbeat)

    def all(self) -> tuple[Heartbeat, ...]:
        read = (heartbeat_of(text) for _, text in sorted(self._texts.items()))
        return tuple(one for one in read if not one.removed)

    def due(self, *, at: datetime, limit: int) -> tuple[Heartbeat, ...]:
        due = [
            (one.due_at, one)
            for one in map(heartbeat_of, self._texts.values())
            if one.due_at is not None and one.due_at <= at
        ]
        return tuple(one for _, one in sorted(due, key=lambda pair: pair[0]))[:limit]
