"""How a message may reach its target: a topic, or the ways of a person one after the other.

A person's confirmed ways are tried in their order until one takes the message. Who has none gets
it through the topic of pages, which somebody may have subscribed for them; that is no proof that
it was heard, so it is counted and rings.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tocsin.channels.registry import CHANNELS, channel_for, channel_of_way
from tocsin.documents.chat_room import render_room
from tocsin.documents.messages import render
from tocsin.incidents.model.outbox import ROOM
from tocsin.incidents.vocabulary import Severity
from tocsin.people.ways import order
from tocsin.runtime.watch.names import Event, Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from functions.notifier.linking import Minter
    from tocsin.incidents.model.outbox import OutboxItem
    from tocsin.incidents.queries.briefing import Brief
    from tocsin.incidents.runbook.policy import Policy
    from tocsin.people.ways import Way
    from tocsin.ports.messages import Message, Sender
    from tocsin.ports.people import ContactStore, WaySender
    from tocsin.runtime.watch.invocation import Watch

URGENT = "page"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way to try; `label` is `<channel>:<way id>` and names nobody."""

    label: str
    send: Callable[[], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Router:
    """`topics` opens the sender of a target, `ways` the channel of a kind of way.

    `brief` answers the first facts for a message that asks, as far as they are known.
    """

    contacts: ContactStore
    topics: Callable[[str], Sender]
    ways: Callable[[str], WaySender]
    minter: Minter
    watch: Watch
    brief: Callable[[OutboxItem], Brief | None]

    def attempts(self, item: OutboxItem, policy: Policy) -> Iterator[Attempt]:
        """The attempts to make, in order, until one succeeds.

        Raises:
            MalformedPayload: the message cannot be written.
            StoreUnavailable: the person's ways could not be read.
        """
        brief = self.brief(item)
        room = item.target == ROOM
        told = render_room(item, policy) if room else render(item, policy, brief=brief)
        shared = Attempt(channel_for(item.target).name, lambda: self.topics(item.target).send(told))
        if not item.personal:
            yield shared
            return
        bare = render(item, policy)
        page = bare.attributes["urgency"] == URGENT
        step = int(item.facts.get("step") or 0)
        ladder = policy.severities[Severity(bare.attributes["severity"])].escalation
        kinds = ladder.ways if page else ladder.quiet_ways
        usable = order(self.contacts.ways(item.person), kinds, page=page, step=step)
        if not usable:
            self._nowhere(item)
            yield shared
            return
        linked = render(item, policy, self.minter.links(item, page=page), brief)
        for way in usable:
            message = linked if channel_of_way(way.kind).private else bare
            yield Attempt(f"{way.kind}:{way.id}", partial(self._send, way, message))

    def _send(self, way: Way, message: Message) -> str:
        return self.ways(way.kind).send(way, message)

    def _nowhere(self, item: OutboxItem) -> None:
        self.watch.journal.warning(Event.PERSON_UNREACHABLE, incident=item.incident, seq=item.seq)
        self.watch.meter.count(Metric.PEOPLE_UNREACHABLE, kind=item.kind)


def registered_topics(settings: Mapping[str, str]) -> Callable[[str], Sender]:
    """Senders by target from the channel registry, each made with its first message.

    `settings` are the function's settings by field name.
    """
    made: dict[str, Sender] = {}

    def sender(target: str) -> Sender:
        channel = channel_for(target)
        if channel.name not in made:
            module = CHANNELS.module(channel.name)
            made[channel.name] = module.open_channel(settings[channel.setting])
        return made[channel.name]

    return sender


def registered_ways(settings: Mapping[str, str]) -> Callable[[str], WaySender]:
    """Channels by kind of way, each made with its first message."""
    made: dict[str, WaySender] = {}

    def sender(kind: str) -> WaySender:
        channel = channel_of_way(kind)
        if channel.name not in made:
            made[channel.name] = CHANNELS.module(channel.name).open_ways(settings)
        return made[channel.name]

    return sender
