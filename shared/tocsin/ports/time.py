"""The clocks, and ids: what the core takes as arguments.

Two clocks on purpose: `IncidentClock` decides incident time and can be moved in local and drill
stages; `WallClock` decides signatures, tokens, links, leases and the breaker, and nobody moves it.
They are two types so that one cannot be passed for the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


class IncidentClock(Protocol):
    """Incident time, UTC, whole milliseconds."""

    def incident_now(self) -> datetime: ...


class WallClock(Protocol):
    """The real time, UTC."""

    def wall_now(self) -> datetime: ...


class Ids(Protocol):
    """New identifiers and salts; the only source of randomness."""

    def incident_id(self, *, drill: bool) -> str:
        """`INC-` or `DRL-` and 26 characters that sort by time."""
        ...

    def unique_id(self) -> str:
        """A correlation or command id nobody had before."""
        ...

    def salt(self) -> bytes:
        """32 random bytes for one timeline entry's content hash."""
        ...
