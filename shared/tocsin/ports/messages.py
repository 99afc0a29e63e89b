"""What an audience was told last, so that it is not told the same again.

Written after a message left and before it is marked. Only audiences: a person who does not answer
is asked again in the same words on purpose.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from tocsin.incidents.model.outbox import OutboxItem


@dataclass(frozen=True, slots=True)
class Told:
    """The content hash of the last message, and the timeline entry that asked for it."""

    hash: str
    seq: int


class NewsStore(Protocol):
    """The last message by incident, kind and target."""

    def last(self, item: OutboxItem) -> Told | None:
        """What the item's audience heard last of its kind."""
        ...

    def keep(self, item: OutboxItem) -> None:
        """The item left."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A text ready to leave: `short` fits one SMS, `subject` one mail subject line.

    `attributes` is what subscriptions filter on and what a receiver recognises a repeat by.
    `next_steps` are for channels that show them apart.
    """

    subject: str
    text: str
    short: str
    attributes: Mapping[str, str]
    next_steps: tuple[str, ...] = ()


class Sender(Protocol):
    """One channel to one audience."""

    def send(self, message: Message) -> str:
        """Hands the message over and returns the channel's own id for it.

        Raises:
            SendFailed: the channel did not answer or was too busy; the same message may be sent
                again, and may then arrive twice.
            MessageRefused: the channel will never take this message.
        """
        ...
