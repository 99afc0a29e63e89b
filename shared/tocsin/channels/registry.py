"""The channels messages can leave by, importing none until one is used.

A channel serves the targets of one prefix, or one kind of way of a person, and reads its address
from one field of the notifier's settings. Infra loops over this table for topics and rights; a new
channel is one module and one line here.
"""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.errors import UnknownName
from tocsin.registry import Entry, Registry


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
