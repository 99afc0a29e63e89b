"""What an event makes of an incident. Total over the timeline, and free of policy and time.

Everything an event was decided from is in the event, so an old timeline folds to the same
incident whatever the policy says today.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tocsin.errors import IllegalTransition
from tocsin.incidents import events as e
from tocsin.incidents import (
    evolve_billing,
    evolve_freeze,
    evolve_record,
    evolve_relations,
    evolve_response,
    limits,
)
from tocsin.incidents.evolve_response import state_of
from tocsin.incidents.model import Clock, Incident, Lowering, Round, SignalState
from tocsin.incidents.parts import Audience, Communication
from tocsin.incidents.vocabulary import ActorKind, ClockName, Role, State


def evolve(incident: Incident | None, event: e.Event) -> Incident:
    """The incident after `event`.

    Raises:
        IllegalTransition: the first event is no opening, or a later one is.
    """
    if isinstance(event, e.Opened):
        if incident is not None:
            raise IllegalTransition(f"{incident.id} is open already")
        return _with_person(_opened(event), event)
    if incident is None:
        raise IllegalTransition(f"nothing to evolve by {event.type}")
    after = HANDLERS[type(event)](incident, event)
    return _with_person(replace(after, state=state_of(after)), event)


def with_clock(incident: Incident, name: ClockName, **changes: Any) -> Mapping[ClockName, Clock]:
    """The clocks with one of them changed."""
    return {**incident.clocks, name: replace(incident.clocks[name], **changes)}


def _with_person(incident: Incident, event: e.Event) -> Incident:
    if event.actor.kind is not ActorKind.PERSON:
        return incident
    person, known = event.actor.id, incident.responders
    if person not in known and len(known) < limits.RESPONDERS:
        known = (*known, person)
    return replace(incident, person_at=event.at, responders=known)


def _opened(event: e.Opened) -> Incident:
    return Incident(
        id=event.incident,
        kind=event.kind,
        title=event.title,
        severity=event.severity,
        category=event.category,
        state=State.OPEN,
        source=event.source,
        service=event.service,
        environment=event.environment,
        opened_at=event.opened_at,
        began_at=event.began_at,
        cycle_started_at=event.opened_at,
        policy_version=event.policy_version,
        calendar_version=event.calendar_version,
        correlation_id=event.correlation_id,
        clocks={clock.name: clock for clock in event.clocks},
        round=event.round,
        restricted=event.restricted,
        communication=Communication(internal=Audience(next_by=event.update_due)),
    )


def _signals_merged(incident: Incident, event: e.SignalsMerged) -> Incident:
    states = dict(incident.signals)
    for seen in event.signals:
        states[seen.key] = _signal_state(states.get(seen.key), seen, event)
    known = [incident.signal_severity, event.severity]
    worst = min((s for s in known if s is not None), key=lambda s: s.rank, default=None)
    return replace(incident, signals=states, signal_severity=worst)


def _signal_state(
    old: SignalState | None, seen: e.SignalSeen, event: e.SignalsMerged
) -> SignalState:
    """The newest by the source's time wins; a time from the future counts as now."""
    said_at = min(seen.occurred_at, event.at)
    if old is None:
        return SignalState(firing=seen.firing, since=said_at, last_at=said_at, changed_at=event.at)
    counted = replace(old, count=old.count + 1)
    if said_at < old.last_at:
        return counted
    if seen.firing == old.firing:
        return replace(counted, last_at=said_at)
    return replace(counted, firing=seen.firing, since=said_at, last_at=said_at, changed_at=event.at)


def _round_started(incident: Incident, event: e.RoundStarted) -> Incident:
    started = Round(
        number=event.number,
        reason=event.reason,
        started_at=event.started_at,
        due_at=event.due_at,
        ladder_start=event.ladder_start or event.started_at,
    )
    return replace(incident, round=started)


def _of_round(incident: Incident, **changes: Any) -> Round | None:
    return None if incident.round is None else replace(incident.round, **changes)


def _paged(incident: Incident, event: e.Paged) -> Incident:
    return replace(incident, round=_of_round(incident, next_step=event.step + 1))


def _nobody_on_call(incident: Incident, event: e.NobodyOnCall) -> Incident:
    known = incident.round.uncovered if incident.round else ()
    return replace(incident, round=_of_round(incident, uncovered=(*known, event.role)))


def _acknowledged(incident: Incident, event: e.Acknowledged) -> Incident:
    current = _of_round(incident, acknowledged_at=event.at, acknowledged_by=event.person)
    clocks, roles = incident.clocks, incident.roles
    if clocks[ClockName.ACKNOWLEDGE].running:
        clocks = with_clock(incident, ClockName.ACKNOWLEDGE, stopped_at=event.at)
    if event.commander:
        roles = {**roles, Role.INCIDENT_COMMANDER: event.person}
    return replace(incident, round=current, clocks=clocks, roles=roles)


def _clock_breached(incident: Incident, event: e.ClockBreached) -> Incident:
    current, clocks = incident.round, incident.clocks
    if event.round is not None:
        current = _of_round(incident, missed_at=event.due_at)
    if clocks[event.clock].running:
        clocks = with_clock(incident, event.clock, missed_at=event.due_at)
    return replace(incident, clocks=clocks, round=current)


def _deadline_passed(incident: Incident, event: e.DeadlinePassed) -> Incident:
    return replace(
        incident, clocks=with_clock(incident, event.clock, reminded_at=event.due_at, nags=0)
    )


def _nagged(incident: Incident, event: e.Nagged) -> Incident:
    return replace(incident, clocks=with_clock(incident, event.clock, nags=event.number))


def _left(incident: Incident, event: e.Left) -> Incident:
    kept = {role: person for role, person in incident.roles.items() if role not in event.roles}
    return replace(incident, roles=kept)


def _severity_changed(incident: Incident, event: e.SeverityChanged) -> Incident:
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
    return evolve_record.promised(after, event.updates)


def _lowering_proposed(incident: Incident, event: e.LoweringProposed) -> Incident:
    proposal = Lowering(
        severity=event.severity, person=event.person, part=event.part, reason=event.reason
    )
    return replace(incident, lowering=proposal)


def _category_changed(incident: Incident, event: e.CategoryChanged) -> Incident:
    """Criteria of a category it had before count on as far as they are met."""
    had = tuple(dict.fromkeys((*incident.former_categories, event.old)))
    former = tuple(category for category in had if category is not event.new)
    return replace(incident, category=event.new, former_categories=former)


def _role_assigned(incident: Incident, event: e.RoleAssigned) -> Incident:
    return replace(incident, roles={**incident.roles, event.role: event.person})


def _unchanged(incident: Incident, _event: e.Event) -> Incident:
    return incident


HANDLERS: dict[type[e.Event], Callable[[Incident, Any], Incident]] = {
    e.SignalsMerged: _signals_merged,
    e.RoundStarted: _round_started,
    e.Paged: _paged,
    e.NobodyOnCall: _nobody_on_call,
    e.Escalated: _unchanged,
    e.Acknowledged: _acknowledged,
    e.ClockBreached: _clock_breached,
    e.DeadlinePassed: _deadline_passed,
    e.SeverityChanged: _severity_changed,
    e.LoweringProposed: _lowering_proposed,
    e.CategoryChanged: _category_changed,
    e.RoleAssigned: _role_assigned,
    e.Nagged: _nagged,
    e.Left: _left,
    e.NoteAdded: _unchanged,
    **evolve_response.HANDLERS,
    **evolve_record.HANDLERS,
    **evolve_billing.HANDLERS,
    **evolve_freeze.HANDLERS,
    **evolve_relations.HANDLERS,
}
