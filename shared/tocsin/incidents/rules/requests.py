"""People who are asked for by hand: each answers, is asked once more, and whoever asked is told.

A request has its own due time and rings at any hour. It moves no clock and is no part of a round:
who is on it in an unacknowledged round has acknowledged that, and who cannot has done nothing.

A role of a critical or high that is handed over is such a request: whoever gives it has it until it
is taken, so that nobody believes another has it.
"""

from tocsin.errors import GroupRequired, IllegalTransition, NotAllowed, PayloadTooLarge
from tocsin.incidents import limits
from tocsin.incidents.clocks.promises import answer_due
from tocsin.incidents.commands.people import Answer, HandOver, Page
from tocsin.incidents.events.people import HelpAsked, HelpUnanswered
from tocsin.incidents.events.requests import HandOverNotTaken, HandOverOffered
from tocsin.incidents.queries import handover
from tocsin.incidents.queries.agenda import Due
from tocsin.incidents.rules.draft import LADDER, Draft, Stamp, reason_of
from tocsin.incidents.rules.people import acknowledge_first, give, settle_request
from tocsin.incidents.vocabulary import Kind, Role

LAST = 2
"""How often one person is asked."""


def page(draft: Draft, command: Page) -> None:
    """Asks one person for an answer.

    Raises:
        IllegalTransition: it is closed, or a record of something past, which asks nobody.
        NotAllowed: the person is kept out of it.
    """
    draft.require_open()
    asker = draft.responder()
    if draft.incident.kind is Kind.BACKFILLED:
        raise IllegalTransition(f"{draft.incident.name} was entered afterwards: nobody is asked")
    person = _may_be_asked(draft, command.person)
    due_at = answer_due(draft.policy, draft.incident.severity, draft.at)
    reason = reason_of(command.reason)
    draft.add(HelpAsked(**draft.stamp, people=(person,), reason=reason, by=asker, due_at=due_at))


def _may_be_asked(draft: Draft, person: str) -> str:
    person = limits.person(person)
    if person in draft.incident.access.excluded:
        raise NotAllowed(f"{person} is kept out of {draft.incident.name}")
    waiting = draft.incident.requests or ()
    if len({one.person for one in waiting} | {person}) > limits.REQUESTS:
        raise PayloadTooLarge(f"at most {limits.REQUESTS} people are asked for at a time")
    return person


def hand_over(draft: Draft, command: HandOver) -> None:
    """The holder passes a role on. What the next one has to know is written from the incident.

    Raises:
        GroupRequired: somebody else's role.
        IllegalTransition: the receiver has it already.
        MissingReason: at once, of a critical or high, without saying why.
        NotAllowed: the receiver is kept out of it.
    """
    draft.require_open()
    person, incident = draft.responder(), draft.incident
    if incident.roles.get(command.role) != person:
        raise GroupRequired(f"{person} does not hold the {command.role}")
    receiver = _may_be_asked(draft, command.person)
    words = limits.optional_body("briefing", command.briefing)
    briefing = handover.summary(incident, draft.policy, draft.at, words)
    waits = receiver != person and _has_to_be_taken(draft)
    if not waits or command.now:
        reason = reason_of(command.reason) if waits else limits.optional_reason(command.reason)
        give(draft, command.role, receiver, briefing=briefing, reason=reason or None)
        return
    draft.add(
        HandOverOffered(
            **draft.stamp,
            role=command.role,
            person=receiver,
            by=person,
            briefing=briefing,
            due_at=answer_due(draft.policy, incident.severity, draft.at),
        )
    )


def _has_to_be_taken(draft: Draft) -> bool:
    """What is bad enough to page for is nobody's unless they say so."""
    pages = draft.policy.severities[draft.incident.severity].escalation.pages
    return pages and draft.incident.kind is not Kind.BACKFILLED


def answer(draft: Draft, command: Answer) -> None:
    """The person says that they are on it, or that they cannot.

    Raises:
        IllegalTransition: nobody asked for them, or nobody waits for them any more.
    """
    draft.require_open()
    person = draft.responder()
    if draft.incident.request_of(person) is None:
        raise IllegalTransition(f"nobody waits for an answer of {person}")
    if command.on_it:
        acknowledge_first(draft)
    settle_request(draft, on_it=command.on_it, reason=limits.optional_reason(command.reason))


def unanswered(draft: Draft, due: Due) -> None:
    """Asks once more, and then tells whoever asked that there is no answer."""
    stamp: Stamp = {"actor": LADDER, "at": draft.at, "occurred_at": due.at}
    if due.role is not None:
        _not_taken(draft, due.role, stamp)
        return
    waiting = draft.incident.requests or ()
    found = (one for one in waiting if one.person == due.subject and one.role is None)
    request = next(found, None)
    if request is None:
        return
    if request.times < LAST:
        draft.add(
            HelpAsked(
                **stamp,
                people=(request.person,),
                reason=request.reason,
                by=request.by,
                due_at=answer_due(draft.policy, draft.incident.severity, due.at),
                times=request.times + 1,
            )
        )
        return
    draft.add(HelpUnanswered(**stamp, person=request.person, by=request.by, due_at=request.due_at))


def _not_taken(draft: Draft, role: Role, stamp: Stamp) -> None:
    """Whoever wanted to give the role hears that they have it still."""
    offer = next((one for one in draft.incident.requests or () if one.role is role), None)
    if offer is not None:
        draft.add(
            HandOverNotTaken(
                **stamp, role=role, person=offer.person, by=offer.by, due_at=offer.due_at
            )
        )
