"""The arithmetic of every deadline, as data: what was counted, from when, in which calendar.

Whoever reads it can recompute the deadline with a wall calendar and a pencil. `counted_due` is
what the parts shown add up to; where the promise in force is another one, `rule` says why.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tocsin.incidents.events.base import Event
from tocsin.incidents.events.evolve import evolve
from tocsin.incidents.events.fix import FixResumed
from tocsin.incidents.events.fold import event_of, fold
from tocsin.incidents.events.severity import ClockChange, SeverityChanged
from tocsin.incidents.model.incident import Clock
from tocsin.incidents.runbook.calendar import BusinessCalendar, load_zone
from tocsin.incidents.runbook.policy import Policy
from tocsin.incidents.timeline.entry import Entry
from tocsin.incidents.vocabulary import Attainment, ClockName, Severity

BUSINESS = "business_days"
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Time that counted: from `start` to `end`, on local date `day`; `used` minutes so far."""

    day: str
    start: datetime
    end: datetime
    minutes: int
    used: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Something that moved the promise."""

    at: datetime
    cause: str
    old_due: datetime | None
    new_due: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One clock. `rule` is why the promise stands where it does."""

    clock: ClockName
    target: str
    started_at: datetime
    zone: str
    calendar_version: str
    stretches: tuple[Stretch, ...]
    paused_minutes: int
    turns: tuple[Turn, ...]
    counted_due: datetime | None
    due_at: datetime | None
    rule: str
    attainment: Attainment


def explain(
    entries: Iterable[Entry], policy: Policy, unwritten: Iterable[Event] = ()
) -> tuple[Explanation, ...]:
    """Every clock of the current cycle, explained from the timeline and its policy.

    `unwritten` are events that the next write will begin with.

    Raises:
        MalformedPayload: the timeline does not fold.
    """
    timeline, ahead = list(entries), list(unwritten)
    incident = fold(timeline)
    for event in ahead:
        incident = evolve(incident, event)
    turns = _turns([*map(event_of, timeline), *ahead])
    return tuple(
        _explanation(clock, policy.calendar, turns.get(clock.name, ()))
        for clock in incident.clocks.values()
    )


def beyond_holidays(clock: Clock, calendar: BusinessCalendar) -> bool:
    """Whether it is due in a year of which the calendar knows no holidays."""
    due, business = clock.due_at, clock.target.startswith(BUSINESS)
    return business and due is not None and not calendar.knows(due)


def _explanation(clock: Clock, calendar: BusinessCalendar, turns: tuple[Turn, ...]) -> Explanation:
    kind, _, amount = clock.target.partition(":")
    business = kind == BUSINESS
    stretches: tuple[Stretch, ...] = ()
    counted: datetime | None = None
    paused = clock.paused_business_ms if business else clock.paused_elapsed_ms
    if business:
        needed = int(amount) * calendar.minutes_per_day * _MINUTE
        stretches = _business(calendar, clock.started_at, needed + timedelta(milliseconds=paused))
        counted = stretches[-1].end
    elif amount:
        counted = clock.started_at + int(amount) * _MINUTE + timedelta(milliseconds=paused)
    return Explanation(
        clock=clock.name,
        target=clock.target,
        started_at=clock.started_at,
        zone=calendar.zone,
        calendar_version=calendar.version,
        stretches=stretches,
        paused_minutes=paused // 60_000,
        turns=turns,
        counted_due=counted,
        due_at=clock.due_at,
        rule=_rule(clock, counted),
        attainment=clock.attainment,
    )


def _rule(clock: Clock, counted: datetime | None) -> str:
    if clock.due_at is None:
        return "no release is planned"
    if counted is None:
        return "the next regular release cut after t0"
    if clock.due_at == counted:
        return "t0 + target"
    return "an earlier promise stands: a raise never moves one later"


def _business(
    calendar: BusinessCalendar, start: datetime, needed: timedelta
) -> tuple[Stretch, ...]:
    """The working stretches that are used up, a local day at a time."""
    zone = load_zone(calendar.zone)
    found: list[Stretch] = []
    used, moment = timedelta(), start
    while used < needed:
        opens = calendar.next_opening(moment)
        following = _next_midnight(opens, zone)
        share = min(calendar.between(opens, following), needed - used)
        used += share
        moment = calendar.add(opens, share)
        found.append(
            Stretch(
                day=f"{opens.astimezone(zone):%a %Y-%m-%d}",
                start=opens,
                end=moment,
                minutes=share // _MINUTE,
                used=used // _MINUTE,
            )
        )
        moment = max(moment, following) if used < needed else moment
    return tuple(found)


def _next_midnight(moment: datetime, zone: ZoneInfo) -> datetime:
    day = moment.astimezone(zone).date() + timedelta(days=1)
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(moment.tzinfo)


def _turns(events: Iterable[Event]) -> dict[ClockName, tuple[Turn, ...]]:
    """What moved each promise, in order; a new cycle starts afresh."""
    found: dict[ClockName, tuple[Turn, ...]] = {}
    for event in events:
        if event.type == "reopened":
            found = {}
        elif isinstance(event, SeverityChanged):
            cause = f"{_verb(event.old, event.new)} from {event.old} to {event.new}"
            for change in event.clocks:
                found[change.clock] = (*found.get(change.clock, ()), _turn(event.at, cause, change))
        elif isinstance(event, FixResumed):
            minutes = event.business_ms // 60_000
            turn = Turn(
                at=event.at,
                cause=f"paused for {minutes} business minutes",
                old_due=event.old_due,
                new_due=event.new_due,
            )
            found[ClockName.FIX] = (*found.get(ClockName.FIX, ()), turn)
    return found


def _verb(old: Severity, new: Severity) -> str:
    return "raised" if new.rank < old.rank else "lowered"


def _turn(at: datetime, cause: str, change: ClockChange) -> Turn:
    return Turn(at=at, cause=cause, old_due=change.old_due, new_due=change.new_due)
