"""Setting and ending maintenance windows, and having what one held looked at when it ends early.

A window that ends by itself needs nobody: what it holds is due then. Ended early, what it holds is
made due at once; whoever dies in between leaves it due when the window would have ended.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from tocsin.errors import BadInput, ConditionFailed, UnknownName
from tocsin.incidents.model.maintenance import KEPT, MOST, Window, checked
from tocsin.ports.signals import Why

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tocsin.application.incidents.execute import Ports

RACES = 5
PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceDesk:
    """Windows of one stage; times are incident time."""

    ports: Ports

    def listed(self) -> tuple[Window, ...]:
        """Those that run, those to come and those that ended of late, by their beginning."""
        return tuple(sorted(self.ports.store.windows(), key=lambda one: (one.starts_at, one.id)))

    def shown(self, name: str) -> Window:
        """The window of that id.

        Raises:
            UnknownName: there is none.
        """
        return _named(self.ports.store.windows(), name)

    def set(self, asked: Window) -> Window:
        """Sets a window.

        Raises:
            BadInput: it may not be set, or there are too many.
            ConditionFailed: others kept writing.
        """
        now = self.ports.clock.incident_now()
        checked(asked, self.ports.policies.current().noise, now=now)

        def change(known: tuple[Window, ...]) -> tuple[Window, ...]:
            kept = [one for one in known if one.ends_at > now - KEPT]
            ended = sorted((one for one in kept if one.ends_at <= now), key=lambda one: one.ends_at)
            while len(kept) >= MOST and ended:
                kept.remove(ended.pop(0))
            if len(kept) >= MOST:
                raise BadInput(f"there are {MOST} windows already: end some of them")
            return (*kept, asked)

        self._write(change)
        return asked

    def end(self, name: str, *, by: str) -> Window:
        """Ends a window now; what it held back is looked at by the next sweep.

        Raises:
            UnknownName: there is none of that id.
            ConditionFailed: others kept writing.
        """
        now = self.ports.clock.incident_now()

        def change(known: tuple[Window, ...]) -> tuple[Window, ...]:
            window = _named(known, name)
            if window.ends_at <= now:
                return known
            ended = replace(window, ends_at=now, ended_by=by)
            return tuple(ended if one.id == name else one for one in known)

        window = _named(self._write(change), name)
        for key in dict.fromkeys(self._keys_of(window)):
            held = self.ports.store.held(key)
            if held is not None and held.held_for == Why.MAINTENANCE:
                self.ports.store.hold(replace(held, held_until=now), again=True)
        return window

    def _keys_of(self, window: Window) -> Iterator[str]:
        """The keys of which a window has held something back."""
        day, last = window.starts_at.astimezone(UTC).date(), window.ends_at.astimezone(UTC).date()
        while day <= last:
            cursor: str | None = None
            while True:
                page = self.ports.store.asides(day, limit=PAGE, cursor=cursor)
                yield from (one.key for one in page.items if one.window == window.id)
                if (cursor := page.cursor) is None:
                    break
            day += timedelta(days=1)

    def _write(
        self, change: Callable[[tuple[Window, ...]], tuple[Window, ...]]
    ) -> tuple[Window, ...]:
        for race in range(RACES):
            known = self.ports.store.windows()
            written = change(known)
            try:
                self.ports.store.set_windows(written, known=known)
            except ConditionFailed:
                if race == RACES - 1:
                    raise
            else:
                return written
        raise AssertionError("the last race returns or raises")


def _named(windows: tuple[Window, ...], name: str) -> Window:
    for window in windows:
        if window.id == name:
            return window
    raise UnknownName(f"there is no maintenance window {name!r}", kind="maintenance window")
