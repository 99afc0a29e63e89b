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
from tocsin.people.links import (
    MAIL_LIFE,
    PAGE_LIFE,
    Bundle,
    Bundled,
    Link,
    LinkAction,
    bundle_token,
    handle_of,
    token,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import timedelta

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
        if not _asks(item):
            return None
        try:
            return self._mint(item, page=page)
        except TocsinError as error:
            self.notes.refused(Event.LINKS_MISSING, error, incident=item.incident, seq=item.seq)
            self.notes.count(Metric.LINKS_MISSING)
            return None

    def bundle(self, person: str, message_id: str, items: Sequence[OutboxItem]) -> str | None:
        """The address of the list behind a bundle, for one person; None if there is none now."""
        try:
            ring = self.ring()
            members = tuple(
                Bundled(
                    incident=item.incident,
                    message_id=item.message_id,
                    link=self._kept(item, ring, PAGE_LIFE) if _asks(item) else None,
                )
                for item in items
            )
            bundle = Bundle(
                handle=handle_of(message_id),
                kid=ring.current,
                person=person,
                message_id=message_id,
                expires_at=self.wall.wall_now() + PAGE_LIFE,
                members=members,
            )
            self.store.keep_bundle(bundle)
            return self._start() + bundle_token(bundle, ring)
        except TocsinError as error:
            self.notes.refused(Event.LINKS_MISSING, error, bundle=message_id)
            self.notes.count(Metric.LINKS_MISSING)
            return None

    def _mint(self, item: OutboxItem, *, page: bool) -> PersonalLinks:
        ring = self.ring()
        link = self._kept(item, ring, PAGE_LIFE if page else MAIL_LIFE)
        start = self._start()
        return PersonalLinks(*(start + token(link, action, ring) for action in LinkAction))

    def _kept(self, item: OutboxItem, ring: Keyring, life: timedelta) -> Link:
        link = self.store.keep(
            Link(
                handle=handle_of(item.message_id),
                kid=ring.current,
                incident=item.incident,
                person=item.person,
                round=int(item.facts["round"]),
                step=int(item.facts.get("step") or 0),
                message_id=item.message_id,
                expires_at=self.wall.wall_now() + life,
            )
        )
        if link.message_id != item.message_id:
            raise TocsinError("two messages share a handle")
        return link

    def _start(self) -> str:
        return self.base().rstrip("/") + PATH


def _asks(item: OutboxItem) -> bool:
    """Whether the message is one that links answer."""
    return item.personal and bool(item.facts.get("round"))
