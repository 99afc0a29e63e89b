"""How a message may reach its target: a topic, or the ways of a person one after the other.

A person's confirmed ways are tried in their order until one takes the message. Who has none gets
it through the topic of pages, which somebody may have subscribed for them; that is no proof that
it was heard, so it is counted and rings.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from tocsin.incidents.vocabulary import Severity, WayKind
from tocsin.notes import Event, Metric
from tocsin.people.links import BY_HAND
from tocsin.people.ways import order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from tocsin.application.people.mint_links import Minter
    from tocsin.incidents.model.outbox import OutboxItem, PersonalLinks
    from tocsin.incidents.queries.briefing import Brief
    from tocsin.incidents.runbook.policy import Policy
    from tocsin.notes import Notes
    from tocsin.people.ways import Way
    from tocsin.ports.messages import Message, Sender
    from tocsin.ports.people import ContactStore, WaySender

URGENT = "page"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way to try; `label` is `<channel>:<way id>` and names nobody.

    `rings` is the way of a page that rings there: of those only so many leave in full.
    """

    label: str
    send: Callable[[], str]
    rings: Way | None = None


class Writer(Protocol):
    """Puts an outbox item into words; raises `MalformedPayload` where its facts are too few."""

    def message(
        self,
        item: OutboxItem,
        policy: Policy,
        *,
        links: PersonalLinks | None = None,
        brief: Brief | None = None,
        at: datetime | None = None,
    ) -> Message:
        """`at` is when it leaves: what has passed by then is not said as if it lay ahead."""
        ...


class Channels(Protocol):
    """What is known of channels before one is opened."""

    def label(self, target: str) -> str:
        """The name of the channel that serves a target."""
        ...

    def private(self, way: str) -> bool:
        """Whether only the person reads what a kind of way carries."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Router:
    """`topics` opens the sender of a target, `ways` the channel of a kind of way.

    `writer` has the words, `channels` what is known of a channel before it is opened. `brief`
    answers the first facts for a message that asks, as far as they are known.
    """

    contacts: ContactStore
    topics: Callable[[str], Sender]
    ways: Callable[[str], WaySender]
    writer: Writer
    channels: Channels
    minter: Minter
    notes: Notes
    brief: Callable[[OutboxItem], Brief | None]

    def attempts(self, item: OutboxItem, policy: Policy, at: datetime) -> Iterator[Attempt]:
        """The attempts to make at `at`, in order, until one succeeds.

        Raises:
            MalformedPayload: the message cannot be written.
            StoreUnavailable: the person's ways could not be read.
        """
        brief = self.brief(item)
        told = self.writer.message(item, policy, brief=brief, at=at)
        label = self.channels.label(item.target)
        shared = Attempt(label, lambda: self.topics(item.target).send(told))
        if not item.personal:
            yield shared
            return
        bare = self.writer.message(item, policy, at=at)
        page = bare.attributes["urgency"] == URGENT
        step = int(item.facts.get("step") or 0)
        step = step if step > BY_HAND else BY_HAND - step
        ladder = policy.severities[Severity(bare.attributes["severity"])].escalation
        if page and not ladder.pages:  # a person asks: it rings as what is bad enough to ring
            ladder = policy.severities[Severity.CRITICAL].escalation
        kinds = ladder.ways if page else ladder.quiet_ways
        usable = order(self.contacts.ways(item.person), kinds, page=page, step=step)
        if not usable:
            self._nowhere(item)
            yield shared
            return
        links = self.minter.links(item, page=page)
        linked = self.writer.message(item, policy, links=links, brief=brief, at=at)
        for way in usable:
            message = linked if self.channels.private(way.kind) else bare
            rings = way if page and way.kind is not WayKind.MAIL else None
            yield Attempt(f"{way.kind}:{way.id}", partial(self._send, way, message), rings)

    def _send(self, way: Way, message: Message) -> str:
        return self.ways(way.kind).send(way, message)

    def _nowhere(self, item: OutboxItem) -> None:
        self.notes.warning(Event.PERSON_UNREACHABLE, incident=item.incident, seq=item.seq)
        self.notes.count(Metric.PEOPLE_UNREACHABLE, kind=item.kind)
