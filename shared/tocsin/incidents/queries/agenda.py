"""Everything an incident waits for, in one list: what the sweep acts on and what the index holds.

One list for both means that nothing can be waiting without being found, and nothing is found that
has nothing to do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.incidents.clocks import escalation
from tocsin.incidents.clocks.promises import NEXT_RELEASE, due_after
from tocsin.incidents.model.incident import Clock, Incident
from tocsin.incidents.model.parts import UpdateAudience
from tocsin.incidents.queries.freeze import ends_at, freezes
from tocsin.incidents.queries.gate import is_met
from tocsin.incidents.queries.reminders import next_nag, next_review
from tocsin.incidents.queries.waiting import waiting
from tocsin.incidents.runbook.policy import Policy
from tocsin.incidents.vocabulary import ClockName, Resolution, Role, State

DAILY = timedelta(days=1)
JUST_AFTER = timedelta(milliseconds=1)


class Matter(StrEnum):
    """What falls due."""

    PAGE = "page"
    CLOCK = "clock"
    ROUND = "round"
    REMINDER = "reminder"
    NAG = "nag"
    TIMEOUT = "timeout"
    RESUME = "resume"
    LOST = "lost"
    WAIVER = "waiver"
    FREEZE = "freeze"
    UPDATE_SOON = "update_soon"
    UPDATE = "update"
    PREVENTION = "prevention"
    REVIEW = "review"
    ESCALATION = "escalation"
    REQUEST = "request"
    STAND_DOWN = "stand_down"
    PROPOSAL = "proposal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One matter. `deadline` matters are kept at `at` itself and acted on just after it.

    `subject` names the criterion of a waiver, the audience of an update or a preventive action,
    `until` the end of a freeze. `role` is the one that was handed over and not taken.
    """

    matter: Matter
    at: datetime
    deadline: bool
    clock: ClockName | None = None
    subject: str = ""
    until: datetime | None = None
    role: Role | None = None

    def has_come(self, now: datetime) -> bool:
        return self.at < now if self.deadline else self.at <= now


def agenda(incident: Incident, policy: Policy) -> tuple[Due, ...]:
    """All that will fall due if nobody does anything, earliest first."""
    if incident.open:
        found = [
            *_clock_matters(incident),
            *_proposal_matters(incident),
            *_nag_matters(incident, policy),
            *_round_matters(incident, policy),
            *_signal_matters(incident, policy),
            *_freeze_matters(incident, policy),
            *_update_matters(incident, policy),
            *_review_matters(incident, policy),
            *_escalation_matters(incident),
        ]
    else:
        found = [*_waiver_matters(incident, policy)]
    found += _prevention_matters(incident)
    current = incident.round
    if current is not None and current.to_tell and current.acknowledged_at is not None:
        found.append(Due(matter=Matter.STAND_DOWN, at=current.acknowledged_at, deadline=False))
    return tuple(sorted(found, key=lambda due: (due.at, due.matter)))


def next_due(incident: Incident, policy: Policy) -> datetime | None:
    """When the incident next needs a tick; None while it waits for people only."""
    times = [due.at + JUST_AFTER if due.deadline else due.at for due in agenda(incident, policy)]
    return min(times, default=None)


def _clock_matters(incident: Incident) -> Iterator[Due]:
    for clock in incident.clocks.values():
        if clock.running and (due := _clock_matter(clock)) is not None:
            yield due
        elif working_again(clock, incident) and (at := _working_due(clock)) is not None:
            yield Due(matter=Matter.REMINDER, at=at, deadline=True, clock=clock.name)


def working_again(clock: Clock, incident: Incident) -> bool:
    """Whether its promise was met and harm is back since: there is a working deadline anew."""
    back = clock.name is ClockName.CONTAIN and not incident.contained
    return back and not clock.running and clock.recovery_due is not None


def _clock_matter(clock: Clock) -> Due | None:
    if clock.pause is not None:
        return Due(matter=Matter.RESUME, at=clock.pause.until, deadline=False, clock=clock.name)
    if clock.target == NEXT_RELEASE:
        return None  # a release is late when it ships without the fix, not at a time
    if clock.missed_at is None and not clock.late_on_raise:
        matter, at = Matter.CLOCK, clock.due_at
    else:
        matter, at = Matter.REMINDER, _working_due(clock)
    return None if at is None else Due(matter=matter, at=at, deadline=True, clock=clock.name)


def _nag_matters(incident: Incident, policy: Policy) -> Iterator[Due]:
    for clock in incident.clocks.values():
        due = _clock_matter(clock) if clock.running else None
        if due is None and (at := next_nag(clock, incident, policy)) is not None:
            yield Due(matter=Matter.NAG, at=at, deadline=False, clock=clock.name)


def _working_due(clock: Clock) -> datetime | None:
    """The deadline to work towards once the promise is broken; None when reminded of it.

    Nobody is reminded of the acknowledge clock: the paging ladder goes on without a pause.
    """
    working = clock.recovery_due or (None if clock.late_on_raise else clock.due_at)
    done = clock.reminded_at or clock.missed_at
    if clock.name is ClockName.ACKNOWLEDGE or working is None:
        return None
    return None if done is not None and working <= done else working


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
        since = max(
            moment
            for moment in (current.started_at, incident.person_at, incident.containment.lost_at)
            if moment is not None
        )
        if at := due_after(rules.acknowledge_timeout, since, policy.calendar):
            yield Due(matter=Matter.TIMEOUT, at=at, deadline=True)


def _signal_matters(incident: Incident, policy: Policy) -> Iterator[Due]:
    """A signal that fires for longer than a flap undoes verified containment."""
    firing = [state.changed_at for state in incident.signals.values() if state.firing]
    if incident.contained and firing:
        flap = timedelta(minutes=policy.limits.flap_minutes)
        yield Due(matter=Matter.LOST, at=min(firing) + flap, deadline=True)


def _prevention_matters(incident: Incident) -> Iterator[Due]:
    """Work that is not done by its date, whether the incident is open or long closed."""
    for name, work in incident.prevention.items():
        if work.done_at is None and work.overdue_at != work.due_at:
            yield Due(matter=Matter.PREVENTION, at=work.due_at, deadline=True, subject=name)


def _update_matters(incident: Incident, policy: Policy) -> Iterator[Due]:
    """A promised update is reminded of once, and missed once."""
    ahead = timedelta(minutes=policy.limits.update_reminder_minutes)
    said = incident.communication
    for which, audience in (
        (UpdateAudience.INTERNAL, said.internal),
        (UpdateAudience.CUSTOMERS, said.to_customers),
    ):
        due = audience.next_by
        if due is None or audience.missed_at == due:
            continue
        yield Due(matter=Matter.UPDATE, at=due, deadline=True, subject=which)
        if audience.reminded_of != due:
            yield Due(matter=Matter.UPDATE_SOON, at=due - ahead, deadline=False, subject=which)


def _escalation_matters(incident: Incident) -> Iterator[Due]:
    """Who was asked for by hand: did not fit into the write that asked, or has not answered."""
    if (left := incident.escalating) is not None:
        yield Due(matter=Matter.ESCALATION, at=left.at, deadline=False)
    for request in incident.requests or ():
        yield Due(
            matter=Matter.REQUEST,
            at=request.due_at,
            deadline=False,
            subject=request.person,
            role=request.role,
        )


def _proposal_matters(incident: Incident) -> Iterator[Due]:
    """What waits for a second person is agreed to at its end still, and is over after it."""
    for one in waiting(incident):
        if one.until is not None:
            yield Due(matter=Matter.PROPOSAL, at=one.until, deadline=True, subject=one.key)


def _review_matters(incident: Incident, policy: Policy) -> Iterator[Due]:
    if (at := next_review(incident, policy)) is not None:
        yield Due(matter=Matter.REVIEW, at=at, deadline=False, clock=ClockName.FIX)


def _freeze_matters(incident: Incident, policy: Policy) -> Iterator[Due]:
    """A held freeze is told of before it ends, once for each end it is given."""
    end = ends_at(incident)
    if end is not None and incident.freeze.warned_of != end and freezes(incident):
        ahead = timedelta(minutes=policy.limits.freeze_warning_minutes)
        yield Due(matter=Matter.FREEZE, at=end - ahead, deadline=False, until=end)


def _waiver_matters(incident: Incident, policy: Policy) -> Iterator[Due]:
    """A waiver that ran out unmet is told once a day, until the criterion is met."""
    if incident.resolution is not Resolution.RESOLVED:
        return
    for code, waiver in incident.waivers.items():
        if waiver.approved_by is None:
            continue
        at = waiver.expires_at
        if waiver.noticed_at is not None:
            at = waiver.noticed_at + DAILY
        if not is_met(code, incident, policy, at):
            yield Due(matter=Matter.WAIVER, at=at, deadline=True, subject=code)
