"""Who may see a restricted incident, and who may change that (semantics 11)."""

from tocsin.errors import GroupRequired, IllegalTransition, PayloadTooLarge, SecondPersonRequired
from tocsin.incidents import commands_record as c
from tocsin.incidents import limits
from tocsin.incidents.draft import Draft, reason_of
from tocsin.incidents.events_record import (
    AccessChanged,
    LiftingProposed,
    Restricted,
    RestrictionLifted,
)
from tocsin.incidents.model import Incident
from tocsin.incidents.vocabulary import Group, Role

_LIFTERS = (Role.INCIDENT_COMMANDER, Role.SECURITY_OWNER)


def may_see(incident: Incident, person: str, groups: frozenset[Group]) -> bool:
    """Whether the person sees the incident at all; others are told that it does not exist."""
    if not incident.restricted:
        return True
    if person in incident.access.excluded:
        return False
    return (
        Group.SECURITY in groups
        or person in incident.roles.values()
        or person in incident.access.added
    )


def restrict(draft: Draft, command: c.Restrict) -> None:
    """Hides it from everybody without a part in it."""
    draft.require(*_LIFTERS)
    if draft.incident.restricted:
        raise IllegalTransition("the incident is restricted already")
    draft.add(Restricted(**draft.stamp, reason=reason_of(command.reason)))


def lift(draft: Draft, command: c.LiftRestriction) -> None:
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
    draft.add(LiftingProposed(**draft.stamp, person=person, part=parts[0], reason=reason))


def change_access(draft: Draft, command: c.ChangeAccess) -> None:
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
