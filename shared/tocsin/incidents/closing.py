"""Closing, and finding that it was not over (semantics 9).

`resolved` takes the whole gate. `false_positive` and `duplicate` skip fix, window and postmortem,
so they take a reason, for critical and high a second person, and are refused where something
real has happened.
"""

from datetime import timedelta

from tocsin.errors import BadInput, GateUnmet, IllegalTransition, SecondPersonRequired
from tocsin.incidents import cadence, limits, merging, monitoring, rounds
from tocsin.incidents import commands_response as c
from tocsin.incidents.clocks import acknowledge_due, started
from tocsin.incidents.draft import Draft, reason_of
from tocsin.incidents.events_response import Closed, ClosingProposed, DuplicateAbsorbed, Reopened
from tocsin.incidents.gate import Status, gate, unmet
from tocsin.incidents.model import Round, RoundReason
from tocsin.incidents.parts import ActionState, Exposure
from tocsin.incidents.vocabulary import Kind, Resolution, Role, Severity

PAGED = (Severity.CRITICAL, Severity.HIGH)


def close(draft: Draft, command: c.Close) -> None:
    """Closes, or for two of the resolutions may only propose it.

    Raises:
        GateUnmet: `resolved`, and the gate names something.
        IllegalTransition: `false_positive` or `duplicate` of something that was real.
        SecondPersonRequired: who proposed it says it again.
    """
    draft.require_open()
    draft.responder()
    if command.resolution is Resolution.RESOLVED:
        _close_resolved(draft, command)
    else:
        _close_unreal(draft, command)


def absorb(draft: Draft, command: c.AbsorbDuplicate) -> None:
    """Takes over what a duplicate brought."""
    draft.require_open()
    if len({*draft.incident.signals, *command.keys}) > limits.KEYS_PER_INCIDENT:
        raise BadInput(f"an incident joins at most {limits.KEYS_PER_INCIDENT} dedup keys")
    draft.add(
        DuplicateAbsorbed(
            **draft.stamp,
            duplicate=command.duplicate,
            began_at=command.began_at,
            keys=command.keys,
            firing=command.firing,
            evidence=command.evidence[: limits.EVIDENCE_MOVED],
        )
    )
    monitoring.settle(draft)


def reopen(draft: Draft, command: c.Reopen) -> None:
    """A responder says that it was not over."""
    draft.responder()
    _reopen(draft, reason_of(command.reason), command.severity)


def reopen_from_signals(draft: Draft, command: c.ReopenFromSignals) -> None:
    """A signal of its keys fires again soon enough after closing.

    Raises:
        IllegalTransition: none fires, or it is too late: that is a new incident.
    """
    closed_at = draft.incident.closed_at
    window = timedelta(minutes=draft.policy.limits.reopen_window_minutes)
    if closed_at is None or draft.at > closed_at + window:
        raise IllegalTransition("the incident is not closed, or was too long ago")
    if not any(signal.firing for signal in command.signals):
        raise IllegalTransition("a clear signal reopens nothing")
    _reopen(draft, "a signal fired again", None)
    merging.add_signals(draft, command.signals)


def _close_resolved(draft: Draft, command: c.Close) -> None:
    draft.require(Role.INCIDENT_COMMANDER)
    rounds.acknowledge_first(draft)
    head = command.verified_head
    standings = gate(draft.incident, draft.policy, draft.at, verified_head=head)
    if missing := unmet(standings):
        raise GateUnmet(f"unmet: {', '.join(missing)}", unmet=", ".join(missing))
    draft.add(
        Closed(
            **draft.stamp,
            resolution=command.resolution,
            reason=command.reason.strip(),
            duplicate_of=None,
            met=tuple(line.code for line in standings if line.status is Status.MET),
            waived=tuple(line.code for line in standings if line.status is Status.WAIVED),
        )
    )


def _close_unreal(draft: Draft, command: c.Close) -> None:
    reason = reason_of(command.reason)
    target = command.duplicate_of
    if (command.resolution is Resolution.DUPLICATE) != (target is not None):
        raise BadInput("a duplicate, and only a duplicate, names the incident it repeats")
    if target == draft.incident.id:
        raise BadInput("an incident is no duplicate of itself")
    _check_unreal(draft)
    if draft.incident.severity in PAGED and not _second_agrees(draft, command, reason):
        return
    rounds.acknowledge_first(draft)
    draft.add(
        Closed(
            **draft.stamp,
            resolution=command.resolution,
            reason=reason,
            duplicate_of=target,
            met=(),
            waived=(),
        )
    )


def _check_unreal(draft: Draft) -> None:
    impact = draft.incident.impact
    if impact is not None and impact.exposure is not Exposure.NONE:
        raise IllegalTransition("data may have been exposed: it was real")
    states = [action.state for action in draft.incident.containment.actions.values()]
    if ActionState.DONE in states:
        raise IllegalTransition("a containment action was carried out and is not undone")


def _second_agrees(draft: Draft, command: c.Close, reason: str) -> bool:
    what = f"{command.resolution}:{command.duplicate_of or ''}"
    waiting = draft.incident.closing
    if waiting is not None and waiting.what == what:
        if waiting.person == draft.actor.id:
            raise SecondPersonRequired("another person has to agree")
        return True
    draft.add(
        ClosingProposed(
            **draft.stamp,
            resolution=command.resolution,
            duplicate_of=command.duplicate_of,
            person=draft.actor.id,
            reason=reason,
        )
    )
    return False


def _reopen(draft: Draft, reason: str, severity: Severity | None) -> None:
    """Fresh clocks from now, at the severity now."""
    incident = draft.incident
    if incident.open:
        raise IllegalTransition(f"{incident.id} is not closed")
    if incident.resolution is Resolution.DUPLICATE:
        raise IllegalTransition(f"{incident.id} goes on as {incident.duplicate_of}")
    now = severity or incident.severity
    timed = incident.kind is not Kind.BACKFILLED
    withdraw = incident.communication.to_customers.withdraw
    current = Round(
        number=incident.round.number + 1 if incident.round else 1,
        reason=RoundReason.REOPENED,
        started_at=draft.at,
        due_at=acknowledge_due(draft.policy, now, draft.at),
        ladder_start=draft.at,
    )
    draft.add(
        Reopened(
            **draft.stamp,
            cycle=incident.cycle + 1,
            reason=reason,
            severity=now,
            clocks=started(draft.policy, now, draft.at) if timed else (),
            round=current if timed else None,
            update_due=cadence.first_by(draft.policy, now, cadence.INTERNAL, draft.at)
            if timed
            else None,
            withdraw=withdraw,
            correct_by=cadence.correct_by(draft.policy, now, draft.at)
            if timed and withdraw
            else None,
        )
    )
    rounds.page(draft)
