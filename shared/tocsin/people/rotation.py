"""Who is on call at an instant: turns handed over at a local time, and overrides that end.

A rotation is its first hand-off and a length: the n-th hand-off falls on the same wall clock n
lengths later, in the rotation's zone, so a night in which clocks change moves no hand-off. An
override goes before the turn while it lasts. Nothing here knows what time it is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise

from tocsin.incidents.runbook.calendar import load_zone
from tocsin.incidents.runbook.paging import Roster
from tocsin.incidents.vocabulary import Role

NOBODY = ""


class Rank(StrEnum):
    """Which place of a role an override fills."""

    PRIMARY = "primary"
    BACKUP = "backup"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """A role's turns.

    `starts_at` is the first hand-off; its wall clock in `zone` is that of every other. `members`
    take turns in order; `""` is a turn nobody takes. `backups` take turns beside them; without,
    the backup is the member whose turn is next. `deputies` come after all members. `set_by` and
    `set_at` say who made it so. `until_then` are the turns that go on until `from_at`, when these
    take their place.
    """

    role: Role
    zone: str
    starts_at: datetime
    length_days: int
    members: tuple[str, ...]
    backups: tuple[str, ...] = ()
    deputies: tuple[str, ...] = ()
    set_by: str = ""
    set_at: datetime | None = None
    until_then: "Rotation | None" = None
    from_at: datetime | None = None

    def at(self, moment: datetime) -> "Rotation":
        """The turns that are in force: these, or those before them."""
        if self.until_then is not None and self.from_at is not None and moment < self.from_at:
            return self.until_then
        return self

    @property
    def named(self) -> tuple[str, ...]:
        """Everybody it names, those of the turns before it included, as long as they go on."""
        before = () if self.until_then is None else self.until_then.named
        return (*self.members, *self.backups, *self.deputies, *before)


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A person in the place of whoever's turn it is, from `starts_at` until before `ends_at`."""

    id: str
    role: Role
    rank: Rank
    person: str
    starts_at: datetime
    ends_at: datetime
    reason: str = ""
    set_by: str = ""
    set_at: datetime | None = None

    def covers(self, at: datetime) -> bool:
        return self.starts_at <= at < self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Rota:
    """What is known of one role: its rotation, if it has one, and its overrides."""

    rotation: Rotation | None = None
    overrides: tuple[Override, ...] = ()

    def override(self, rank: Rank, at: datetime) -> Override | None:
        """The one in force; of several the one that starts last, then the one made last."""
        found = [each for each in self.overrides if each.rank is rank and each.covers(at)]
        return max(found, key=_newest, default=None)

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody it names, whenever their turn is; each once."""
        line = () if self.rotation is None else self.rotation.named
        named = (*line, *(each.person for each in self.overrides))
        return tuple(dict.fromkeys(person for person in named if person != NOBODY))


@dataclass(frozen=True, slots=True)
class OnCall:
    """Who is asked for a role: one person, the backup, and who comes after, in order."""

    primary: str | None
    backup: str | None
    deputies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shift:
    """A stretch of time in which the same people are on call for a role."""

    role: Role
    starts_at: datetime
    ends_at: datetime
    on_call: OnCall


@dataclass(frozen=True, slots=True)
class Duty:
    """Who is on call for every role at one instant, and where nobody is."""

    at: datetime
    roles: Mapping[Role, OnCall] = field(default_factory=dict)

    def over(self, roster: Roster) -> Roster:
        """The roster with the people of this instant in it."""
        return replace(
            roster,
            primary={role: each.primary for role, each in self.roles.items() if each.primary},
            backup={role: each.backup for role, each in self.roles.items() if each.backup},
            deputies={role: each.deputies for role, each in self.roles.items() if each.deputies},
        )


def duty_at(roster: Roster, rotas: Mapping[Role, Rota], at: datetime) -> Duty:
    """Rotations and overrides first, the roster where there are none."""
    nothing = Rota()
    return Duty(at, {role: on_call(rotas.get(role, nothing), role, roster, at) for role in Role})


def on_call(rota: Rota, role: Role, roster: Roster, at: datetime) -> OnCall:
    """The people of one role. Whoever is replaced by an override is not asked in another place."""
    turns = None if rota.rotation is None else rota.rotation.at(at)
    number = None if turns is None else turn(turns, at)
    if turns is None or number is None:
        turned, line = roster.primary.get(role, NOBODY), _roster_line(roster, role)
    else:
        turned, *line = _line(turns, number)
        line += _roster_line(roster, role)[:1] if not any(line) else []
    first, second = rota.override(Rank.PRIMARY, at), rota.override(Rank.BACKUP, at)
    primary = first.person if first else turned
    away = {NOBODY, turned, primary}
    after = [*([second.person] if second else []), *line]
    others = [person for person in dict.fromkeys(after) if person not in away]
    return OnCall(primary or None, others[0] if others else None, tuple(others[1:]))


def turn(rotation: Rotation, at: datetime) -> int | None:
    """Whose turn it is, counted from 0; None before the first hand-off."""
    zone = load_zone(rotation.zone)
    first = rotation.starts_at.astimezone(zone).date()
    number = (at.astimezone(zone).date() - first).days // rotation.length_days
    if handoff(rotation, number) > at:
        number -= 1
    return number if number >= 0 else None


@lru_cache(maxsize=1024)
def handoff(rotation: Rotation, number: int) -> datetime:
    """When turn `number` begins, UTC. A wall clock that a night skips or repeats is read once."""
    zone = load_zone(rotation.zone)
    first = rotation.starts_at.astimezone(zone).replace(tzinfo=None)
    local = first + timedelta(days=number * rotation.length_days)
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def shifts(
    rota: Rota, role: Role, roster: Roster, start: datetime, end: datetime
) -> Iterator[Shift]:
    """Who is on call from `start` to `end`, a stretch for every change.

    The stretch that runs at `start` begins when it began, whenever it is asked for.
    """
    edges = [edge for edge in _edges(rota, start, end) if start < edge < end]
    bounds = [_began(rota, role, roster, start), *sorted(set(edges)), end]
    pending: Shift | None = None
    for opens, closes in pairwise(bounds):
        people = on_call(rota, role, roster, opens)
        if pending is not None and pending.on_call == people:
            pending = replace(pending, ends_at=closes)
            continue
        if pending is not None:
            yield pending
        pending = Shift(role, opens, closes, people)
    if pending is not None:
        yield pending


def _edges(rota: Rota, start: datetime, end: datetime) -> Iterator[datetime]:
    for override in rota.overrides:
        yield override.starts_at
        yield override.ends_at
    for turns in _in_force(rota):
        if turns.from_at is not None:
            yield turns.from_at
        number = turn(turns, start)
        number = 0 if number is None else number + 1
        while (edge := handoff(turns, number)) < end:
            yield edge
            number += 1


def _in_force(rota: Rota) -> Iterator[Rotation]:
    turns = rota.rotation
    while turns is not None:
        yield turns
        turns = turns.until_then


_STEPS_BACK = 60


def _began(rota: Rota, role: Role, roster: Roster, at: datetime) -> datetime:
    """Since when the people of `at` are on call, as far as is known and within some turns."""
    people, began = on_call(rota, role, roster, at), at
    for edge in sorted(_edges_before(rota, at), reverse=True)[:_STEPS_BACK]:
        began = edge
        if on_call(rota, role, roster, edge - _A_MOMENT) != people:
            break
    return began


_A_MOMENT = timedelta(milliseconds=1)


def _edges_before(rota: Rota, at: datetime) -> set[datetime]:
    found = {edge for each in rota.overrides for edge in (each.starts_at, each.ends_at)}
    for turns in _in_force(rota):
        if turns.from_at is not None:
            found.add(turns.from_at)
        last = turn(turns, at)
        if last is not None:
            found |= {handoff(turns, number) for number in range(max(0, last - 12), last + 1)}
    return {edge for edge in found if edge <= at}


def _line(rotation: Rotation, number: int) -> list[str]:
    """The member whose turn it is, then who stands in, in the order they are asked."""
    members = rotation.members
    inorder = [members[(number + step) % len(members)] for step in range(len(members))]
    backups = rotation.backups
    beside = [backups[(number + step) % len(backups)] for step in range(len(backups))]
    return [inorder[0], *beside, *inorder[1:], *rotation.deputies]


def _roster_line(roster: Roster, role: Role) -> list[str]:
    return [roster.backup.get(role, NOBODY), *roster.deputies.get(role, ())]


def _newest(override: Override) -> tuple[datetime, datetime, str]:
    return override.starts_at, override.set_at or override.starts_at, override.id
