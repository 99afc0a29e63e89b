"""Which messages an event asks for: a pure function, so nothing can be sent that is not recorded.

What a message says is written later, by the notifier; what it may say is fixed here. A restricted
incident's messages carry its severity and its id, and no title.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from tocsin.incidents.clocks.asked import in_charge, speakers
from tocsin.incidents.clocks.owed import owed
from tocsin.incidents.events.base import Event
from tocsin.incidents.events.billing import ReconciliationRecorded
from tocsin.incidents.events.closing import (
    Closed,
    Reopened,
    WaiverExpired,
)
from tocsin.incidents.events.containment import (
    BlockEnding,
    ContainmentLost,
    ContainmentVerified,
)
from tocsin.incidents.events.fix import Fixed, LeftUnscheduled
from tocsin.incidents.events.freeze import FreezeEnding
from tocsin.incidents.events.opening import Opened
from tocsin.incidents.events.relations import DrillStopped
from tocsin.incidents.events.severity import ClockBreached, DeadlinePassed, Nagged
from tocsin.incidents.events.updates import (
    PreventionOverdue,
    UpdateDueSoon,
    UpdateMissed,
    UpdateRecorded,
)
from tocsin.incidents.messages import chat_room as room
from tocsin.incidents.messages.people import PEOPLE, RESTRICTED, Wanted, person_target
from tocsin.incidents.model.incident import Incident
from tocsin.incidents.model.outbox import REDRIVE_AFTER, ROOM, STAKEHOLDERS, OutboxItem
from tocsin.incidents.runbook.policy import Policy
from tocsin.incidents.runbook.targets import Milestone
from tocsin.incidents.timeline.entry import format_time
from tocsin.incidents.vocabulary import ClockName, Kind, MessageKind


def messages(
    events: Sequence[Event], incident: Incident, policy: Policy, correlation_id: str
) -> tuple[OutboxItem, ...]:
    """The outbox items of one decision; `incident` is as it is after all of `events`."""
    first = incident.version - len(events) + 1
    return tuple(
        OutboxItem(
            incident=incident.id,
            seq=seq,
            kind=kind,
            target=target,
            due_at=event.at + REDRIVE_AFTER,
            correlation_id=correlation_id,
            facts=facts,
        )
        for seq, event in enumerate(events, start=first)
        for kind, target, facts in _asked_by(event, incident, policy)
    )


def _asked_by(event: Event, incident: Incident, policy: Policy) -> Wanted:
    """Messages to people and audiences, then the one to the chat room; facts are complete."""
    if (wanted := _WANTED.get(type(event))) is not None:
        out = {person_target(person) for person in incident.access.excluded}
        for kind, target, extra in wanted(event, incident, policy):
            if target not in out:
                yield kind, target, _facts(incident) | extra
    if (told := room.told(event, incident, policy)) is not None:
        yield MessageKind.CHAT, ROOM, _room_facts(incident) | told


def _room_facts(incident: Incident) -> dict[str, str]:
    facts = _facts(incident)
    if not incident.restricted:
        return facts
    known = room.RESTRICTED_FACTS | {"policy_version"}
    return {name: value for name, value in facts.items() if name in known}


_KEPT = frozenset(
    {
        *("severity", "kind", "state", "opened_at", "policy_version", "round", "round_due", "step"),
        *("paged", "by", "person", "matter", "clock", "due_at", "role", "to", "number", "lost"),
        *("audience", "criterion", *(f"{name}_due" for name in ClockName)),
        *("why", "since", "as", "asks", "answer_by", "deadline", "short"),
    }
)
"""What a message to people about a restricted incident may still be written from."""

_WORDS = ("reason", "briefing", "headline", "text", "cause")
"""What people or robots put into words; all a reader is told is that there is something."""


def in_restricted_form(item: OutboxItem) -> OutboxItem:
    """A message as it would have been queued after the restriction: it says that and no more."""
    if item.facts.get("restricted") == "true":
        return item
    known = room.RESTRICTED_FACTS | {"policy_version"} if item.target == ROOM else _KEPT
    facts = {name: value for name, value in item.facts.items() if name in known}
    facts |= {"title": RESTRICTED, "restricted": "true"}
    if item.target != ROOM:
        hidden = (name for name in _WORDS if item.facts.get(name))
        facts |= dict.fromkeys(hidden, RESTRICTED)
    return replace(item, facts=facts)


def is_moot(item: OutboxItem, incident: Incident) -> bool:
    """Whether what the message asks for has been answered, or is asked of nobody any more."""
    facts = item.facts
    if not item.personal or not facts.get("round") or "matter" in facts:
        return False
    if not incident.open:
        return True
    if "answer_by" in facts:
        return incident.request_of(item.person) is None
    current = incident.round
    return current is None or not current.open or current.number != int(facts["round"])


def _facts(incident: Incident) -> dict[str, str]:
    hidden = incident.restricted
    facts = {
        "title": RESTRICTED if hidden else incident.title,
        "severity": str(incident.severity),
        "kind": str(incident.kind),
        "state": str(incident.state),
        "opened_at": format_time(incident.opened_at),
        "restricted": "true" if hidden else "false",
        "policy_version": incident.policy_version,
    }
    if incident.number is not None:
        facts["short"] = incident.name
    if not hidden:
        facts["category"] = str(incident.category)
        facts["environment"] = incident.environment
        facts["service"] = incident.service or ""
    for name in ClockName:
        clock = incident.clocks.get(name)
        if clock is not None and clock.due_at is not None:
            facts[f"{name}_due"] = format_time(clock.due_at)
    return facts


def _opened(event: Opened, incident: Incident, _policy: Policy) -> Wanted:
    if event.kind is not Kind.BACKFILLED and not incident.restricted:
        yield MessageKind.OPENED, STAKEHOLDERS, {"source": event.source}


def _breached(event: ClockBreached, incident: Incident, policy: Policy) -> Wanted:
    """Acknowledge breaches are told by the paging ladder, which goes on without a pause."""
    if event.clock is not ClockName.ACKNOWLEDGE:
        yield from _to_those_in_charge(
            MessageKind.BREACH, event.clock, event.due_at, incident, policy
        )


def _deadline(event: DeadlinePassed, incident: Incident, policy: Policy) -> Wanted:
    yield from _to_those_in_charge(
        MessageKind.REMINDER, event.clock, event.due_at, incident, policy
    )


def _nagged(event: Nagged, _incident: Incident, _policy: Policy) -> Wanted:
    facts = {"clock": str(event.clock), "due_at": format_time(event.due_at)}
    facts["number"] = str(event.number)
    for person in event.people:
        yield MessageKind.REMINDER, person_target(person), facts


def _lost(event: ContainmentLost, incident: Incident, policy: Policy) -> Wanted:
    lost = {
        "lost": "containment",
        "since": format_time(event.since or event.at),
        "person": event.actor.id,
        "cause": RESTRICTED if incident.restricted else event.reason,
    }
    for person in event.people:
        yield MessageKind.PAGE, person_target(person), lost
    if event.withdrawn is not None:
        facts = {"matter": "withdrawal", "criterion": event.withdrawn, "audience": "customers"}
        facts["due_at"] = format_time(event.at)
        for person in speakers(incident, policy):
            yield MessageKind.REMINDER, person_target(person), facts


def _closed(event: Closed, incident: Incident, _policy: Policy) -> Wanted:
    """Whoever heard that it began hears how it ended."""
    if incident.kind is not Kind.BACKFILLED and not incident.restricted:
        facts = {"resolution": str(event.resolution), "reason": event.reason}
        yield (
            MessageKind.CLOSED,
            STAKEHOLDERS,
            facts | {"criterion": event.called or event.duplicate_of or ""},
        )


def _reopened(event: Reopened, incident: Incident, policy: Policy) -> Wanted:
    """What customers were told too much of is not settled by having been closed meanwhile."""
    if incident.kind is not Kind.BACKFILLED and not incident.restricted:
        yield MessageKind.REOPENED, STAKEHOLDERS, {"reason": event.reason}
    if event.withdraw:
        told = ", ".join(event.withdraw)
        facts = {"matter": "withdrawal_open", "criterion": told, "audience": "customers"}
        facts["due_at"] = format_time(event.at)
        for person in speakers(incident, policy):
            yield MessageKind.REMINDER, person_target(person), facts


def _with_fix(event: Fixed | ContainmentVerified, incident: Incident, policy: Policy) -> Wanted:
    """Whoever speaks hears that the update which waited for the fix is due now."""
    for each in owed(incident, policy):
        if each.step is not Milestone.FIX or each.due_at is None:
            continue
        facts = {"matter": "update_owed", "audience": str(each.audience)}
        facts["due_at"] = format_time(event.at)
        for person in speakers(incident, policy):
            yield MessageKind.REMINDER, person_target(person), facts


def _drill_stopped(event: DrillStopped, _incident: Incident, _policy: Policy) -> Wanted:
    facts = {"matter": "drill_stopped", "criterion": event.called or event.real}
    facts["due_at"] = format_time(event.at)
    for person in event.people:
        yield MessageKind.REMINDER, person_target(person), facts


def _waiver(event: WaiverExpired, _incident: Incident, _policy: Policy) -> Wanted:
    facts = {"matter": "waiver", "criterion": event.criterion, "due_at": format_time(event.due_at)}
    for person in event.people:
        yield MessageKind.REMINDER, person_target(person), facts


def _freeze(event: FreezeEnding, _incident: Incident, _policy: Policy) -> Wanted:
    """Who looked away for that long is not told of an end that has been."""
    if event.at < event.until:
        facts = {"matter": "freeze", "due_at": format_time(event.until)}
        for person in event.people:
            yield MessageKind.REMINDER, person_target(person), facts


def _block(event: BlockEnding, _incident: Incident, _policy: Policy) -> Wanted:
    facts = {"matter": "block", "criterion": event.action, "due_at": format_time(event.until)}
    for person in event.people:
        yield MessageKind.REMINDER, person_target(person), facts


def _update_soon(event: UpdateDueSoon, _incident: Incident, _policy: Policy) -> Wanted:
    """Nobody is reminded of what is missed by then: of that they are told."""
    if event.at <= event.due_at:
        yield from _about_update("update", event)


def _update_missed(event: UpdateMissed, _incident: Incident, _policy: Policy) -> Wanted:
    yield from _about_update("update_missed", event)


def _update(event: UpdateRecorded, incident: Incident, _policy: Policy) -> Wanted:
    """What a robot tells stakeholders; what a person sent is only recorded."""
    if event.headline is not None and event.accepted:
        mark = "[DRILL] " if incident.kind is Kind.DRILL else ""
        facts = {"headline": f"{mark}{event.headline}", "text": f"{mark}{event.text}"}
        yield MessageKind.UPDATE, STAKEHOLDERS, facts


def _reconciled(event: ReconciliationRecorded, _incident: Incident, _policy: Policy) -> Wanted:
    if event.headline is not None and event.summary is not None:
        facts = {"headline": event.headline, "text": event.summary, "audience": "finance"}
        yield MessageKind.RECONCILIATION, STAKEHOLDERS, facts


def _overdue(event: PreventionOverdue, _incident: Incident, _policy: Policy) -> Wanted:
    facts = {"matter": "prevention", "criterion": event.action}
    for person in event.people:
        target = person_target(person)
        yield MessageKind.REMINDER, target, facts | {"due_at": format_time(event.due_at)}


def _unscheduled(event: LeftUnscheduled, _incident: Incident, _policy: Policy) -> Wanted:
    facts = {"matter": "unscheduled", "due_at": format_time(event.due_at)}
    if event.planned_at is not None:
        facts |= {"matter": "unshipped", "criterion": format_time(event.planned_at)}
    for person in event.people:
        yield MessageKind.REMINDER, person_target(person), facts


def _about_update(matter: str, event: UpdateDueSoon | UpdateMissed) -> Wanted:
    facts = {"matter": matter, "audience": str(event.audience)}
    for person in event.people:
        target = person_target(person)
        yield MessageKind.REMINDER, target, facts | {"due_at": format_time(event.due_at)}


def _to_those_in_charge(
    kind: MessageKind, clock: ClockName, due_at: datetime, incident: Incident, policy: Policy
) -> Wanted:
    for person in in_charge(incident, policy):
        yield kind, person_target(person), {"clock": str(clock), "due_at": format_time(due_at)}


_WANTED: dict[type[Event], Callable[[Any, Incident, Policy], Wanted]] = {
    **PEOPLE,
    Opened: _opened,
    ClockBreached: _breached,
    DeadlinePassed: _deadline,
    Nagged: _nagged,
    DrillStopped: _drill_stopped,
    ContainmentLost: _lost,
    ContainmentVerified: _with_fix,
    Fixed: _with_fix,
    LeftUnscheduled: _unscheduled,
    Reopened: _reopened,
    Closed: _closed,
    WaiverExpired: _waiver,
    FreezeEnding: _freeze,
    BlockEnding: _block,
    UpdateRecorded: _update,
    ReconciliationRecorded: _reconciled,
    UpdateDueSoon: _update_soon,
    UpdateMissed: _update_missed,
    PreventionOverdue: _overdue,
}
