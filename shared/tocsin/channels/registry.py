"""The channels messages can leave by, importing none until one is used.

A channel serves the targets of one prefix, and reads its address from one field of the notifier's
settings. Infra loops over this table for topics and rights; a new channel is one module and one
line here.
"""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.errors import UnknownName
from tocsin.registry import Entry, Registry


@dataclass(frozen=True, slots=True)
class Channel(Entry):
    """`targets` is the prefix of the outbox targets it serves, `setting` the field it needs."""

    targets: str
    setting: str


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
)


def channel_for(target: str) -> Channel:
    """The channel that serves an outbox target.

    Raises:
        UnknownName: no channel serves it.
    """
    for channel in CHANNELS:
        if target.startswith(channel.targets):
            return channel
    raise UnknownName(f"no channel serves {target!r}", kind="channel")
