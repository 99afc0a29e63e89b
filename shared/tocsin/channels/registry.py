"""The channels messages can leave by, importing none until one is used.

A channel serves the targets of one prefix, or one kind of way of a person, and reads its address
from one field of the notifier's settings. Infra loops over this table for topics and rights; a new
channel is one module and one line here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.errors import UnknownName
from tocsin.registry import Entry, Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.ports.messages import Sender
    from tocsin.ports.people import WaySender


@dataclass(frozen=True, slots=True)
class Channel(Entry):
    """`targets` is the prefix of the outbox targets it serves, or `way` the kind of way.

    `setting` is the field it needs. `private` says that only the person reads what it carries, so
    that a link that acts for them may be in it.
    """

    setting: str
    targets: str = ""
    way: str = ""
    private: bool = False


CHANNELS = Registry(
    "channel",
    Channel(
        name="page", module="tocsin.channels.sns", targets="person:", setting="PAGES_TOPIC_ARN"
    ),
    Channel(
        name="stakeholders",
        module="tocsin.channels.sns",
        targets="audience:stakeholders",
        setting="STAKEHOLDERS_TOPIC_ARN",
    ),
    Channel(name="room", module="tocsin.channels.chat", targets="room", setting="CHAT_TOPIC_ARN"),
    Channel(name="sms", module="tocsin.channels.sms", way="sms", setting="STAGE", private=True),
    Channel(
        name="mail", module="tocsin.channels.mail", way="mail", setting="MAIL_FROM", private=True
    ),
    Channel(name="chat", module="tocsin.channels.chat", way="chat", setting="CHAT_TOPIC_ARN"),
    Channel(
        name="webhook",
        module="tocsin.channels.webhook",
        way="webhook",
        setting="DELIVERY_KEYS_SECRET",
        private=True,
    ),
)


def channel_for(target: str) -> Channel:
    """The channel that serves an outbox target.

    Raises:
        UnknownName: no channel serves it.
    """
    for channel in CHANNELS:
        if channel.targets and target.startswith(channel.targets):
            return channel
    raise UnknownName(f"no channel serves {target!r}", kind="channel")


def channel_of_way(kind: str) -> Channel:
    """The channel that serves a kind of way.

    Raises:
        UnknownName: no channel serves it.
    """
    for channel in CHANNELS:
        if channel.way == kind:
            return channel
    raise UnknownName(f"no channel serves ways of kind {kind!r}", kind="channel")


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


class KnownChannels:
    """Implements `application.people.route.Channels` by the table."""

    def label(self, target: str) -> str:
        return channel_for(target).name

    def private(self, way: str) -> bool:
        return channel_of_way(way).private
