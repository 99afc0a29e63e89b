"""Boards and preventive work in memory: the twins of `incidents.boards`, over one store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.adapters.incidents.forms import action_of, board_sk
from tocsin.errors import BadInput
from tocsin.incidents.model.outbox import OutboxState
from tocsin.ports.incidents import ActionPage, Marks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.adapters.incidents.memory import MemoryIncidents
    from tocsin.ports.signals import Pointer


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

    def mend(self, pointer: Pointer) -> bool:
        return self._incidents.mend(pointer)


class MemoryActions:
    """An `ActionStore` over `MemoryIncidents.actions`: texts by incident and id."""

    def __init__(self, texts: Mapping[tuple[str, str], str]) -> None:
        self._texts = texts

    def page(self, *, done: bool, limit: int = 50, cursor: str | None = None) -> ActionPage:
        if cursor is not None and "#" not in cursor:
            raise BadInput("this cursor was not given out here")
        found = (action_of(text) for text in self._texts.values())
        rows = sorted((board_sk(each), each) for each in found if each.open is not done)
        rows = [row for row in rows if cursor is None or row[0] > cursor]
        page = rows[:limit]
        more = page[-1][0] if len(rows) > limit else None
        return ActionPage(actions=tuple(each for _, each in page), cursor=more)
