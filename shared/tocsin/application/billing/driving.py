"""Driving long work: one step at a time, each ending in one conditional write.

A replay and a reconciliation are each one small value, a cursor, written on condition of its
version. Whoever dies is followed by another driver, which takes the same step again; of two at once
one moves the cursor. What they share is here; a step, and what makes it harmless to take twice, is
theirs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from tocsin.errors import BadInput, StoreRefused, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ClassVar

    class Cursor(Protocol):
        """How far a work has come. `waiting_since` is in epoch seconds, None while it gets on."""

        __dataclass_fields__: ClassVar[dict[str, Any]]

        @property
        def waiting_since(self) -> int | None: ...

        @property
        def idle(self) -> bool:
            """Nothing is to be driven until somebody wants something."""
            ...


PATIENCE = 3_600
"""Seconds without any progress after which a work stalls and a person is told."""

_FIRST_DELAY, _LONGEST_DELAY = 1.0, 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Driving[C: Cursor]:
    """What one kind of work is: where its cursor lies, its step, and how it gives up.

    `load` raises where there is no such work. `step` does one step and saves nothing. `tell` tells
    whoever has to know how it stands, once driving is over. `pause` says how long to wait before
    the next step; it and `sleep` are in seconds.
    """

    load: Callable[[str], C]
    save: Callable[[C], C]
    step: Callable[[C], C]
    stalled: Callable[[C, str], C]
    tell: Callable[[C], C]
    now: Callable[[], int]
    sleep: Callable[[float], None]
    pause: Callable[[C], float] = lambda _: 0.0

    def run(self, name: str, *, go_on: Callable[[], bool]) -> C:
        """Steps until there is nothing to drive, or `go_on` says that time is up; and tells.

        Raises:
            VersionConflict: another driver drives it; leave it to that one.
            StoreUnavailable: the cursor cannot be written; nothing is lost, run it again.
            Unavailable: nobody could be told; run it again.
        """
        cursor, delay = self.load(name), _FIRST_DELAY
        while not cursor.idle and go_on():
            try:
                cursor = self.save(self.step(cursor))
                delay = _FIRST_DELAY
            except (BadInput, StoreRefused) as error:
                cursor = self.save(self.stalled(cursor, str(error)))
            except Unavailable as error:
                cursor = self.save(self._waited(cursor, str(error)))
                self.sleep(delay)
                delay = min(_LONGEST_DELAY, delay * 2)
            if pause := self.pause(cursor):
                self.sleep(pause)
        return self.tell(cursor)

    def _waited(self, cursor: C, problem: str) -> C:
        """What does not answer stalls a work after an hour, and not before."""
        since = waits_since(cursor, now=self.now())
        if since is None:
            return self.stalled(cursor, problem)
        return replace(cursor, waiting_since=since, problem=problem)


def waits_since(cursor: Cursor, *, now: int) -> int | None:
    """Since when it waits, if only since `now`; None where that is longer than patience lasts."""
    since = cursor.waiting_since or now
    return None if now - since > PATIENCE else since
