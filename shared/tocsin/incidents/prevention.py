"""Preventive work: owned, dated, and done only when a check that failed before passes now.

It outlives its incident. It is watched by the incident's own list of what is due, also after
closing, because work that nobody is reminded of is not done.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from tocsin.errors import BadInput, IllegalTransition, PayloadTooLarge
from tocsin.incidents import commands_record as c
from tocsin.incidents import limits
from tocsin.incidents.agenda import Due
from tocsin.incidents.draft import CLOCK, Draft
from tocsin.incidents.events_record import PreventionOverdue, PreventionVerified
from tocsin.incidents.model import Incident
from tocsin.incidents.parts import Prevention


@dataclass(frozen=True, slots=True, kw_only=True)
class PreventiveAction:
    """One piece of work as it is listed, with the incident it came from."""

    incident: str
    action: str
    restricted: bool
    work: Prevention

    @property
    def open(self) -> bool:
        return self.work.done_at is None


def name_of(text: str) -> str:
    """The id of a piece of work: of its text, so that publishing a revision names the same ones."""
    return f"PA-{hashlib.sha256(text.casefold().encode()).hexdigest()[:10]}"


def names(draft: Draft, actions: Iterable[c.Preventive]) -> tuple[str, ...]:
    """The ids of what a postmortem lists.

    Raises:
        PayloadTooLarge: with what earlier ones listed it is more than an incident tracks.
    """
    found = tuple(name_of(action.text) for action in actions)
    if len({*draft.incident.prevention, *found}) > limits.PREVENTIVE:
        raise PayloadTooLarge(f"an incident tracks at most {limits.PREVENTIVE} preventive actions")
    return found


def verify(draft: Draft, command: c.VerifyPrevention) -> None:
    """It is done: the check that failed before passes now.

    Raises:
        BadInput: there is no such action, or the check passed before it failed.
        IllegalTransition: it is verified already.
    """
    person = draft.responder()
    work = draft.incident.prevention.get(command.action)
    if work is None:
        raise BadInput(f"no preventive action is called {command.action[:80]!r}", field="action")
    if work.done_at is not None:
        raise IllegalTransition(f"{command.action} is done already")
    if not command.failed_at < command.passed_at <= draft.at:
        raise BadInput("the check has to fail first and pass later, and not in the future")
    draft.add(
        PreventionVerified(
            **draft.stamp,
            action=command.action,
            check=limits.line("check", command.check),
            failed_at=command.failed_at,
            failed_evidence=limits.line("failed_evidence", command.failed_evidence),
            passed_at=command.passed_at,
            passed_evidence=limits.line("passed_evidence", command.passed_evidence),
            person=person,
        )
    )


def overdue(draft: Draft, due: Due) -> None:
    """It was not done by its date: the owner and the commander hear of it, once."""
    work = draft.incident.prevention[due.subject]
    told = (work.owner, draft.incident.commander)
    draft.add(
        PreventionOverdue(
            actor=CLOCK,
            at=draft.at,
            occurred_at=due.at,
            action=due.subject,
            due_at=due.at,
            people=tuple(dict.fromkeys(person for person in told if person)),
        )
    )


def changed(before: Incident | None, after: Incident) -> tuple[PreventiveAction, ...]:
    """What to write down anew of an incident's preventive work."""
    old = {} if before is None else before.prevention
    hidden = before is not None and before.restricted != after.restricted
    return tuple(
        PreventiveAction(incident=after.id, action=name, restricted=after.restricted, work=work)
        for name, work in after.prevention.items()
        if hidden or old.get(name) != work
    )
