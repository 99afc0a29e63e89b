"""Everything an incident waits for, in one list: what the sweep acts on and what the index holds.

One list for both means that nothing can be waiting without being found, and nothing is found that
has nothing to do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.incidents import escalation
from tocsin.incidents.clocks import due_after
from tocsin.incidents.model import Clock, Incident
from tocsin.incidents.policy import Policy
from tocsin.incidents.vocabulary import ClockName, State

JUST_AFTER = timedelta(milliseconds=1)


class Matter(StrEnum):
    """What falls due."""

    PAGE = "page"
    CLOCK = "clock"
    ROUND = "round"
    REMINDER = "reminder"
    TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One matter. `deadline` matters are kept at `at` itself and acted on just after it."""

    matter: Matter
    at: datetime
    deadline: bool
    clock: ClockName | None = None

    def has_come(self, now: datetime) -> bool:
        return self.at < now if self.deadline else self.at <= now


def agenda(incident: Incident, policy: Policy) -> tuple[Due, ...]:
    """All that will fall due if nobody does anything, earliest first."""
    if not incident.open:
        return ()
    found = [*_clock_matters(incident), *_round_matters(incident, policy)]
    return tuple(sorted(found, key=lambda due: (due.at, due.matter)))


def next_due(incident: Incident, policy: Policy) -> datetime | None:
    """When the incident next needs a tick; None while it waits for people only."""
    times = [due.at + JUST_AFTER if due.deadline else due.at for due in agenda(incident, policy)]
    return min(times, default=None)


def _clock_matters(incident: Incident) -> Iterator[Due]:
    for clock in incident.clocks.values():
        if clock.running and (due := _clock_matter(clock)) is not None:
            yield due


def _clock_matter(clock: Clock) -> Due | None:
    if clock.missed_at is None and not clock.late_on_raise:
        if clock.due_at is None:
            return None
        return Due(matter=Matter.CLOCK, at=clock.due_at, deadline=True, clock=clock.name)
    if clock.name is ClockName.ACKNOWLEDGE:
        return None  # the paging ladder goes on without a pause: no reminder on top
    working = clock.recovery_due or clock.due_at
    done = clock.reminded_at or clock.missed_at
    if working is None or (done is not None and working <= done):
        return None
    if clock.late_on_raise and clock.recovery_due is None:
        return None
    return Due(matter=Matter.REMINDER, at=working, deadline=True, clock=clock.name)


def _round_matters(incident: Incident, policy: Policy) -> Iterator[Due]:
    current = incident.round
    if current is None:
        return
    rules = policy.severities[incident.severity].escalation
    if current.open:
        if not incident.clocks[ClockName.ACKNOWLEDGE].running and current.missed_at is None:
            yield Due(matter=Matter.ROUND, at=current.due_at, deadline=True)
        if rung := escalation.step(rules, current, current.next_step):
            yield Due(matter=Matter.PAGE, at=rung.at, deadline=False)
    elif incident.state is State.ACKNOWLEDGED and rules.acknowledge_timeout is not None:
        since = incident.person_at or current.started_at
        if at := due_after(rules.acknowledge_timeout, since, policy.calendar):
            yield Due(matter=Matter.TIMEOUT, at=at, deadline=True)
