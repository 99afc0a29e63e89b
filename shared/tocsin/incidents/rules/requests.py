"""People who are asked for by hand: each answers, is asked once more, and whoever asked is told.

A request has its own due time and rings at any hour. It moves no clock and is no part of a round:
who is on it in an unacknowledged round has acknowledged that, and who cannot has done nothing.
"""

from tocsin.errors import IllegalTransition, NotAllowed, PayloadTooLarge
from tocsin.incidents import limits
from tocsin.incidents.clocks.promises import answer_due
from tocsin.incidents.commands.people import Answer, Page
from tocsin.incidents.events.people import HelpAsked, HelpUnanswered
from tocsin.incidents.queries.agenda import Due
from tocsin.incidents.rules.draft import LADDER, Draft, Stamp, reason_of
from tocsin.incidents.rules.people import acknowledge_first, settle_request
from tocsin.incidents.vocabulary import Kind

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
        raise IllegalTransition(f"{draft.incident.id} was entered afterwards: nobody is asked")
    person = limits.person(command.person)
    if person in draft.incident.access.excluded:
        raise NotAllowed(f"{person} is kept out of {draft.incident.id}")
    waiting = draft.incident.requests or ()
    if len({one.person for one in waiting} | {person}) > limits.REQUESTS:
        raise PayloadTooLarge(f"at most {limits.REQUESTS} people are asked for at a time")
    due_at = answer_due(draft.policy, draft.incident.severity, draft.at)
    reason = reason_of(command.reason)
    draft.add(HelpAsked(**draft.stamp, people=(person,), reason=reason, by=asker, due_at=due_at))


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
    request = draft.incident.request_of(due.subject)
    if request is None:
        return
    stamp: Stamp = {"actor": LADDER, "at": draft.at, "occurred_at": due.at}
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
