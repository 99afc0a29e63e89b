"""What people are asked, by the ladder or by each other, and what they hear of the answer."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tocsin.incidents.clocks.asked import people
from tocsin.incidents.clocks.owed import owed
from tocsin.incidents.events.access import LiftingProposed
from tocsin.incidents.events.base import Event
from tocsin.incidents.events.closing import ClosingProposed, WaiverAsked
from tocsin.incidents.events.people import (
    Acknowledged,
    Escalated,
    EscalatedFurther,
    HelpAnswered,
    HelpAsked,
    HelpUnanswered,
    Paged,
    PagedInPart,
    RoleAssigned,
    StoodDown,
)
from tocsin.incidents.events.requests import (
    HandOverNotTaken,
    HandOverOffered,
    ProposalEnded,
)
from tocsin.incidents.events.severity import LoweringProposed
from tocsin.incidents.events.updates import CustomersProposed
from tocsin.incidents.model.incident import Incident, Round, RoundReason
from tocsin.incidents.queries.waiting import Waiting, second, waiting
from tocsin.incidents.runbook.policy import Policy
from tocsin.incidents.timeline.entry import format_time
from tocsin.incidents.vocabulary import Audience, ClockName, MessageKind, Role

RESTRICTED = "restricted"

type Wanted = Iterator[tuple[MessageKind, str, dict[str, str]]]
"""Kind, target, and the facts beyond the incident's own."""


def person_target(person: str) -> str:
    """The target of a message to one person."""
    return f"person:{person}"


def _paged(event: Paged | PagedInPart, incident: Incident, policy: Policy) -> Wanted:
    kind = MessageKind.PAGE
    if event.mail:
        kind = MessageKind.OPENED if event.step == 0 else MessageKind.REMINDER
    current = incident.round
    facts = {
        "round": str(event.round),
        "step": str(event.step),
        "paged": ", ".join(event.people),
    }
    if current is not None:
        facts |= _why(current, incident, raised=bool(event.raised))
        facts["asks"] = str((current.asks or 0) + isinstance(event, PagedInPart) or 1)
    for person in event.people:
        yield kind, person_target(person), facts | {"as": _asked_as(person, incident, policy)}


def _why(current: Round, incident: Incident, *, raised: bool) -> dict[str, str]:
    """Why people are asked in this round, since when and by when."""
    reason = RoundReason.RAISED if raised else current.reason
    since = current.started_at
    if reason is RoundReason.CONTAINMENT_LOST and incident.containment.lost_at is not None:
        since = incident.containment.lost_at
    return {
        "why": str(reason),
        "since": format_time(since),
        "round_due": format_time(current.due_at),
        "cause": (RESTRICTED if incident.restricted else current.why) if current.why else "",
    }


def _asked_as(person: str, incident: Incident, policy: Policy) -> str:
    """The part of the ladder by which a person is asked: the first that has them."""
    ladder = (Audience.PRIMARY, Audience.BACKUP, Audience.ENGINEERING_LEAD)
    found = (part for part in ladder if person in people([part], incident, policy))
    return str(next(found, Audience.ALL))


def _help_asked(event: HelpAsked | EscalatedFurther, incident: Incident, _policy: Policy) -> Wanted:
    """People who were asked for by hand, each for an answer; from the second time on, who asked."""
    due_at = event.due_at
    if due_at is None:
        return
    times = event.times if isinstance(event, HelpAsked) else 1
    facts = {
        "reason": RESTRICTED if incident.restricted else event.reason,
        "by": event.by,
        "paged": ", ".join(event.people),
        "answer_by": format_time(due_at),
        "asks": str(times),
        "round": str(incident.round.number if incident.round else 1),
        "step": str(-times),
    }
    for person in event.people:
        yield MessageKind.PAGE, person_target(person), facts
    if times > 1:
        again = {"matter": "help_again", "due_at": format_time(event.occurred_at)}
        for person in event.people:
            yield MessageKind.REMINDER, person_target(event.by), again | {"criterion": person}


def _help_answered(event: HelpAnswered, incident: Incident, _policy: Policy) -> Wanted:
    if event.by == event.person:
        return
    reason = RESTRICTED if incident.restricted and event.reason else event.reason
    facts = {"matter": "help_coming" if event.on_it else "help_refused", "reason": reason}
    facts |= {"criterion": event.person, "due_at": format_time(event.at)}
    yield MessageKind.REMINDER, person_target(event.by), facts


def _help_unanswered(event: HelpUnanswered, _incident: Incident, _policy: Policy) -> Wanted:
    facts = {"matter": "help_unanswered", "criterion": event.person}
    facts["due_at"] = format_time(event.due_at)
    yield MessageKind.REMINDER, person_target(event.by), facts


def _escalated(event: Escalated | EscalatedFurther, incident: Incident, policy: Policy) -> Wanted:
    if isinstance(event, EscalatedFurther) and event.due_at is not None:
        yield from _help_asked(event, incident, policy)
        return
    reason = RESTRICTED if incident.restricted else event.reason
    by = event.by if isinstance(event, EscalatedFurther) else event.actor.id
    for person in event.people:
        facts = {"reason": reason, "by": by, "paged": ", ".join(event.people)}
        facts |= _asked_in(incident)
        yield MessageKind.PAGE, person_target(person), facts


def _asked_in(incident: Incident) -> dict[str, str]:
    """The round that still asks for somebody, and how far its paging has come."""
    current = incident.round
    if current is None or not current.open:
        return {}
    return {
        "round": str(current.number),
        "step": str(current.next_step - 1),
        "round_due": format_time(current.due_at),
    }


def _handover_offered(event: HandOverOffered, incident: Incident, _policy: Policy) -> Wanted:
    """Who is to take a role is asked, at any hour: until they do somebody else has it."""
    facts = {
        "role": str(event.role),
        "by": event.by,
        "reason": f"take over as {event.role.replace('_', ' ')}",
        "briefing": RESTRICTED if incident.restricted else event.briefing,
        "answer_by": format_time(event.due_at),
        "paged": event.person,
        "round": str(incident.round.number if incident.round else 1),
        "step": "-1",
    }
    yield MessageKind.PAGE, person_target(event.person), facts


def _handover_not_taken(event: HandOverNotTaken, _incident: Incident, _policy: Policy) -> Wanted:
    facts = {"matter": "role_not_taken", "role": str(event.role), "criterion": event.person}
    facts["due_at"] = format_time(event.due_at)
    yield MessageKind.REMINDER, person_target(event.by), facts


def _next_due(role: Role, incident: Incident, policy: Policy) -> dict[str, str]:
    """What the holder of a role is late for first: the next update, or the next clock."""
    if role is Role.COMMUNICATIONS_OWNER:
        updates = [one.due_at for one in owed(incident, policy) if one.due_at is not None]
        return {"clock": "update", "deadline": format_time(min(updates))} if updates else {}
    for name in (ClockName.ACKNOWLEDGE, ClockName.CONTAIN, ClockName.FIX):
        clock = incident.clocks.get(name)
        if clock is None or not clock.running:
            continue
        if (due := clock.recovery_due or clock.due_at) is not None:
            return {"clock": str(name), "deadline": format_time(due)}
    return {}


def _role_assigned(event: RoleAssigned, incident: Incident, policy: Policy) -> Wanted:
    """Who has a role now and who had it are told, unless they did it themselves.

    The new holder reads what is known, what they are late for first, and how to pass it on.
    """
    briefing = RESTRICTED if incident.restricted else event.briefing
    facts = {"role": str(event.role), "by": event.actor.id, "due_at": format_time(event.at)}
    if event.person != event.actor.id:
        taken = facts | {"matter": "role_taken", "briefing": briefing}
        taken |= _next_due(event.role, incident, policy)
        if (current := incident.round) is not None:
            taken |= {"round": str(current.number), "step": str(current.next_step - 1)}
        yield MessageKind.REMINDER, person_target(event.person), taken
    if event.previous is not None and event.previous != event.actor.id:
        accepted = event.person == event.actor.id
        matter = "role_accepted" if accepted else "role_passed"
        passed = facts | {"matter": matter, "to": event.person}
        yield MessageKind.REMINDER, person_target(event.previous), passed


def _asked_to_agree(event: Event, incident: Incident, policy: Policy) -> Wanted:
    """Whose word is waited for hears it, with what they would be agreeing to."""
    for one in waiting(incident):
        person = second(one, incident, policy)
        if one.person != event.actor.id or person is None or not _of(one, event):
            continue
        facts = {"matter": "agree", "criterion": one.what, "by": one.person, "text": one.command}
        facts["reason"] = RESTRICTED if incident.restricted and one.reason else one.reason
        facts["due_at"] = format_time(event.at)
        yield MessageKind.REMINDER, person_target(person), facts


def _proposal_ended(event: ProposalEnded, _incident: Incident, _policy: Policy) -> Wanted:
    """Whoever asked hears that nobody agreed; who changed the incident knows it."""
    facts = {"matter": "not_agreed", "criterion": event.wish, "clock": event.why}
    facts["due_at"] = format_time(event.occurred_at)
    if event.person != event.actor.id:
        yield MessageKind.REMINDER, person_target(event.person), facts


def _of(one: Waiting, event: Event) -> bool:
    """Whether this is what the event asks for."""
    match event:
        case LoweringProposed():
            return one.what.startswith("lower ")
        case ClosingProposed():
            return one.what.startswith("close ")
        case LiftingProposed():
            return one.what.startswith("lift ")
        case CustomersProposed():
            return one.what.endswith("tell customers")
        case WaiverAsked(criterion=code):
            return one.what == f"waive {code}"
    return False


def _stood_down(event: Acknowledged | StoodDown, _incident: Incident, _policy: Policy) -> Wanted:
    """Whoever was asked too hears, once and quietly, who has it."""
    told = event.told or () if isinstance(event, Acknowledged) else event.people
    for person in told:
        yield MessageKind.ACKNOWLEDGED, person_target(person), {"person": event.person}


PEOPLE: Mapping[type[Event], Callable[[Any, Incident, Policy], Wanted]] = {
    Paged: _paged,
    PagedInPart: _paged,
    Escalated: _escalated,
    EscalatedFurther: _escalated,
    HelpAsked: _help_asked,
    HelpAnswered: _help_answered,
    HelpUnanswered: _help_unanswered,
    HandOverOffered: _handover_offered,
    HandOverNotTaken: _handover_not_taken,
    RoleAssigned: _role_assigned,
    ProposalEnded: _proposal_ended,
    LoweringProposed: _asked_to_agree,
    ClosingProposed: _asked_to_agree,
    LiftingProposed: _asked_to_agree,
    CustomersProposed: _asked_to_agree,
    WaiverAsked: _asked_to_agree,
    Acknowledged: _stood_down,
    StoodDown: _stood_down,
}
