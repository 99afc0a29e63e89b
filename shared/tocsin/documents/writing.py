"""The words of every message, whoever it is for: the chat room's are its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.documents.chat_room import render_room
from tocsin.documents.messages import render
from tocsin.incidents.model.outbox import ROOM

if TYPE_CHECKING:
    from tocsin.incidents.model.outbox import OutboxItem, PersonalLinks
    from tocsin.incidents.queries.briefing import Brief
    from tocsin.incidents.runbook.policy import Policy
    from tocsin.ports.messages import Message


class Documents:
    """Implements `application.people.route.Writer`."""

    def message(
        self,
        item: OutboxItem,
        policy: Policy,
        *,
        links: PersonalLinks | None = None,
        brief: Brief | None = None,
    ) -> Message:
        """Raises `MalformedPayload` where the item's facts are not enough to write it from."""
        if item.target == ROOM:
            return render_room(item, policy)
        return render(item, policy, links, brief)
