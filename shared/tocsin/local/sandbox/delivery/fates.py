"""What became of every event that some endpoint should have got: the sandbox's own drop log.

A provider tells nobody this. Tests compare with it what a replay says it found missing.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tocsin.local.sandbox.defaults import Json

PENDING: Final = "pending"
DROPPED: Final = "dropped"
DISABLED: Final = "endpoint_disabled"
GAVE_UP: Final = "gave_up"


class Fates:
    """By endpoint: who was to get what, what arrived, and why the rest did not."""

    def __init__(self) -> None:
        self._expected: dict[str, list[str]] = {}
        self._arrived: dict[str, set[str]] = {}
        self._why: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()

    def expect(self, endpoint: str, event: str, *, why: str = PENDING) -> None:
        """The event is for this endpoint; `why` it will not get it, if that is known."""
        with self._lock:
            self._expected.setdefault(endpoint, []).append(event)
            if why != PENDING:
                self._why[endpoint, event] = why

    def mark(self, endpoint: str, event: str, why: str) -> None:
        """Another reason for its absence."""
        with self._lock:
            self._why[endpoint, event] = why

    def arrive(self, endpoint: str, event: str) -> None:
        """It was answered with 2xx."""
        with self._lock:
            self._arrived.setdefault(endpoint, set()).add(event)

    def has_arrived(self, endpoint: str, event: str) -> bool:
        """Whether it ever was."""
        with self._lock:
            return event in self._arrived.get(endpoint, ())

    def undelivered(self) -> list[Json]:
        """What never got a 2xx, in the order it was made: endpoint, event, why."""
        with self._lock:
            return [
                {
                    "endpoint": endpoint,
                    "event": event,
                    "why": self._why.get((endpoint, event), PENDING),
                }
                for endpoint, events in self._expected.items()
                for event in events
                if event not in self._arrived.get(endpoint, ())
            ]

    def forget(self) -> None:
        """For a sandbox that starts over."""
        with self._lock:
            self._expected.clear()
            self._arrived.clear()
            self._why.clear()

    def dump(self) -> Json:
        """As JSON; `load` is the inverse."""
        with self._lock:
            return {
                "expected": self._expected,
                "arrived": {name: sorted(events) for name, events in self._arrived.items()},
                "why": [[*place, why] for place, why in self._why.items()],
            }

    def load(self, dumped: Json) -> None:
        with self._lock:
            self._expected = {name: list(ids) for name, ids in dumped["expected"].items()}
            self._arrived = {name: set(ids) for name, ids in dumped["arrived"].items()}
            self._why = {(endpoint, event): why for endpoint, event, why in dumped["why"]}
