"""What containing, fixing, watching, closing and reopening make of an incident.

The state is never set: it follows from what has happened, in one place, so that no order of events
can leave it behind the facts.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tocsin.incidents import events_response as e
from tocsin.incidents.events import Event
from tocsin.incidents.evolve_record import promised, withdrawn
from tocsin.incidents.evolve_relations import joined
from tocsin.incidents.model import Incident
from tocsin.incidents.parts import (
    Action,
    Audience,
    Communication,
    Containment,
    CycleResult,
    Fix,
    Freeze,
    LinkPurpose,
    Observation,
    Pause,
    Proposal,
    Release,
    Waiver,
    Window,
)
from tocsin.incidents.parts_billing import BillingExit
from tocsin.incidents.vocabulary import ClockName, State

PAST_CYCLES = 8
SUCCESS = "success"
EVIDENCE_LINKS = f"links_{LinkPurpose.EVIDENCE}"


def state_of(incident: Incident) -> State:
    """Where the incident is on its way, by what has happened in this cycle."""
    if incident.closed_at is not None:
        return State.CLOSED
    if incident.contained and incident.fixed:
        return State.FIXED if incident.window is None else State.MONITORING
    if incident.contained:
        return State.CONTAINED
    clock = incident.clocks.get(ClockName.ACKNOWLEDGE)
    taken = clock is not None and not clock.running
    return State.ACKNOWLEDGED if taken else State.OPEN


def _action(incident: Incident, event: e.ActionChanged) -> Incident:
    action = Action(text=event.text, state=event.state, by=event.person, at=event.occurred_at)
    return _contained(incident, actions={**incident.containment.actions, event.action: action})


def _fix_contains(incident: Incident, _event: e.FixNamedAsContainment) -> Incident:
    return _contained(incident, fix_contains=True)


def _observed(incident: Incident, event: e.Observed) -> Incident:
    seen = Observation(verdict=event.verdict, observed_at=event.occurred_at, by=event.person)
    return _contained(
        incident, observations={**incident.containment.observations, event.check: seen}
    )


def _verified(incident: Incident, event: e.ContainmentVerified) -> Incident:
    verified = _contained(
        incident,
        verified_at=event.at,
        verified_by=event.person,
        effective_at=event.effective_at,
    )
    return _clock(verified, ClockName.CONTAIN, stopped_at=event.at)


def _lost(incident: Incident, event: e.ContainmentLost) -> Incident:
    lost = _contained(
        incident,
        verified_at=None,
        verified_by=None,
        effective_at=None,
        observations={},
        lost_at=event.at,
    )
    lost = replace(lost, freeze=replace(lost.freeze, lifted_at=None, warned_of=None))
    lost = withdrawn(promised(lost, event.updates), event.withdrawn)
    return _clock(lost, ClockName.CONTAIN, stopped_at=None)


def _fix_linked(incident: Incident, event: e.FixLinked) -> Incident:
    """Another commit is another fix: nothing seen of the one before counts for it."""
    if event.commit != incident.fix.commit:
        return replace(incident, fix=Fix(commit=event.commit, provider=event.provider))
    return replace(incident, fix=replace(incident.fix, provider=event.provider))


def _run_ended(incident: Incident, event: e.RunEnded) -> Incident:
    if event.commit != incident.fix.commit:
        return incident
    green = {kind: at for kind, at in incident.fix.green.items() if kind is not event.run}
    if event.conclusion == SUCCESS:
        green[event.run] = event.at
    return replace(incident, fix=replace(incident.fix, green=green))


def _deployed(incident: Incident, event: e.Deployed) -> Incident:
    if event.commit != incident.fix.commit or event.conclusion != SUCCESS:
        return incident
    if not event.whole_scope:
        return incident
    return replace(incident, fix=replace(incident.fix, deployed_at=event.at))


def _fixed(incident: Incident, event: e.Fixed) -> Incident:
    fixed = replace(incident, fix=replace(incident.fix, fixed_at=event.at))
    return _clock(fixed, ClockName.FIX, stopped_at=event.at, pause=None)


def _release(incident: Incident, event: e.ReleaseRecorded) -> Incident:
    after = incident
    if event.awaited:
        release = Release(
            id=event.release,
            cut_at=event.cut_at,
            planned_at=event.planned_at,
            shipped_at=event.shipped_at,
        )
        after = replace(after, release=release)
    if event.due_at is not None:
        after = _clock(after, ClockName.FIX, due_at=event.due_at)
    shipped = event.has_fix and event.shipped_at is not None
    if shipped and after.fix.deployed_at is None:
        after = replace(after, fix=replace(after.fix, deployed_at=event.at))
    return after


def _paused(incident: Incident, event: e.FixPaused) -> Incident:
    pause = Pause(started_at=event.at, until=event.until)
    return _clock(incident, ClockName.FIX, pause=pause)


def _resumed(incident: Incident, event: e.FixResumed) -> Incident:
    clock = incident.clocks[ClockName.FIX]
    return _clock(
        incident,
        ClockName.FIX,
        pause=None,
        due_at=event.new_due,
        recovery_due=event.recovery_due,
        paused_business_ms=clock.paused_business_ms + event.business_ms,
        paused_elapsed_ms=clock.paused_elapsed_ms + event.elapsed_ms,
    )


def _unscheduled(incident: Incident, event: e.LeftUnscheduled) -> Incident:
    return _clock(incident, ClockName.FIX, listed_at=event.due_at)


def _window(incident: Incident, event: e.WindowStarted) -> Incident:
    window = Window(started_at=event.started_at, ends_at=event.ends_at)
    return replace(incident, window=window)


def _no_window(incident: Incident, _event: e.WindowStopped) -> Incident:
    return replace(incident, window=None)


def _waiver_asked(incident: Incident, event: e.WaiverAsked) -> Incident:
    waiver = Waiver(asked_by=event.person, expires_at=event.expires_at)
    return replace(incident, waivers={**incident.waivers, event.criterion: waiver})


def _waiver_approved(incident: Incident, event: e.WaiverApproved) -> Incident:
    return _waiver(incident, event.criterion, approved_by=event.person)


def _waiver_expired(incident: Incident, event: e.WaiverExpired) -> Incident:
    return _waiver(incident, event.criterion, noticed_at=event.due_at)


def _closing(incident: Incident, event: e.ClosingProposed) -> Incident:
    what = f"{event.resolution}:{event.duplicate_of or ''}"
    proposal = Proposal(what=what, person=event.person, part=None, reason=event.reason)
    return replace(incident, closing=proposal)


def _closed(incident: Incident, event: e.Closed) -> Incident:
    """What no longer runs is stopped by the state; the clocks keep how they stood."""
    return replace(
        incident,
        closed_at=event.at,
        resolution=event.resolution,
        duplicate_of=event.duplicate_of,
        closing=None,
    )


def _absorbed(incident: Incident, event: e.DuplicateAbsorbed) -> Incident:
    signals = joined(incident, event.keys, event.firing, event.at)
    known = [moment for moment in (incident.began_at, event.began_at) if moment is not None]
    counts = dict(incident.counts)
    if event.evidence:
        known_links = counts.get(EVIDENCE_LINKS, 0)
        counts[EVIDENCE_LINKS] = known_links + len(event.evidence)
    return replace(incident, signals=signals, began_at=min(known, default=None), counts=counts)


def _reopened(incident: Incident, event: e.Reopened) -> Incident:
    result = CycleResult(
        cycle=incident.cycle,
        started_at=incident.cycle_started_at,
        closed_at=incident.closed_at or event.at,
        attainment={name: clock.attainment for name, clock in incident.clocks.items()},
    )
    return replace(
        incident,
        cycle=event.cycle,
        cycle_started_at=event.at,
        severity=event.severity,
        clocks={clock.name: clock for clock in event.clocks},
        round=event.round,
        closed_at=None,
        resolution=None,
        containment=Containment(),
        fix=Fix(),
        window=None,
        communication=Communication(
            internal=Audience(next_by=event.update_due),
            to_customers=Audience(next_by=event.correct_by, withdraw=event.withdraw),
        ),
        freeze=Freeze(),
        release=None,
        waivers={},
        checklist={},
        confirmed={},
        billing_exit=BillingExit(),
        postmortem=None,
        reconciliation=None,
        replays={},
        lowering=None,
        past=(*incident.past, result)[-PAST_CYCLES:],
    )


def _contained(incident: Incident, **changes: Any) -> Incident:
    return replace(incident, containment=replace(incident.containment, **changes))


def _clock(incident: Incident, name: ClockName, **changes: Any) -> Incident:
    """A backfilled incident has no clocks to change."""
    if (clock := incident.clocks.get(name)) is None:
        return incident
    return replace(incident, clocks={**incident.clocks, name: replace(clock, **changes)})


def _waiver(incident: Incident, criterion: str, **changes: Any) -> Incident:
    changed = replace(incident.waivers[criterion], **changes)
    return replace(incident, waivers={**incident.waivers, criterion: changed})


HANDLERS: dict[type[Event], Callable[[Incident, Any], Incident]] = {
    e.ActionChanged: _action,
    e.FixNamedAsContainment: _fix_contains,
    e.Observed: _observed,
    e.ContainmentVerified: _verified,
    e.ContainmentLost: _lost,
    e.FixLinked: _fix_linked,
    e.RunEnded: _run_ended,
    e.Deployed: _deployed,
    e.Fixed: _fixed,
    e.ReleaseRecorded: _release,
    e.FixPaused: _paused,
    e.FixResumed: _resumed,
    e.LeftUnscheduled: _unscheduled,
    e.WindowStarted: _window,
    e.WindowStopped: _no_window,
    e.WaiverAsked: _waiver_asked,
    e.WaiverApproved: _waiver_approved,
    e.WaiverExpired: _waiver_expired,
    e.ClosingProposed: _closing,
    e.Closed: _closed,
    e.DuplicateAbsorbed: _absorbed,
    e.Reopened: _reopened,
}
