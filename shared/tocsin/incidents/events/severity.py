"""How bad, what kind, and which deadlines passed: the events, and what they make of it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from tocsin.incidents.events.base import Event, PromiseMoved
from tocsin.incidents.events.changes import Handlers, of_round, promised, with_clock
from tocsin.incidents.model.incident import Incident, Lowering
from tocsin.incidents.vocabulary import Category, ClockName, Role, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockBreached(Event):
    """A running clock passed its due time, which is `due_at` and not when it was noticed."""

    type: ClassVar[str] = "clock_breached"

    clock: ClockName
    due_at: datetime
    round: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlinePassed(Event):
    """The working deadline of a clock that is already missed or late passed: a reminder."""

    type: ClassVar[str] = "deadline_passed"

    clock: ClockName
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Nagged(Event):
    """Reminder `number` of overdue work, for everybody whose turn came since the one before."""

    type: ClassVar[str] = "nagged"

    clock: ClockName
    first: int
    number: int
    due_at: datetime
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockChange:
    """Old and new promise of one clock, side by side."""

    clock: ClockName
    old_due: datetime | None
    new_due: datetime | None
    target: str
    late_on_raise: bool
    recovery_due: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityChanged(Event):
    """Raised or lowered, with what it did to every clock and to the open round.

    `ladder_start` and `next_step` are where paging of an open round goes on.
    """

    type: ClassVar[str] = "severity_changed"

    old: Severity
    new: Severity
    reason: str
    clocks: tuple[ClockChange, ...]
    round_due: datetime | None
    ladder_start: datetime | None
    next_step: int | None
    updates: tuple[PromiseMoved, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LoweringProposed(Event):
    """One of the two people a lowering needs agreed; nothing changes until the other does."""

    type: ClassVar[str] = "lowering_proposed"

    severity: Severity
    person: str
    part: Role
    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryChanged(Event):
    """Another kind of incident."""

    type: ClassVar[str] = "category_changed"

    old: Category
    new: Category
    reason: str


def _clock_breached(incident: Incident, event: ClockBreached) -> Incident:
    current, clocks = incident.round, incident.clocks
    if event.round is not None:
        current = of_round(incident, missed_at=event.due_at)
    if clocks[event.clock].running:
        clocks = with_clock(incident, event.clock, missed_at=event.due_at)
    return replace(incident, clocks=clocks, round=current)


def _deadline_passed(incident: Incident, event: DeadlinePassed) -> Incident:
    return replace(
        incident, clocks=with_clock(incident, event.clock, reminded_at=event.due_at, nags=0)
    )


def _nagged(incident: Incident, event: Nagged) -> Incident:
    return replace(incident, clocks=with_clock(incident, event.clock, nags=event.number))


def _severity_changed(incident: Incident, event: SeverityChanged) -> Incident:
    clocks = dict(incident.clocks)
    for change in event.clocks:
        clocks[change.clock] = replace(
            clocks[change.clock],
            due_at=change.new_due,
            target=change.target,
            late_on_raise=change.late_on_raise,
            recovery_due=change.recovery_due,
        )
    current = incident.round
    if event.round_due is not None and current is not None:
        current = replace(
            current,
            due_at=event.round_due,
            ladder_start=event.ladder_start or current.ladder_start,
            next_step=current.next_step if event.next_step is None else event.next_step,
        )
        if clocks[ClockName.ACKNOWLEDGE].running:
            clocks[ClockName.ACKNOWLEDGE] = replace(
                clocks[ClockName.ACKNOWLEDGE], due_at=event.round_due
            )
    after = replace(incident, severity=event.new, clocks=clocks, round=current, lowering=None)
    return promised(after, event.updates)


def _lowering_proposed(incident: Incident, event: LoweringProposed) -> Incident:
    proposal = Lowering(
        severity=event.severity,
        person=event.person,
        part=event.part,
        reason=event.reason,
        until=event.until,
    )
    return replace(incident, lowering=proposal)


def _category_changed(incident: Incident, event: CategoryChanged) -> Incident:
    """Criteria of a category it had before count on as far as they are met."""
    had = tuple(dict.fromkeys((*incident.former_categories, event.old)))
    former = tuple(category for category in had if category is not event.new)
    return replace(incident, category=event.new, former_categories=former)


HANDLERS: Handlers = {
    ClockBreached: _clock_breached,
    DeadlinePassed: _deadline_passed,
    SeverityChanged: _severity_changed,
    LoweringProposed: _lowering_proposed,
    CategoryChanged: _category_changed,
    Nagged: _nagged,
}
