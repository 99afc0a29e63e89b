"""Rounds of acknowledgement, and roles: asking people, paging further, taking "I have it".

A round is open until one named person acknowledges; that stops its paging. What a responder does
to the state of an unacknowledged incident acknowledges first, as the same person.

Who does what is changed here too: a role given, handed over or left, and a line for the record.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypedDict

from tocsin.errors import GroupRequired, IllegalTransition, OpenWork, StaleRound
from tocsin.incidents import limits
from tocsin.incidents.clocks import escalation
from tocsin.incidents.clocks.asked import gaps, on_call, people
from tocsin.incidents.clocks.promises import acknowledge_due, answer_due
from tocsin.incidents.commands.people import Acknowledge, AssignRole, Escalate, Leave
from tocsin.incidents.commands.record import AddNote
from tocsin.incidents.events.people import (
    Acknowledged,
    Escalated,
    EscalatedFurther,
    EscalationLeft,
    HelpAnswered,
    HelpAsked,
    Left,
    NobodyOnCall,
    Paged,
    PagedInPart,
    RoleAssigned,
    RoundStarted,
    StoodDown,
)
from tocsin.incidents.events.record import NoteAdded
from tocsin.incidents.model.incident import Incident, Round, RoundReason
from tocsin.incidents.model.parts import ActionState
from tocsin.incidents.rules.draft import LADDER, Draft, reason_of
from tocsin.incidents.timeline.entry import Actor
from tocsin.incidents.vocabulary import Audience, Kind, Role

GRACE = timedelta(minutes=1)

"""One sweep: whoever answers as their silence runs out is not paged for it."""


def acknowledge(draft: Draft, command: Acknowledge) -> None:
    """A person has it. A second "I have it" in the same round changes nothing."""
    draft.require_open()
    draft.responder()
    current = draft.incident.round
    if command.round is not None and (current is None or command.round != current.number):
        raise StaleRound(f"round {command.round} is over")
    acknowledge_first(draft)
    settle_request(draft, on_it=True)


def settle_request(draft: Draft, *, on_it: bool, reason: str = "") -> None:
    """Ends what the acting person was asked for by hand, if they were."""
    person = draft.actor.id
    offers = draft.incident.offers_to(person)
    for offer in offers if on_it else ():
        if offer.role is not None:
            give(draft, offer.role, person, briefing="")
    waiting = (one for one in draft.incident.requests or () if one.person == person)
    for by in dict.fromkeys(one.by for one in waiting):
        draft.add(HelpAnswered(**draft.stamp, person=person, on_it=on_it, reason=reason, by=by))


def acknowledge_first(draft: Draft) -> None:
    """Acknowledges an open round as the acting person, before what they came to do."""
    current = draft.incident.round
    if current is None or not current.open:
        return
    others = tuple(person for person in current.paged or () if person != draft.actor.id)
    draft.add(
        Acknowledged(
            actor=draft.actor,
            at=draft.at,
            occurred_at=draft.occurred_at,
            person=draft.responder(),
            round=current.number,
            commander=draft.incident.commander is None,
            told=others[:TOLD_AT_ONCE] or None,
            stand_down=others[TOLD_AT_ONCE:] or None,
        )
    )


def stand_down(draft: Draft) -> None:
    """Tells those who were asked who has it, as many as one write holds."""
    current = draft.incident.round
    if current is None or not current.to_tell or current.acknowledged_by is None:
        return
    draft.add(
        StoodDown(
            actor=LADDER,
            at=draft.at,
            occurred_at=current.acknowledged_at or draft.at,
            round=current.number,
            person=current.acknowledged_by,
            people=current.to_tell[:AT_ONCE],
        )
    )


def start_round(
    draft: Draft, reason: RoundReason, started_at: datetime, actor: Actor, *, why: str = ""
) -> None:
    """Asks people again, from `started_at`, with the target of the severity now."""
    incident = draft.incident
    number = incident.round.number + 1 if incident.round else 1
    draft.add(
        RoundStarted(
            actor=actor,
            at=draft.at,
            occurred_at=started_at,
            number=number,
            reason=reason,
            started_at=started_at,
            due_at=acknowledge_due(draft.policy, incident.severity, started_at),
            ladder_start=started_at + GRACE if reason is RoundReason.TIMEOUT else None,
            why=why or None,
        )
    )


TOLD_AT_ONCE = 20
"""People who are told by the entry of an acknowledgement, which may come with much else."""

AT_ONCE = 40
"""People paged by one entry: with a message each, two such entries fit into one write."""


def page_people(draft: Draft, *, raised: bool = False) -> None:
    """Takes the latest rung that has come, once, for everybody the rungs since the last reach.

    More people than one entry takes are paged in parts: the rung stays due until the last. A rung
    that reaches nobody, because they are excluded, is no pause: the next one pages at once.
    """
    current = draft.incident.round
    if current is None or not current.open:
        return
    rules = draft.policy.severities[draft.incident.severity].escalation
    last = escalation.latest(rules, current, draft.at)
    rung = None if last is None else escalation.step(rules, current, last)
    if rung is None or rung.number < current.next_step:
        return
    rung, reached = _that_reaches_somebody(draft, current, rung)
    if Audience.PRIMARY in reached:
        _tell_of_gaps(draft, current, rung.at)
    asked = people(reached, draft.incident, draft.policy)
    todo = tuple(person for person in asked if person not in current.already)
    now = todo[:AT_ONCE]
    taken: _Taken = {
        "actor": LADDER,
        "at": draft.at,
        "occurred_at": rung.at,
        "round": current.number,
        "first_step": current.next_step,
        "step": rung.number,
        "due_at": rung.at,
        "mail": not rules.pages,
        "people": now,
        "fresh": tuple(person for person in now if person not in (current.paged or ())),
        "raised": raised or None,
    }
    if len(todo) > AT_ONCE:
        draft.add(PagedInPart(**taken))
    else:
        draft.add(Paged(**taken, on_call=on_call(draft.incident, draft.policy)))


class _Taken(TypedDict):
    """What a step and a part of one say alike."""

    actor: Actor
    at: datetime
    occurred_at: datetime
    round: int
    first_step: int
    step: int
    due_at: datetime
    mail: bool
    people: tuple[str, ...]
    fresh: tuple[str, ...]
    raised: bool | None


def _that_reaches_somebody(
    draft: Draft, current: Round, rung: escalation.Step
) -> tuple[escalation.Step, list[Audience]]:
    """The rung, or the first after it that has somebody who is not excluded, at the rung's time."""
    rules = draft.policy.severities[draft.incident.severity].escalation
    reached = escalation.audiences(rules, current, current.next_step, rung.number)
    while not people(reached, draft.incident, draft.policy):
        later = escalation.step(rules, current, rung.number + 1)
        if later is None or set(later.audiences) <= set(reached):
            break
        rung, reached = replace(later, at=rung.at), [*reached, *later.audiences]
    return rung, reached


def _tell_of_gaps(draft: Draft, current: Round, due_at: datetime) -> None:
    """Nobody on call is a fact for the record; whoever comes next is asked at once."""
    for role, instead in gaps(draft.incident, draft.policy).items():
        if role not in current.uncovered:
            draft.add(
                NobodyOnCall(
                    actor=LADDER,
                    at=draft.at,
                    occurred_at=due_at,
                    role=role,
                    round=current.number,
                    due_at=due_at,
                    instead=instead,
                )
            )


def escalate(draft: Draft, command: Escalate) -> None:
    """Pages more people now because somebody asked; the ladder goes on as it was.

    Raises:
        IllegalTransition: it is closed, or a record of something past, which asks nobody.
    """
    draft.require_open()
    if draft.incident.kind is Kind.BACKFILLED:
        raise IllegalTransition(f"{draft.incident.name} was entered afterwards: nobody is asked")
    draft.responder()
    reason = reason_of(command.reason)
    asked = people([command.audience], draft.incident, draft.policy)
    if len(draft.incident.escalating_next or ()) >= limits.CALLS_WAITING:
        raise IllegalTransition("many are being asked just now: wait a minute")
    _call(draft, asked[:AT_ONCE], reason, draft.actor.id)
    if left := asked[AT_ONCE:]:
        draft.add(EscalationLeft(**draft.stamp, people=left, reason=reason, apart=True))


def _call(draft: Draft, asked: tuple[str, ...], reason: str, by: str) -> None:
    """Asks people in a round that is open as the round does, and for an answer of theirs else."""
    if (due_at := _answer_by(draft, asked)) is not None:
        draft.add(HelpAsked(**draft.stamp, people=asked, reason=reason, by=by, due_at=due_at))
    else:
        draft.add(Escalated(**draft.stamp, people=asked, reason=reason))


def _answer_by(draft: Draft, asked: tuple[str, ...]) -> datetime | None:
    """When each has to answer; None: the round asks them, or more are waited for than is kept."""
    current, waiting = draft.incident.round, draft.incident.requests or ()
    many = len({one.person for one in waiting} | {*asked}) > limits.REQUESTS
    if many or current is None or current.open:
        return None
    return answer_due(draft.policy, draft.incident.severity, draft.at)


def escalate_further(draft: Draft) -> None:
    """Pages the next of those whom somebody asked for."""
    if (left := draft.incident.escalating) is None:
        return
    asked = left.people[:AT_ONCE]
    draft.add(
        EscalatedFurther(
            actor=LADDER,
            at=draft.at,
            occurred_at=left.at,
            people=asked,
            reason=left.reason,
            by=left.by,
            due_at=_answer_by(draft, asked),
        )
    )


def assign_role(draft: Draft, command: AssignRole) -> None:
    """Any responder fills an empty role or takes one; only its holder or the commander moves it.

    Raises:
        GroupRequired: the role is somebody's and the person may not take it from them.
    """
    draft.require_open()
    person = draft.responder()
    previous = draft.incident.roles.get(command.role)
    may_move = draft.holds(command.role) or draft.holds(Role.INCIDENT_COMMANDER)
    if previous is not None and not may_move:
        raise GroupRequired(f"{person} may not take the {command.role} from {previous}")
    give(draft, command.role, command.person, briefing="")


def leave(draft: Draft, command: Leave) -> None:
    """Gives up every role the person holds; nobody slips away from open work.

    Raises:
        IllegalTransition: they hold none.
        OpenWork: they are the commander, or something they took on is not done.
    """
    draft.require_open()
    person = draft.responder()
    incident = draft.incident
    held = tuple(role for role, holder in incident.roles.items() if holder == person)
    if not held:
        raise IllegalTransition(f"{person} holds no role")
    if left := [*_open_work(incident, person, held)]:
        raise OpenWork(f"hand over first: {', '.join(left)}", open=", ".join(left))
    draft.add(Left(**draft.stamp, person=person, roles=held, reason=reason_of(command.reason)))


def _open_work(incident: Incident, person: str, held: tuple[Role, ...]) -> Iterator[str]:
    if Role.INCIDENT_COMMANDER in held:
        yield "incident_commander"
    for key, action in incident.containment.actions.items():
        if action.state is ActionState.PLANNED and action.by == person:
            yield f"containment action {key}"
    if Role.MITIGATION_OWNER in held and not incident.contained:
        yield "containment"
    if Role.COMMUNICATIONS_OWNER in held:
        told = incident.communication
        if told.internal.next_by is not None or told.to_customers.next_by is not None:
            yield "a promised update"


def add_note(draft: Draft, command: AddNote) -> None:
    """Free text, also after closing: the story may be completed, never changed."""
    draft.responder()
    draft.add(
        NoteAdded(
            actor=draft.actor,
            at=draft.at,
            occurred_at=draft.occurred_at,
            text=limits.body("text", command.text),
            stored=command.stored,
        )
    )


def give(
    draft: Draft, role: Role, person: str, *, briefing: str, reason: str | None = None
) -> None:
    """The role is the person's from now on.

    Raises:
        IllegalTransition: it is already.
    """
    previous = draft.incident.roles.get(role)
    if previous == person:
        raise IllegalTransition(f"{person} is the {role} already")
    draft.add(
        RoleAssigned(
            actor=draft.actor,
            at=draft.at,
            occurred_at=draft.occurred_at,
            role=role,
            person=limits.person(person),
            previous=previous,
            briefing=briefing,
            reason=reason,
        )
    )
