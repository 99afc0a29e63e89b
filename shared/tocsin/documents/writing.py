"""The words of every message, whoever it is for: the chat room's are its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.documents.bundle import render_bundle, worst_first
from tocsin.documents.chat_room import render_room
from tocsin.documents.messages import render
from tocsin.errors import MalformedPayload
from tocsin.incidents.model.outbox import ROOM
from tocsin.incidents.vocabulary import MessageKind
from tocsin.ports.messages import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from tocsin.incidents.model.outbox import OutboxItem, PersonalLinks
    from tocsin.incidents.queries.briefing import Brief
    from tocsin.incidents.runbook.policy import Policy


_PASSED_ON = frozenset({MessageKind.UPDATE, MessageKind.RECONCILIATION})
SUBJECT, SHORT = 99, 140
"""Characters: what a topic takes as a subject, and what a telephone shows at once."""


class Documents:
    """Implements `application.people.route.Writer` and `bundles.BundleWriter`."""

    def message(
        self,
        item: OutboxItem,
        policy: Policy,
        *,
        links: PersonalLinks | None = None,
        brief: Brief | None = None,
        at: datetime | None = None,
    ) -> Message:
        """Raises `MalformedPayload` where the item's facts are not enough to write it from."""
        if item.target == ROOM:
            return render_room(item, policy, at)
        if item.kind in _PASSED_ON:
            return _passed_on(item)
        return render(item, policy, links, brief, at)

    def bundle(
        self,
        items: Sequence[OutboxItem],
        policies: Callable[[OutboxItem], Policy],
        *,
        message_id: str,
        link: str | None,
        at: datetime,
    ) -> Message:
        """Many messages to one person as one, the worst first."""
        return render_bundle(items, policies, message_id=message_id, link=link, at=at)

    def worst_first(self, items: Sequence[OutboxItem]) -> tuple[OutboxItem, ...]:
        """The order in which a bundle names and lists them."""
        return worst_first(items)


def _passed_on(item: OutboxItem) -> Message:
    """An update or a report in its own words, which its entry has too."""
    headline, text = item.facts.get("headline"), item.facts.get("text")
    if headline is None or text is None:
        raise MalformedPayload("what is passed on has no words with it")
    return Message(
        subject=f"{item.called} | {headline}"[:SUBJECT],
        text=text,
        short=headline[:SHORT],
        attributes={
            "person": item.target,
            "kind": item.kind,
            "incident": item.incident,
            "message_id": item.message_id,
            "urgency": "mail",
            **({"audience": item.facts["audience"]} if "audience" in item.facts else {}),
        },
    )
