"""Numbers: given when an incident is written, and looked up by whoever names one.

An opening asks the counter once, beside its transaction. Without a number in time it opens and
pages by its id, and the next write that the incident has anyway gives it one: nothing waits for a
number, and nobody has to look for what lacks one.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.errors import BadInput, NumberTaken, UnknownIncident
from tocsin.incidents.events.opening import Numbered, Opened
from tocsin.incidents.model.naming import DRILL, REAL, numbered
from tocsin.incidents.timeline.entry import Actor
from tocsin.incidents.vocabulary import ActorKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from tocsin.errors import VersionConflict
    from tocsin.incidents.events.base import Event
    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.vocabulary import Kind
    from tocsin.ports.incidents import IncidentStore
    from tocsin.ports.numbers import Numbers

COUNTER = Actor(ActorKind.RULE, "numbers")
LATEST, ONLY = "latest", "only"
_ID_LENGTH = 30
_NUMBER = re.compile(r"(?:(INC|DRILL|DRL)[-_ ]?)?([1-9][0-9]{0,8})", re.IGNORECASE)
_BEGINNING = re.compile(r"(?:(?:INC|DRL)-?)?[0-9A-Z]{3,26}")
_LOOKED_THROUGH = 1_000
"""Incidents of one board that are looked through for a beginning of an id."""

_NAMED = 9
"""How many an answer names that had to choose."""


class Giving:
    """The number of one command: asked for once, however often the command is decided again."""

    def __init__(self, numbers: Numbers | None) -> None:
        self._numbers = numbers
        self._asked: tuple[Kind, int] | None = None

    def give(
        self, before: Incident | None, events: tuple[Event, ...]
    ) -> tuple[tuple[Event, ...], int | None]:
        """The events with a number for an incident that has none, and that number."""
        opening = events[0] if before is None else None
        if before is not None and before.number is not None:
            return events, None
        kind = opening.kind if isinstance(opening, Opened) else before.kind if before else None
        number = None if kind is None else self._number(kind)
        if number is None:
            return events, None
        if isinstance(opening, Opened):
            return (replace(opening, number=number), *events[1:]), number
        at = events[-1].at
        late = Numbered(actor=COUNTER, at=at, occurred_at=at, number=number)
        return (*events, late), number

    def ask(self, kind: Kind) -> str | None:
        """What the incident that is about to be opened will be called, if it has a number."""
        number = self._number(kind)
        return None if number is None else numbered(kind, number)

    def lost(self, why: VersionConflict | NumberTaken) -> None:
        """The write lost. A number that is somebody's already comes of a counter that fell back.

        No other is asked for then, because the incident comes first.
        """
        if isinstance(why, NumberTaken):
            self._asked = self._numbers = None

    def settle(self, used: int | None) -> None:
        """Records a number that was asked for and that nothing was written with."""
        if self._numbers is not None and self._asked is not None and self._asked[1] != used:
            self._numbers.skip(*self._asked)

    def _number(self, kind: Kind) -> int | None:
        if self._asked is None and self._numbers is not None:
            number = self._numbers.next(kind)
            if number is None:
                self._numbers = None
                return None
            self._asked = (kind, number)
        return None if self._asked is None else self._asked[1]


def find(
    name: str,
    *,
    store: IncidentStore,
    numbers: Numbers | None,
    now: datetime,
    sees: Callable[[Incident], bool],
) -> Incident:
    """The incident that `name` means, among those that `sees` lets through.

    A name is an id or a beginning of one that only one incident has, among those that are open or
    were closed this month or last; a number with or without its prefix, in any case; `latest`, the
    newest that is open, or else that was closed; `only`, the one that is open.

    Raises:
        UnknownIncident: there is none; what may not be seen does not exist.
        BadInput: several are meant; they are named.
    """
    asked = name.strip()
    if len(asked) == _ID_LENGTH and (found := store.load(asked.upper())) is not None:
        return _seen(found, name, sees)
    if asked.lower() == ONLY:
        return _only([one for one in _among(store, (None,), _any) if sees(one)])
    if asked.lower() == LATEST:
        for found in _among(store, (None, *_months(now)), _any):
            if sees(found):
                return found
        raise UnknownIncident("there is no incident yet")
    if (number := _NUMBER.fullmatch(asked)) is not None and numbers is not None:
        return _by_number(number, name, store, numbers, sees)
    if _BEGINNING.fullmatch(asked.upper()):
        return _by_beginning(asked.upper(), name, store, now, sees)
    if (found := store.load(asked)) is not None:
        return _seen(found, name, sees)
    raise _unknown(name)


def _by_number(
    number: re.Match[str],
    name: str,
    store: IncidentStore,
    numbers: Numbers,
    sees: Callable[[Incident], bool],
) -> Incident:
    """A bare number is a real incident's, and a drill's only where there is no such incident."""
    said = (number[1] or "").upper()
    prefixes = {"": (REAL, DRILL), "DRL": (DRILL,)}.get(said, (said,))
    for prefix in prefixes:
        holder = numbers.holder(f"{prefix}-{number[2]}")
        found = None if holder is None else store.load(holder)
        if found is not None and sees(found):
            return found
    raise _unknown(name)


def _by_beginning(
    beginning: str,
    name: str,
    store: IncidentStore,
    now: datetime,
    sees: Callable[[Incident], bool],
) -> Incident:
    def begins(incident_id: str) -> bool:
        bare = incident_id.partition("-")[2]
        return incident_id.startswith(beginning) or bare.startswith(beginning)

    found = [one for one in _among(store, (None, *_months(now)), begins) if sees(one)]
    if not found:
        raise _unknown(name)
    return _one_of(found, f"{name[:_ID_LENGTH]} begins the ids of several incidents")


def _only(found: list[Incident]) -> Incident:
    if not found:
        raise UnknownIncident("no incident is open: name one")
    return _one_of(found, "several incidents are open: name one")


def _one_of(found: list[Incident], several: str) -> Incident:
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"{one.name} ({one.severity})" for one in found[:_NAMED])
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    raise BadInput(f"{several}: {names}{more}", field="incident")


def _any(_incident_id: str) -> bool:
    return True


def _among(
    store: IncidentStore, boards: tuple[str | None, ...], wanted: Callable[[str], bool]
) -> Iterator[Incident]:
    """Incidents of some boards, newest first, read by their keys."""
    for board in boards:
        cursor: str | None = None
        looked = 0
        while looked < _LOOKED_THROUGH:
            page = store.board(closed_in=board, limit=200, cursor=cursor)
            looked += len(page.items)
            for line in page.items:
                if wanted(line.id) and (found := store.load(line.id)) is not None:
                    yield found
            if (cursor := page.cursor) is None:
                break


def _months(now: datetime) -> tuple[str, str]:
    """This month and the one before, as boards are named."""
    before = now.replace(day=1) - timedelta(days=1)
    return f"{now:%Y%m}", f"{before:%Y%m}"


def _seen(found: Incident, name: str, sees: Callable[[Incident], bool]) -> Incident:
    if not sees(found):
        raise _unknown(name)
    return found


def _unknown(name: str) -> UnknownIncident:
    return UnknownIncident(f"there is no incident {name[:64]}")
