"""What an audience was told last, so that it is not told the same again.

Written after a message left and before it is marked. Only audiences: a person who does not answer
is asked again in the same words on purpose.
"""

from dataclasses import dataclass
from typing import Protocol

from tocsin.incidents.outbox import OutboxItem


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
