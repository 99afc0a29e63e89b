"""Who is asked: the roster and the incident's own role holders, turned into person ids.

A role somebody has taken in the incident is paged in person; only an empty role falls back to
who is on duty for it.
"""

from collections.abc import Iterable

from tocsin.incidents.model import Incident
from tocsin.incidents.policy import Policy
from tocsin.incidents.vocabulary import Audience, Role


def people(audiences: Iterable[Audience], incident: Incident, policy: Policy) -> tuple[str, ...]:
    """The persons of some audiences, each once, first named first."""
    found: dict[str, None] = {}
    for audience in audiences:
        found.update(dict.fromkeys(_members(audience, incident, policy)))
    return tuple(found)


def holder(role: Role, incident: Incident, policy: Policy) -> str | None:
    """Who has the role in this incident, else who is on duty for it."""
    return incident.roles.get(role) or policy.roster.primary.get(role)


def in_charge(incident: Incident, policy: Policy) -> tuple[str, ...]:
    """Who hears of a missed promise: the commander and the engineering lead."""
    commander = holder(Role.INCIDENT_COMMANDER, incident, policy)
    lead = policy.roster.engineering_lead
    return tuple(dict.fromkeys(person for person in (commander, lead) if person))


def _members(audience: Audience, incident: Incident, policy: Policy) -> list[str]:
    roster = policy.roster
    paged = roster.paged[incident.category]
    match audience:
        case Audience.PRIMARY:
            chosen = [holder(role, incident, policy) for role in paged]
        case Audience.BACKUP:
            chosen = [roster.backup.get(role) for role in paged]
        case Audience.ENGINEERING_LEAD:
            chosen = [roster.engineering_lead]
        case Audience.ALL:
            chosen = [holder(role, incident, policy) for role in Role]
            chosen += [roster.backup.get(role) for role in Role]
            chosen.append(roster.engineering_lead)
        case Audience.STAKEHOLDERS:
            chosen = []
    return [person for person in chosen if person]
