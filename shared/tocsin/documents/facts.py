"""What a message is written from: the facts stored with its outbox item, read once and checked.

The facts are a snapshot of the moment the message was decided. They are stored because the text
must not change between two attempts, and plain strings because they are read by a later version
of the program than the one that wrote them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from tocsin.errors import MalformedPayload
from tocsin.incidents.timeline.entry import parse_time
from tocsin.incidents.vocabulary import Kind, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The facts of one message; absent ones are None or empty.

    `ask_by` is when somebody must have acknowledged, `due_at` the deadline of `clock` that this
    message is about; `matter` names what falls due that is no clock. `person` is who acted,
    `paged` who was asked in the same step, `asks` how often people were, `asked_as` by which part
    of the ladder the reader is. `why` people are asked and `since` when are the round's, `cause` is
    what was said to it; `lost` names what was lost; `answer_by` is when a person who was asked for
    by hand has to answer, `deadline` when the holder of a role is late for `clock`. A restricted
    incident has neither title nor category nor service.
    """

    title: str
    severity: Severity
    kind: Kind
    opened_at: datetime
    restricted: bool
    category: str
    service: str
    environment: str
    ask_by: datetime | None
    due_at: datetime | None
    clock: str
    matter: str
    criterion: str
    role: str
    briefing: str
    audience: str
    person: str
    reason: str
    round: int
    paged: tuple[str, ...]
    why: str
    since: datetime | None
    cause: str
    asked_as: str
    asks: int
    lost: str
    answer_by: datetime | None
    deadline: datetime | None
    resolution: str
    text: str

    @classmethod
    def read(cls, facts: Mapping[str, str]) -> Self:
        """Raises `MalformedPayload` if a fact every message needs is missing or unreadable."""
        try:
            return cls(
                title=facts["title"],
                severity=Severity(facts["severity"]),
                kind=Kind(facts["kind"]),
                opened_at=parse_time(facts["opened_at"]),
                restricted=facts["restricted"] == "true",
                category=facts.get("category", ""),
                service=facts.get("service", ""),
                environment=facts.get("environment", ""),
                ask_by=_moment(facts, "round_due") or _moment(facts, "acknowledge_due"),
                due_at=_moment(facts, "due_at"),
                clock=facts.get("clock", ""),
                matter=facts.get("matter", ""),
                criterion=facts.get("criterion", ""),
                role=facts.get("role", "").replace("_", " "),
                briefing=facts.get("briefing", ""),
                audience=facts.get("audience", ""),
                person=facts.get("person", "") or facts.get("by", ""),
                reason=facts.get("reason", ""),
                round=int(facts.get("round") or 1),
                paged=tuple(name.strip() for name in facts.get("paged", "").split(",") if name),
                why=facts.get("why", ""),
                since=_moment(facts, "since"),
                cause=facts.get("cause", ""),
                asked_as=facts.get("as", ""),
                asks=int(facts.get("asks") or 1),
                lost=facts.get("lost", ""),
                answer_by=_moment(facts, "answer_by"),
                deadline=_moment(facts, "deadline"),
                resolution=facts.get("resolution", ""),
                text=facts.get("text", ""),
            )
        except (KeyError, ValueError) as error:
            raise MalformedPayload(
                f"a message cannot be written from its facts: {error}"
            ) from error


def _moment(facts: Mapping[str, str], name: str) -> datetime | None:
    return parse_time(facts[name]) if facts.get(name) else None
