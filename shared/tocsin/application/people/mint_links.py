"""Links for a personal message that asks somebody to acknowledge.

Made from the message's id, so that a repeat after a crash carries the same ones. A page without a
link is still a page: when the key, the record or the address cannot be had, the message leaves
without and the log says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.errors import TocsinError
from tocsin.incidents.model.outbox import PersonalLinks
from tocsin.notes import Event, Metric
from tocsin.people.links import MAIL_LIFE, PAGE_LIFE, Link, LinkAction, handle_of, token

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.incidents.model.outbox import OutboxItem
    from tocsin.notes import Notes
    from tocsin.people.links import Keyring
    from tocsin.ports.people import LinkStore
    from tocsin.ports.time import WallClock

PATH = "/a/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Minter:
    """`ring` answers the sealing keys, `base` the address that the public reaches Tocsin under."""

    store: LinkStore
    ring: Callable[[], Keyring]
    base: Callable[[], str]
    wall: WallClock
    notes: Notes

    def links(self, item: OutboxItem, *, page: bool) -> PersonalLinks | None:
        """The message's links; None if it asks for nothing or none can be made now."""
        if not item.personal or not item.facts.get("round"):
            return None
        try:
            return self._mint(item, page=page)
        except TocsinError as error:
            self.notes.refused(Event.LINKS_MISSING, error, incident=item.incident, seq=item.seq)
            self.notes.count(Metric.LINKS_MISSING)
            return None

    def _mint(self, item: OutboxItem, *, page: bool) -> PersonalLinks:
        ring = self.ring()
        link = self.store.keep(
            Link(
                handle=handle_of(item.message_id),
                kid=ring.current,
                incident=item.incident,
                person=item.person,
                round=int(item.facts["round"]),
                step=int(item.facts.get("step") or 0),
                message_id=item.message_id,
                expires_at=self.wall.wall_now() + (PAGE_LIFE if page else MAIL_LIFE),
            )
        )
        if link.message_id != item.message_id:
            raise TocsinError("two messages share a handle")
        start = self.base().rstrip("/") + PATH
        return PersonalLinks(*(start + token(link, action, ring) for action in LinkAction))
