"""When promises fall due: targets turned into times, and what a severity change does to them.

Every deadline is computed from t0 of the cycle, the target and the calendar, so it can be
computed again by anybody who has these three.
"""

from datetime import datetime, timedelta
from typing import assert_never

from tocsin.incidents.events.severity import ClockChange
from tocsin.incidents.model.incident import Clock
from tocsin.incidents.runbook.calendar import BusinessCalendar
from tocsin.incidents.runbook.policy import Policy
from tocsin.incidents.runbook.targets import BusinessDays, Elapsed, NextRelease, Target
from tocsin.incidents.vocabulary import Attainment, ClockName, Severity


def due_after(target: Target, start: datetime, calendar: BusinessCalendar) -> datetime | None:
    """When `target`, counted from `start`, is used up. None for a release: no time implies it."""
    match target:
        case Elapsed(minutes):
            return start + timedelta(minutes=minutes)
        case BusinessDays(days):
            return calendar.add_minutes(start, days * calendar.minutes_per_day)
        case NextRelease():
            return None
    assert_never(target)


def describe(target: Target) -> str:
    """The stored form of a target: `elapsed:240`, `business_days:3`, `next_release`."""
    match target:
        case Elapsed(minutes):
            return f"elapsed:{minutes}"
        case BusinessDays(days):
            return f"business_days:{days}"
        case NextRelease():
            return "next_release"
    assert_never(target)


NEXT_RELEASE = describe(NextRelease())


def target_of(policy: Policy, severity: Severity, clock: ClockName) -> Target:
    """The target of one cell of the severity table."""
    return policy.severities[severity].targets[clock]


def promised(
    clock: Clock, target: Target, calendar: BusinessCalendar, release_due: datetime | None = None
) -> datetime | None:
    """When `target` is used up for this clock: from t0, and as much later as it was paused.

    A pause is charged in the target's own kind of time. `release_due` stands in for a release.
    """
    base = due_after(target, clock.started_at, calendar)
    if base is None:
        return release_due
    if isinstance(target, BusinessDays):
        return calendar.add(base, timedelta(milliseconds=clock.paused_business_ms))
    return base + timedelta(milliseconds=clock.paused_elapsed_ms)


def started(policy: Policy, severity: Severity, t0: datetime) -> tuple[Clock, ...]:
    """The three clocks of a cycle that starts at `t0`."""
    return tuple(
        Clock(
            name=name,
            started_at=t0,
            target=describe(target := target_of(policy, severity, name)),
            due_at=due_after(target, t0, policy.calendar),
        )
        for name in ClockName
    )


_ANSWER_WITHIN = {
    Severity.CRITICAL: timedelta(minutes=5),
    Severity.HIGH: timedelta(minutes=15),
}
_ANSWER_BUSINESS_MINUTES = 60


def answer_due(policy: Policy, severity: Severity, since: datetime) -> datetime:
    """When a person who is asked for by hand has to answer: minutes, or one business hour."""
    if (within := _ANSWER_WITHIN.get(severity)) is not None:
        return since + within
    return policy.calendar.add_minutes(since, _ANSWER_BUSINESS_MINUTES)


def acknowledge_due(policy: Policy, severity: Severity, start: datetime) -> datetime:
    """When a round that starts at `start` must be acknowledged."""
    target = target_of(policy, severity, ClockName.ACKNOWLEDGE)
    due = due_after(target, start, policy.calendar)
    if due is None:
        raise ValueError("an acknowledgement cannot wait for a release")
    return due


def earlier(first: datetime | None, second: datetime | None) -> datetime | None:
    """The earlier of two times, of which either may be missing."""
    known = [moment for moment in (first, second) if moment is not None]
    return min(known, default=None)


def raised(
    clock: Clock,
    target: Target,
    calendar: BusinessCalendar,
    at: datetime,
    release_due: datetime | None = None,
) -> ClockChange:
    """Recounted from t0 and never later than before.

    A promise that the raise puts into the past is `late_on_raise`, not missed: nobody could have
    kept it. Its working deadline is the old one if that is still ahead, but at most the new
    target counted from the raise.
    """
    new_due = earlier(clock.due_at, promised(clock, target, calendar, release_due))
    return _changed(clock, target, new_due, at, fresh=due_after(target, at, calendar))


def lowered(
    clock: Clock,
    target: Target,
    calendar: BusinessCalendar,
    at: datetime,
    release_due: datetime | None = None,
) -> ClockChange:
    """Recounted from t0 with the longer target; a recorded miss stays a miss."""
    new_due = promised(clock, target, calendar, release_due)
    return _changed(clock, target, new_due, at, fresh=None)


def _changed(
    clock: Clock, target: Target, new_due: datetime | None, at: datetime, *, fresh: datetime | None
) -> ClockChange:
    """A clock that is paused is judged by when it was paused; one that was met stays met."""
    end = clock.stopped_at or (clock.pause.started_at if clock.pause else at)
    past = new_due is not None and new_due < end
    recovery = None
    if past and clock.running:
        old = clock.recovery_due or clock.due_at
        recovery = earlier(old if old is not None and old > at else None, fresh)
    elif not clock.running and clock.recovery_due is not None:
        recovery = earlier(clock.recovery_due, fresh)
    met = clock.attainment is Attainment.MET
    return ClockChange(
        clock=clock.name,
        old_due=clock.due_at,
        new_due=new_due,
        target=describe(target),
        late_on_raise=past and clock.missed_at is None and not met,
        recovery_due=recovery,
    )
