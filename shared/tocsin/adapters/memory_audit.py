"""The twin of `dynamodb_audit`, over the incidents in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.incidents.model.outbox import OutboxState
from tocsin.ports.incidents import Marks

if TYPE_CHECKING:
    from tocsin.adapters.memory_incidents import MemoryIncidents


class MemoryAudit:
    """An `AuditStore` over `MemoryIncidents`."""

    def __init__(self, incidents: MemoryIncidents) -> None:
        self._incidents = incidents

    def marks(self, incident_id: str) -> Marks | None:
        if (incident := self._incidents.load(incident_id)) is None:
            return None
        return Marks(
            incident=incident,
            due=self._incidents.due_mark(incident_id),
            unsent=tuple(
                item
                for item in self._incidents.all_outbox()
                if item.incident == incident_id and item.state is not OutboxState.SENT
            ),
        )
