"""People's ways in a test: addresses nobody has, and channels that lead into the inbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.incidents.vocabulary import WayKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.people.ways import Way
    from tocsin.ports.messages import Message, Sender

USUAL_WAYS = (WayKind.SMS, WayKind.MAIL)


def an_address(kind: WayKind, person: str, number: int) -> str:
    """An address of that kind for a person; telephone numbers end in the fictional 01xx."""
    return {
        WayKind.SMS: f"+120255501{number:02d}",
        WayKind.MAIL: f"{person}@tocsin.example",
        WayKind.CHAT: f"U{number:08d}",
        WayKind.WEBHOOK: f"https://pager.example/{person}",
    }[kind]


@dataclass(frozen=True, slots=True)
class InboxWays:
    """A `WaySender` of one kind; `refuse` raises what the test wants raised."""

    kind: str
    refuse: Callable[[str], None]
    sender: Callable[[str], Sender]

    def send(self, way: Way, message: Message) -> str:
        self.refuse(f"{self.kind}:{way.person}")
        return self.sender(self.kind).send(message)
