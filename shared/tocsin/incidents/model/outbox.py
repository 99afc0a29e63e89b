"""What must be sent, decided purely from events and stored in the same transaction as they are.

One item per person, because an acknowledge link acknowledges as the person it was sent to. An
item's message id never changes, so a repeat after a crash is recognised as a repeat.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.incidents.timeline.entry import Json, canonical_json
from tocsin.incidents.vocabulary import MessageKind

STAKEHOLDERS = "audience:stakeholders"
ROOM = "room"
"""The team's chat room: which one it is, the stage's chat topic says."""
REDRIVE_AFTER = timedelta(seconds=60)
KEPT_ATTEMPTS = 20
REFUSED = "refused for good"
"""Ends the record of a message that every way refused in a way no repeating mends."""
_PERSON = "person:"


class OutboxState(StrEnum):
    """Pending until claimed; claimed until sent or until the lease ends."""

    PENDING = "pending"
    CLAIMED = "claimed"
    SENT = "sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxKey:
    """Names one outbox item: the incident and the item's sort key (`OUT#<seq>#<kind>#<target>`)."""

    incident: str
    sk: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxItem:
    """One message to one target: `person:<id>`, `audience:stakeholders` or `room`.

    `seq` is the timeline entry that asked for it. `due_at` (incident time) is when the sweep
    sends it again if nobody marked it sent. `facts` is what the text is written from. `tried` is
    the record of the last attempts, oldest first: `<channel>:<way id> <what became of it>`, never
    an address.
    """

    incident: str
    seq: int
    kind: MessageKind
    target: str
    due_at: datetime
    correlation_id: str
    facts: Mapping[str, str] = field(default_factory=dict)
    state: OutboxState = OutboxState.PENDING
    attempts: int = 0
    tried: tuple[str, ...] = ()

    @property
    def key(self) -> OutboxKey:
        sk = f"OUT#{self.seq:08d}#{self.kind}#{self.target}"
        return OutboxKey(incident=self.incident, sk=sk)

    @property
    def message_id(self) -> str:
        """`<incident>/<seq>/<kind>/<target>`: the same for every attempt."""
        return f"{self.incident}/{self.seq}/{self.kind}/{self.target}"

    @property
    def called(self) -> str:
        """What people call the incident: its number, or where it had none, its id."""
        return self.facts.get("short") or self.incident

    @property
    def personal(self) -> bool:
        return self.target.startswith(_PERSON)

    @property
    def person(self) -> str:
        """Whom a personal message is for."""
        return self.target.removeprefix(_PERSON)

    @property
    def content_hash(self) -> str:
        """Equal for two messages that would tell the same people the same thing.

        A number that came late is no news.
        """
        facts: dict[str, Json] = {k: v for k, v in self.facts.items() if k != "short"}
        told: dict[str, Json] = {"kind": str(self.kind), "target": self.target, "facts": facts}
        return hashlib.sha256(canonical_json(told)).hexdigest()


@dataclass(frozen=True, slots=True)
class PersonalLinks:
    """Whole addresses, each acting for one person; what one does is confirmed on its page."""

    acknowledge: str
    escalate: str
    hand_over: str
