"""Raising and lowering, and what each does to every promise (semantics 4).

Raising is easy and may be done by anything; lowering is hard: the commander, with a reason, and
from critical or in category security a second person, the security owner.
"""

from dataclasses import replace
from datetime import datetime

from tocsin.errors import IllegalTransition, SecondPersonRequired
from tocsin.incidents import limits
from tocsin.incidents.clocks import cadence, escalation
from tocsin.incidents.clocks import promises as clocks
from tocsin.incidents.commands.severity import ChangeCategory, ChangeSeverity
from tocsin.incidents.events.severity import (
    CategoryChanged,
    ClockChange,
    LoweringProposed,
    SeverityChanged,
)
from tocsin.incidents.model.incident import Incident, RoundReason
from tocsin.incidents.rules.access import restrict_if_exposed
from tocsin.incidents.rules.draft import Draft, reason_of
from tocsin.incidents.rules.fix import resize_window
from tocsin.incidents.rules.people import page_people, start_round
from tocsin.incidents.rules.waiting import overtaken, until
from tocsin.incidents.vocabulary import ActorKind, Category, ClockName, Role, Severity

PAGED = (Severity.CRITICAL, Severity.HIGH)
RECOUNTED = (ClockName.CONTAIN, ClockName.FIX)
_LOWERING_ROLES = (Role.INCIDENT_COMMANDER, Role.SECURITY_OWNER)


def change_severity(draft: Draft, command: ChangeSeverity) -> None:
    """Raises or lowers, as the new severity compares with the one now.

    Raises:
        IllegalTransition: it is that severity already, or closed.
        GroupRequired: the person may not lower.
        MissingReason: a lowering without one.
    """
    draft.require_open()
    now = draft.incident.severity
    if command.severity is now:
        raise IllegalTransition(f"the incident is {now} already")
    if command.severity.rank < now.rank:
        if draft.actor.kind is ActorKind.PERSON:
            draft.responder()
        raise_to(draft, command.severity, reason=limits.optional_reason(command.reason))
        return
    draft.require(*_LOWERING_ROLES)
    _lower(draft, command.severity, reason_of(command.reason))


def change_category(draft: Draft, command: ChangeCategory) -> None:
    """Another kind of incident. Severity and clocks stay: neither sets the other."""
    draft.require_open()
    draft.responder()
    reason = reason_of(command.reason)
    old = draft.incident.category
    if command.category is old:
        raise IllegalTransition(f"the incident is {old} already")
    overtaken(draft, "category")
    draft.add(
        CategoryChanged(
            actor=draft.actor,
            at=draft.at,
            occurred_at=draft.occurred_at,
            old=old,
            new=command.category,
            reason=reason,
        )
    )
    restrict_if_exposed(draft)


def raise_to(draft: Draft, new: Severity, *, reason: str) -> None:
    """Raises: every promise is recounted and none moves later; people are asked (again)."""
    current = draft.incident.round
    open_round = current is not None and current.open
    overtaken(draft, "severity")
    draft.add(_changed(draft, new, reason, next_step=0 if open_round else None))
    resize_window(draft)
    if current is not None and not open_round and new in PAGED:
        start_round(draft, RoundReason.RAISED, draft.at, draft.actor, why=reason)
    page_people(draft, raised=True)


def preview(draft: Draft, new: Severity) -> tuple[ClockChange, ...]:
    """What a change to `new` would do to the clocks, for showing before it is confirmed."""
    incident, policy = draft.incident, draft.policy
    rule = clocks.raised if new.rank < incident.severity.rank else clocks.lowered
    return tuple(
        rule(
            incident.clocks[name],
            clocks.target_of(policy, new, name),
            policy.calendar,
            draft.at,
            planned_release(incident),
        )
        for name in RECOUNTED
        if name in incident.clocks
    )


def foreseen(draft: Draft, new: Severity) -> tuple[SeverityChanged, datetime | None]:
    """The change to `new` as it would be recorded, and when a round it would start would be due.

    Raises:
        IllegalTransition: it is that severity already, or closed.
    """
    draft.require_open()
    now, current = draft.incident.severity, draft.incident.round
    if new is now:
        raise IllegalTransition(f"the incident is {now} already")
    raising = new.rank < now.rank
    is_open = current is not None and current.open
    starts = raising and current is not None and not is_open and new in PAGED
    change = _changed(draft, new, "", next_step=0 if raising and is_open else None)
    return change, clocks.acknowledge_due(draft.policy, new, draft.at) if starts else None


def planned_release(incident: Incident) -> datetime | None:
    """When the release a next-release clock would wait for is planned; None once it shipped."""
    release = incident.release
    return None if release is None or release.shipped_at is not None else release.planned_at


def _lower(draft: Draft, new: Severity, reason: str) -> None:
    incident = draft.incident
    guarded = incident.severity is Severity.CRITICAL or incident.category is Category.SECURITY
    if not guarded:
        draft.require(Role.INCIDENT_COMMANDER)
    elif not _second_agrees(draft, new, reason):
        return
    draft.add(_changed(draft, new, reason, next_step=None))
    overtaken(draft, "severity")
    resize_window(draft)


def _second_agrees(draft: Draft, new: Severity, reason: str) -> bool:
    """Whether commander and security owner, two people, both want this; else notes the first."""
    waiting = draft.incident.lowering
    parts = [role for role in _LOWERING_ROLES if draft.holds(role)]
    if waiting is not None and waiting.severity is new:
        if waiting.person == draft.actor.id:
            raise SecondPersonRequired("the other of commander and security owner has to agree")
        if any(part is not waiting.part for part in parts):
            return True
    draft.add(
        LoweringProposed(
            actor=draft.actor,
            at=draft.at,
            occurred_at=draft.occurred_at,
            severity=new,
            person=draft.actor.id,
            part=parts[0],
            reason=reason,
            until=until(draft),
        )
    )
    return False


def _changed(draft: Draft, new: Severity, reason: str, *, next_step: int | None) -> SeverityChanged:
    """The event. With `next_step` 0 the open round's ladder starts again, now."""
    incident = draft.incident
    current = incident.round
    round_due = ladder_start = None
    if current is not None and current.open:
        raising = new.rank < incident.severity.rank
        start = draft.at if raising else current.started_at
        due = clocks.acknowledge_due(draft.policy, new, start)
        round_due = min(current.due_at, due) if raising else due
        ladder_start = draft.at if next_step == 0 else current.ladder_start
        if next_step is None:
            rules = draft.policy.severities[new].escalation
            last = escalation.latest(rules, replace(current, due_at=round_due), draft.at)
            next_step = 0 if last is None else last + 1
    return SeverityChanged(
        actor=draft.actor,
        at=draft.at,
        occurred_at=draft.occurred_at,
        old=incident.severity,
        new=new,
        reason=reason,
        clocks=preview(draft, new),
        round_due=round_due,
        ladder_start=ladder_start,
        next_step=next_step,
        updates=cadence.raised(incident, draft.policy, new, draft.at)
        if new.rank < incident.severity.rank
        else cadence.lowered(incident, draft.policy, new),
    )
