"""What the page behind a link says besides the link: what is wrong, what changed, what comes next.

A page without them is still a page: whatever goes wrong here is logged and holds nothing up. Of a
restricted incident nothing is said to whoever has no more than a link.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.application.incidents.first_minutes import brief_of, opened_with
from tocsin.notes import Event

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.queries.briefing import Brief
    from tocsin.notes import Notes
    from tocsin.ports.incidents import IncidentStore
    from tocsin.ports.releases import ReleaseStore
    from tocsin.ports.runbooks import PolicySource
    from tocsin.ports.time import IncidentClock


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFacts:
    """The facts at `now`, incident time; empty where they are not to be said, or unknown."""

    now: datetime
    detail: str = ""
    brief: Brief | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFactsDesk:
    """`policies` have the people on call in their roster."""

    store: IncidentStore
    policies: PolicySource
    releases: ReleaseStore | None
    clock: IncidentClock
    notes: Notes

    def of(self, incident: Incident) -> LinkFacts:
        """What the page may say of the incident; never an error."""
        now = self.clock.incident_now()
        if incident.restricted:
            return LinkFacts(now=now)
        try:
            return LinkFacts(
                now=now,
                detail=opened_with(incident, self.store),
                brief=brief_of(
                    incident,
                    policy=self.policies.version(incident.policy_version),
                    at=now,
                    store=self.store,
                    releases=self.releases,
                ),
            )
        except Exception as error:  # noqa: BLE001 - the page comes without
            self.notes.failed(Event.BRIEF_MISSING, error, incident=incident.id)
            return LinkFacts(now=now)
