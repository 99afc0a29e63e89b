"""Closing, and finding that it was not over (semantics 9).

`resolved` takes the whole gate. `false_positive` and `duplicate` skip fix, window and postmortem,
so they take a reason, for critical and high a second person, and are refused where something
real has happened.

Waivers: closing without a criterion being met, which takes two people and ends (semantics 9).

The commander asks, another commander who does not own the item approves; in a security incident
the security owner does. Some things are never waived, and policy says which.
"""

from datetime import timedelta

from tocsin.errors import (
    BadInput,
    GateUnmet,
    GroupRequired,
    IllegalTransition,
    NotAllowed,
    SecondPersonRequired,
)
from tocsin.incidents import limits
from tocsin.incidents.clocks import cadence
from tocsin.incidents.clocks.asked import allowed, holder
from tocsin.incidents.clocks.promises import acknowledge_due, started
from tocsin.incidents.commands.closing import (
    AbsorbDuplicate,
    ApproveWaiver,
    AskWaiver,
    Close,
    Reopen,
    ReopenFromSignals,
)
from tocsin.incidents.events.access import Restricted
from tocsin.incidents.events.closing import (
    Closed,
    ClosingProposed,
    DuplicateAbsorbed,
    Reopened,
    WaiverApproved,
    WaiverAsked,
    WaiverExpired,
)
from tocsin.incidents.events.relations import KeysGiven
from tocsin.incidents.model.incident import Round, RoundReason
from tocsin.incidents.model.parts import ActionState
from tocsin.incidents.queries.agenda import DAILY, Due
from tocsin.incidents.queries.gate import Status, gate, is_met, is_waivable, owner_of, unmet
from tocsin.incidents.queries.reminders import week_begins
from tocsin.incidents.rules.draft import CLOCK, Draft, reason_of
from tocsin.incidents.rules.fix import settle_window
from tocsin.incidents.rules.opening import add_signals, raise_as_asked
from tocsin.incidents.rules.people import acknowledge_first, page_people
from tocsin.incidents.rules.severity import raise_to
from tocsin.incidents.rules.waiting import until
from tocsin.incidents.runbook.policy import Criterion
from tocsin.incidents.vocabulary import (
    BECOME_COMMANDER,
    Category,
    Group,
    Kind,
    Resolution,
    Role,
    Severity,
)

PAGED = (Severity.CRITICAL, Severity.HIGH)


def close_incident(draft: Draft, command: Close) -> None:
    """Closes, or for two of the resolutions may only propose it.

    Raises:
        GateUnmet: `resolved`, and the gate names something.
        IllegalTransition: `false_positive` or `duplicate` of something that was real.
        SecondPersonRequired: who proposed it says it again.
        GroupRequired: a critical that nobody has is merged away, and not by a commander.
    """
    draft.require_open()
    draft.responder()
    if command.resolution is Resolution.RESOLVED:
        _close_resolved(draft, command)
    else:
        _close_unreal(draft, command)


def absorb_duplicate(draft: Draft, command: AbsorbDuplicate) -> None:
    """Takes over what a duplicate brought: it is as bad and as secret as the worse of the two."""
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
            states=command.states,
            called=command.called,
        )
    )
    settle_window(draft)
    if command.restricted and not draft.incident.restricted:
        reason = f"{command.called or command.duplicate} is restricted"
        draft.add(Restricted(**draft.stamp, reason=reason))
    worse = command.severity
    if worse is not None and worse.rank < draft.incident.severity.rank:
        raise_to(draft, worse, reason=f"it is also {command.duplicate}")


def reopen_incident(draft: Draft, command: Reopen) -> None:
    """A responder says that it was not over."""
    draft.responder()
    _reopen(draft, reason_of(command.reason), command.severity)
    gone = command.gone or {}
    for into in dict.fromkeys(gone.values()):
        _give_up(draft, into, tuple(key for key, other in gone.items() if other == into))
    page_people(draft)


def _give_up(draft: Draft, into: str, keys: tuple[str, ...]) -> None:
    """Keys that came back as a newer incident's while this one was closed stay with that one."""
    known = draft.incident.signals
    draft.add(
        KeysGiven(
            **draft.stamp,
            into=into,
            keys=tuple(key for key in keys if key in known),
            firing=tuple(key for key in keys if key in known and known[key].firing),
            reason=f"{into} has it open",
        )
    )


def reopen_from_signals(draft: Draft, command: ReopenFromSignals) -> None:
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
    known = draft.incident.signal_severity
    _reopen(draft, "a signal fired again", None)
    add_signals(draft, command.signals)
    if not raise_as_asked(draft, command.signals, known):
        page_people(draft)


def _close_resolved(draft: Draft, command: Close) -> None:
    draft.require(Role.INCIDENT_COMMANDER)
    acknowledge_first(draft)
    head = command.verified_head
    standings = gate(draft.incident, draft.policy, draft.at, verified_head=head)
    if missing := unmet(standings):
        raise GateUnmet(f"unmet: {', '.join(missing)}", unmet=", ".join(missing))
    draft.add(
        Closed(
            **draft.stamp,
            resolution=command.resolution,
            reason=limits.optional_reason(command.reason),
            duplicate_of=None,
            met=tuple(line.code for line in standings if line.status is Status.MET),
            waived=tuple(line.code for line in standings if line.status is Status.WAIVED),
        )
    )


def _close_unreal(draft: Draft, command: Close) -> None:
    reason = reason_of(command.reason)
    target = command.duplicate_of
    if (command.resolution is Resolution.DUPLICATE) != (target is not None):
        raise BadInput(
            "a duplicate, and only a duplicate, names the incident it repeats, with --duplicate-of",
            field="duplicate_of",
        )
    if target is not None:
        limits.name("duplicate_of", target)
    if target == draft.incident.id:
        raise BadInput("an incident is no duplicate of itself")
    _check_unreal(draft)
    if draft.incident.severity in PAGED and not _second_agrees(draft, command, reason):
        return
    current = draft.incident.round
    unseen = current is not None and current.open
    if target is not None and unseen and draft.incident.severity is Severity.CRITICAL:
        draft.require(Role.INCIDENT_COMMANDER)
    acknowledge_first(draft)
    draft.add(
        Closed(
            **draft.stamp,
            resolution=command.resolution,
            reason=reason,
            duplicate_of=target,
            met=(),
            waived=(),
            called=command.called if target is not None else None,
        )
    )


def _check_unreal(draft: Draft) -> None:
    impact = draft.incident.impact
    if impact is not None and impact.exposed:
        raise IllegalTransition("data may have been exposed: it was real")
    states = [action.state for action in draft.incident.containment.actions.values()]
    if ActionState.DONE in states:
        raise IllegalTransition("a containment action was carried out and is not undone")


def _second_agrees(draft: Draft, command: Close, reason: str) -> bool:
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
            until=until(draft),
            called=command.called,
        )
    )
    return False


def _reopen(draft: Draft, reason: str, severity: Severity | None) -> None:
    """Fresh clocks from now, at the severity now; nobody is paged yet."""
    incident = draft.incident
    if incident.open:
        raise IllegalTransition(f"{incident.name} is not closed")
    if incident.resolution is Resolution.DUPLICATE:
        other = incident.duplicate_called or incident.duplicate_of
        raise IllegalTransition(f"{incident.name} goes on as {other}")
    now = severity or incident.severity
    timed = incident.kind is not Kind.BACKFILLED
    withdraw = incident.communication.to_customers.withdraw
    current = Round(
        number=incident.round.number + 1 if incident.round else 1,
        reason=RoundReason.REOPENED,
        started_at=draft.at,
        due_at=acknowledge_due(draft.policy, now, draft.at),
        ladder_start=draft.at,
        why=reason,
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


def ask_waiver(draft: Draft, command: AskWaiver) -> None:
    """The commander asks; it counts for nothing yet."""
    draft.require_open()
    person = draft.require(Role.INCIDENT_COMMANDER)
    criterion = _criterion(draft, command.criterion)
    if not is_waivable(criterion, draft.incident):
        raise NotAllowed(f"{criterion.code} is never waived for a {draft.incident.severity}")
    if is_met(criterion.code, draft.incident, draft.policy, draft.at):
        raise IllegalTransition(f"{criterion.code} is met: there is nothing to waive")
    longest = draft.policy.limits.waiver_days
    if not 0 < command.days <= longest:
        raise BadInput(f"a waiver holds for 1 to {longest} days", field="days")
    draft.add(
        WaiverAsked(
            **draft.stamp,
            criterion=criterion.code,
            person=person,
            reason=reason_of(command.reason),
            expires_at=draft.at + timedelta(days=command.days),
            until=until(draft),
        )
    )


def approve_waiver(draft: Draft, command: ApproveWaiver) -> None:
    """Another person agrees.

    Raises:
        SecondPersonRequired: who asked, or who owns the failing item, approves.
        GroupRequired: the person is not of the group that may.
    """
    draft.require_open()
    waiver = draft.incident.waivers.get(command.criterion)
    if waiver is None:
        raise IllegalTransition(f"nobody asked to waive {command.criterion!r}")
    if waiver.approved_by is not None:
        raise IllegalTransition("the waiver is approved already")
    if waiver.expires_at < draft.at:
        raise IllegalTransition("the waiver ran out before it was approved")
    person = _waiver_approver(draft)
    owner = draft.incident.roles.get(owner_of(command.criterion))
    if person in (waiver.asked_by, owner):
        raise SecondPersonRequired("somebody who neither asked nor owns the item has to approve")
    draft.add(WaiverApproved(**draft.stamp, criterion=command.criterion, person=person))


def waiver_expired(draft: Draft, due: Due) -> None:
    """Says that the exception is over and the criterion still unmet; once, for the latest day.

    The security owner, whose weekly review lists it, hears the first time and once a week.
    """
    due_at = due.at + (draft.at - due.at) // DAILY * DAILY
    waiver = draft.incident.waivers[due.subject]
    told = [draft.incident.commander, waiver.asked_by, waiver.approved_by]
    before = waiver.noticed_at
    if before is None or week_begins(draft.policy.calendar, before) <= due_at:
        told.append(holder(Role.SECURITY_OWNER, draft.incident, draft.policy))
    draft.add(
        WaiverExpired(
            actor=CLOCK,
            at=draft.at,
            occurred_at=due_at,
            criterion=due.subject,
            due_at=due_at,
            people=allowed(told, draft.incident),
        )
    )


def _waiver_approver(draft: Draft) -> str:
    if draft.incident.category is Category.SECURITY:
        return draft.require(Role.SECURITY_OWNER)
    person = draft.responder()
    if Group.COMMANDER not in draft.command.groups:
        raise GroupRequired(f"{person} is no commander: {BECOME_COMMANDER}")
    return person


def _criterion(draft: Draft, code: str) -> Criterion:
    for criterion in draft.policy.criteria:
        if criterion.code == code:
            return criterion
    raise BadInput(f"no criterion is called {code!r}")
