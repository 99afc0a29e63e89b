"""Who may see a restricted incident, and who may change that (semantics 11).

The commander's approval of one act outside the incident, bound to exactly that act.

An approval names the act, everything it is done with, and who may do it, and it ends soon. It is
an entry of the timeline and nothing else: whoever is shown its id (`<incident>:<seq>`) reads it,
compares the hash of what is about to be done, and keeps for itself that the approval was used.
"""

from datetime import timedelta

from tocsin.errors import (
    BadInput,
    GroupRequired,
    IllegalTransition,
    PayloadTooLarge,
    SecondPersonRequired,
)
from tocsin.incidents import limits
from tocsin.incidents.commands.access import Authorize, ChangeAccess, LiftRestriction, Restrict
from tocsin.incidents.events.access import (
    AccessChanged,
    ActAuthorized,
    LiftingProposed,
    Restricted,
    RestrictionLifted,
)
from tocsin.incidents.model.parts import Exposure
from tocsin.incidents.queries.access import input_hash
from tocsin.incidents.rules.draft import Draft, reason_of
from tocsin.incidents.rules.waiting import until
from tocsin.incidents.vocabulary import Category, Role

_LIFTERS = (Role.INCIDENT_COMMANDER, Role.SECURITY_OWNER)


def restrict(draft: Draft, command: Restrict) -> None:
    """Hides it from everybody without a part in it."""
    draft.require(*_LIFTERS)
    if draft.incident.restricted:
        raise IllegalTransition("the incident is restricted already")
    draft.add(Restricted(**draft.stamp, reason=reason_of(command.reason)))


def restrict_if_exposed(draft: Draft) -> None:
    """Hides a security incident with possible exposure at once, whichever was said first."""
    incident = draft.incident
    impact = incident.impact
    if impact is None or impact.exposure is Exposure.NONE or incident.restricted:
        return
    if incident.category is Category.SECURITY:
        draft.add(Restricted(**draft.stamp, reason=f"data exposure is {impact.exposure}"))


def lift_restriction(draft: Draft, command: LiftRestriction) -> None:
    """Shows it to everybody again, once commander and security owner, two people, want it."""
    person = draft.require(*_LIFTERS)
    if not draft.incident.restricted:
        raise IllegalTransition("the incident is not restricted")
    reason = reason_of(command.reason)
    parts = [role for role in _LIFTERS if draft.holds(role)]
    waiting = draft.incident.lifting
    if waiting is not None and waiting.person == person:
        raise SecondPersonRequired("the other of commander and security owner has to agree")
    if waiting is not None and any(part is not waiting.part for part in parts):
        draft.add(RestrictionLifted(**draft.stamp, reason=reason))
        return
    draft.add(
        LiftingProposed(
            **draft.stamp, person=person, part=parts[0], reason=reason, until=until(draft)
        )
    )


def change_access(draft: Draft, command: ChangeAccess) -> None:
    """Lets a person in or keeps one out.

    Raises:
        GroupRequired: the person is neither commander nor security owner, or keeps out themselves.
    """
    person = draft.require(*_LIFTERS)
    access = draft.incident.access
    subject = limits.person(command.person)
    if subject == person and not command.allowed:
        raise GroupRequired("nobody keeps themselves out")
    if len(access.added) + len(access.excluded) >= limits.ACCESS:
        raise PayloadTooLarge(f"an incident names at most {limits.ACCESS} persons for access")
    draft.add(
        AccessChanged(
            **draft.stamp,
            person=subject,
            allowed=command.allowed,
            reason=reason_of(command.reason),
        )
    )


LONGEST_MINUTES = 24 * 60

MOST_LINES = 12


def authorize(draft: Draft, command: Authorize) -> None:
    """The commander approves that another person does one thing, once.

    Raises:
        GroupRequired: somebody else than the commander.
        SecondPersonRequired: the commander for themselves.
        BadInput: not a time from a minute to a day, or more lines than an act has.
    """
    draft.require_open()
    person = draft.require(Role.INCIDENT_COMMANDER)
    requester = limits.person(command.requester)
    if requester == person:
        raise SecondPersonRequired("an approval is for another person")
    minutes = command.minutes
    if minutes is None or not 1 <= minutes <= LONGEST_MINUTES:
        raise BadInput(f"an approval lasts 1 to {LONGEST_MINUTES} minutes", field="minutes")
    if not 1 <= len(command.input) <= MOST_LINES:
        raise BadInput(f"an act is described by 1 to {MOST_LINES} lines", field="input")
    lines = tuple(limits.line("input", each) for each in command.input)
    action = limits.name("action", command.action)
    draft.add(
        ActAuthorized(
            **draft.stamp,
            action=action,
            input=lines,
            input_hash=input_hash(action, lines),
            requester=requester,
            person=person,
            reason=reason_of(command.reason),
            expires_at=draft.at + timedelta(minutes=minutes),
        )
    )
