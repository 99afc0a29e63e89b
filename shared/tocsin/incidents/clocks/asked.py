"""Who is asked: the roster and the incident's own role holders, turned into person ids.

A role somebody has taken in the incident is paged in person; only an empty role falls back to
who is on call for it, and a role for which nobody is on call to who comes next. Who is excluded
from an incident is asked nothing about it: as if they were not there, for this one.
"""

from collections.abc import Iterable

from tocsin.incidents.model.incident import Incident
from tocsin.incidents.runbook.policy import Policy
from tocsin.incidents.vocabulary import Audience, Role


def people(audiences: Iterable[Audience], incident: Incident, policy: Policy) -> tuple[str, ...]:
    """The persons of some audiences, each once, first named first."""
    found: dict[str, None] = {}
    for audience in audiences:
        found.update(dict.fromkeys(_members(audience, incident, policy)))
    return tuple(found)


def holder(role: Role, incident: Incident, policy: Policy) -> str | None:
    """Who has the role in this incident, else who is on call for it."""
    return _first(incident, incident.roles.get(role), policy.roster.primary.get(role))


def asked_first(incident: Incident, policy: Policy) -> tuple[Role, ...]:
    """The roles paged first: those of its category, then those that its rule names besides."""
    paged = policy.roster.paged[incident.category]
    return (*paged, *(role for role in incident.asked_roles or () if role not in paged))


def on_call(incident: Incident, policy: Policy) -> dict[Role, str]:
    """Who is on call for the roles that are asked first."""
    primary = policy.roster.primary
    return {
        role: primary[role]
        for role in asked_first(incident, policy)
        if _first(incident, primary.get(role)) is not None
    }


def gaps(incident: Incident, policy: Policy) -> dict[Role, str]:
    """The roles asked first that nobody holds or is on call for, and who is asked instead."""
    return {
        role: _stand_in(role, incident, policy) or NOBODY
        for role in asked_first(incident, policy)
        if holder(role, incident, policy) is None
    }


def in_charge(incident: Incident, policy: Policy) -> tuple[str, ...]:
    """Who hears of a missed promise: the commander and the engineering lead."""
    commander = holder(Role.INCIDENT_COMMANDER, incident, policy)
    return allowed((commander, policy.roster.engineering_lead), incident)


def speakers(incident: Incident, policy: Policy) -> tuple[str, ...]:
    """Who hears of what is to be said: the communications owner and the commander."""
    roles = (Role.COMMUNICATIONS_OWNER, Role.INCIDENT_COMMANDER)
    asked = (holder(role, incident, policy) for role in roles)
    return allowed(asked, incident)


def answerable(role: Role, incident: Incident, policy: Policy) -> tuple[str, ...]:
    """Who overdue work of a role goes to, one after the other: holder, backup, commander."""
    line = (
        holder(role, incident, policy),
        policy.roster.backup.get(role),
        holder(Role.INCIDENT_COMMANDER, incident, policy) or policy.roster.engineering_lead,
    )
    return allowed(line, incident)


def allowed(people: Iterable[str | None], incident: Incident) -> tuple[str, ...]:
    """Those of some people who may be asked about the incident, each once."""
    out = incident.access.excluded
    return tuple(dict.fromkeys(person for person in people if person and person not in out))


NOBODY = "nobody"
"""Stands where even the last in line may not be asked."""


def _first(incident: Incident, *line: str | None) -> str | None:
    return next(iter(allowed(line, incident)), None)


def _stand_in(role: Role, incident: Incident, policy: Policy) -> str | None:
    """Who is asked where nobody is on call: backup, then deputies in order, then the lead."""
    roster = policy.roster
    line = (roster.backup.get(role), *roster.deputies.get(role, ()), roster.engineering_lead)
    return _first(incident, *line)


def _members(audience: Audience, incident: Incident, policy: Policy) -> list[str]:
    roster = policy.roster
    paged = asked_first(incident, policy)
    chosen: list[str | None]
    match audience:
        case Audience.PRIMARY:
            chosen = [
                holder(role, incident, policy) or _stand_in(role, incident, policy)
                for role in paged
            ]
        case Audience.BACKUP:
            chosen = [
                _first(incident, roster.backup.get(role), *roster.deputies.get(role, ()))
                for role in paged
            ]
        case Audience.ENGINEERING_LEAD:
            chosen = [roster.engineering_lead]
        case Audience.ALL:
            chosen = [holder(role, incident, policy) for role in Role]
            chosen += [roster.backup.get(role) for role in Role]
            chosen += [person for role in Role for person in roster.deputies.get(role, ())]
            chosen.append(roster.engineering_lead)
        case Audience.STAKEHOLDERS:
            chosen = []
    return [*allowed(chosen, incident)]
