"""Who may know of an incident, by all that is known: itself, who is on duty, whom messages named.

Whoever is asked about an incident can open it. A restricted one is hidden from everybody else, and
from whom it was decided to keep out, whatever else would let them in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.incidents.queries.access import kept_out, may_see, on_duty

if TYPE_CHECKING:
    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.vocabulary import Group
    from tocsin.ports.incidents import IncidentStore
    from tocsin.ports.runbooks import PolicySource


def sees(
    incident: Incident,
    person: str,
    groups: frozenset[Group],
    *,
    store: IncidentStore,
    policies: PolicySource,
) -> bool:
    """Whether the person may know of the incident; asks the store only where nothing else says.

    Raises:
        StoreUnavailable: whom messages addressed could not be read.
    """
    if may_see(incident, person, groups):
        return True
    if kept_out(incident, person):
        return False
    return on_duty(incident, person, policies.version(incident.policy_version)) or (
        person in store.addressed(incident.id)
    )
