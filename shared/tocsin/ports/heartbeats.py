"""Where heartbeats are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.incidents.model.heartbeats import Heartbeat


class HeartbeatStore(Protocol):
    """Heartbeats by name. Reads by name are consistent."""

    def get(self, name: str) -> Heartbeat | None:
        """The heartbeat, one that is removed included."""
        ...

    def save(self, heartbeat: Heartbeat, *, expected: int) -> None:
        """Writes it in the place of version `expected`; 0: there is none yet.

        Raises:
            ConditionFailed: somebody else has written it meanwhile.
            StoreUnavailable: no answer; whether it was written is unknown until read.
        """
        ...

    def all(self) -> tuple[Heartbeat, ...]:
        """Those that are not removed, by name; as they were a moment ago."""
        ...

    def due(self, *, at: datetime, limit: int) -> tuple[Heartbeat, ...]:
        """Those with something to be done at or before a time, the longest due first."""
        ...
