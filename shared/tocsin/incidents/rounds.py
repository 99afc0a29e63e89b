"""Rounds of acknowledgement: asking people, paging further, and taking "I have it".

A round is open until one named person acknowledges; that stops its paging. What a responder does
to the state of an unacknowledged incident acknowledges first, as the same person.
"""

from datetime import datetime, timedelta

from tocsin.errors import StaleRound
from tocsin.incidents import escalation
from tocsin.incidents.clocks import acknowledge_due
from tocsin.incidents.commands import Acknowledge, Escalate
from tocsin.incidents.draft import LADDER, Draft, reason_of
from tocsin.incidents.events import Acknowledged, Escalated, NobodyOnCall, Paged, RoundStarted
from tocsin.incidents.model import Round, RoundReason
from tocsin.incidents.people import gaps, on_call, people
from tocsin.incidents.timeline import Actor
from tocsin.incidents.vocabulary import Audience

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


def acknowledge_first(draft: Draft) -> None:
    """Acknowledges an open round as the acting person, before what they came to do."""
    current = draft.incident.round
    if current is None or not current.open:
        return
    draft.add(
        Acknowledged(
            actor=draft.actor,
            at=draft.at,
            occurred_at=draft.occurred_at,
            person=draft.responder(),
            round=current.number,
            commander=draft.incident.commander is None,
        )
    )


def start_round(draft: Draft, reason: RoundReason, started_at: datetime, actor: Actor) -> None:
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
        )
    )


def page(draft: Draft) -> None:
    """Takes the latest rung that has come, once, for everybody the rungs since the last reach."""
    current = draft.incident.round
    if current is None or not current.open:
        return
    rules = draft.policy.severities[draft.incident.severity].escalation
    last = escalation.latest(rules, current, draft.at)
    rung = None if last is None else escalation.step(rules, current, last)
    if rung is None or rung.number < current.next_step:
        return
    reached = escalation.audiences(rules, current, current.next_step, rung.number)
    if Audience.PRIMARY in reached:
        _tell_of_gaps(draft, current, rung.at)
    draft.add(
        Paged(
            actor=LADDER,
            at=draft.at,
            occurred_at=rung.at,
            round=current.number,
            first_step=current.next_step,
            step=rung.number,
            due_at=rung.at,
            people=people(reached, draft.incident, draft.policy),
            mail=not rules.pages,
            on_call=on_call(draft.incident, draft.policy),
        )
    )


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
    """Pages more people now because somebody asked; the ladder goes on as it was."""
    draft.require_open()
    draft.responder()
    draft.add(
        Escalated(
            actor=draft.actor,
            at=draft.at,
            occurred_at=draft.occurred_at,
            people=people([command.audience], draft.incident, draft.policy),
            reason=reason_of(command.reason),
        )
    )
