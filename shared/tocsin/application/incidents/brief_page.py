"""The first facts for a page, read when it leaves: what went out and what was before need stores.

A page without them is still a page: whatever goes wrong here is logged and holds nothing up. A
restricted incident's page has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.application.incidents.first_minutes import brief_of
from tocsin.notes import Event

if TYPE_CHECKING:
    from tocsin.incidents.model.outbox import OutboxItem
    from tocsin.incidents.queries.briefing import Brief
    from tocsin.notes import Notes
    from tocsin.ports.incidents import IncidentStore
    from tocsin.ports.releases import ReleaseStore
    from tocsin.ports.runbooks import PolicySource
    from tocsin.ports.time import IncidentClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Briefer:
    """`policies` have the people on call in their roster."""

    store: IncidentStore
    policies: PolicySource
    releases: ReleaseStore | None
    clock: IncidentClock
    notes: Notes

    def brief(self, item: OutboxItem) -> Brief | None:
        """The facts for a message that asks one person; None for any other, or if unknown."""
        if not item.personal or not item.facts.get("round"):
            return None
        try:
            incident = self.store.load(item.incident)
            if incident is None or incident.restricted:
                return None
            return brief_of(
                incident,
                policy=self.policies.version(incident.policy_version),
                at=self.clock.incident_now(),
                store=self.store,
                releases=self.releases,
            )
        except Exception as error:  # noqa: BLE001 - the page leaves without
            self.notes.failed(Event.BRIEF_MISSING, error, incident=item.incident, seq=item.seq)
            return None
