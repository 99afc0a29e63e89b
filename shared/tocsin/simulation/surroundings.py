"""What stands around a simulated Tocsin: time, ids, a runbook, notes, and who carries messages."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import count
from random import Random
from typing import TYPE_CHECKING

from tocsin.application.people.route import Attempt, Router
from tocsin.errors import TocsinError
from tocsin.incidents.vocabulary import MessageKind, WayKind
from tocsin.notes import Event
from tocsin.people.ways import Way, WayState
from tocsin.ports.messages import Message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.incidents.model.outbox import OutboxItem
    from tocsin.incidents.runbook.policy import Policy


@dataclass(slots=True)
class SimulatedClock:
    """Incident time and the wall's, which a simulation moves together."""

    now: datetime

    def begin(self) -> None:
        """Nothing to read."""

    def incident_now(self) -> datetime:
        return self.now

    def wall_now(self) -> datetime:
        return self.now


class SeededIds:
    """Ids and salts that a seed decides."""

    def __init__(self, seed: int) -> None:
        self._dice, self._count = Random(seed), count(1)  # noqa: S311 - repeatable on purpose

    def incident_id(self, *, drill: bool) -> str:
        return ("DRL-" if drill else "INC-") + self.unique_id()

    def unique_id(self) -> str:
        return f"{next(self._count):010d}{self._dice.randrange(16**16):016X}"

    def salt(self) -> bytes:
        return self._dice.randbytes(32)


class Quiet:
    """Takes notes and keeps those of what nobody meant to happen."""

    def __init__(self) -> None:
        self.unmeant: list[str] = []

    def info(self, event: str, **fields: object) -> None: ...

    def warning(self, event: str, **fields: object) -> None:
        reason = str(fields.get("reason", ""))
        if event == Event.RECORD_FAILED and not reason.startswith(_MEANT):
            self.unmeant.append(f"{event}: {reason}")

    def refused(self, event: str, error: TocsinError, **fields: object) -> None: ...

    def failed(self, event: str, error: BaseException, **fields: object) -> None:  # noqa: ARG002 - the port's
        if isinstance(error, TocsinError) and error.retryable:
            return
        self.unmeant.append(f"{event}: {type(error).__name__}: {error}")

    def count(self, metric: str, value: int = 1, **details: str) -> None: ...

    def gauge(self, measure: str, value: int, **details: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Postman(Router):
    """Routes every message, and has one of some written as it would be: writing takes longest.

    The first two of a kind about an incident as it stands are written, then every tenth; the
    others carry their facts.
    """

    written: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    rings: dict[str, Way | None] = field(default_factory=dict)

    def attempts(self, item: OutboxItem, policy: Policy, at: datetime) -> Iterator[Attempt]:
        about = (item.incident, item.kind, item.facts.get("why", item.facts.get("step", "")))
        self.written[about] += 1
        if self.written[about] <= 2 or self.written[about] % 10 == 0:  # noqa: PLR2004 - as said
            yield from Router.attempts(self, item, policy, at)
            return
        attributes = {"person": item.target, "kind": item.kind, "incident": item.incident}
        attributes["message_id"] = item.message_id
        if item.personal:
            attributes["person"] = item.person
        told = " | ".join(item.facts.values())
        message = Message(subject="", text=told, short="", attributes=attributes)
        rings = None
        if item.personal and item.kind is MessageKind.PAGE:
            rings = self._telephone(item.person)
        for name in ("sms", "mail") if item.personal else ("sns",):
            send = partial(self.ways(name).send, _NOWHERE, message)
            yield Attempt(name, send, rings if name == "sms" else None)

    def _telephone(self, person: str) -> Way | None:
        """Read once: nobody changes their ways here."""
        if person not in self.rings:
            ways = self.contacts.ways(person)
            self.rings[person] = next((way for way in ways if way.kind is WayKind.SMS), None)
        return self.rings[person]


_MEANT = ("StoreUnavailable", "VersionConflict", "SendFailed", "SignalsNotReceived")
"""What fails for the time being, and is tried again."""
_NOWHERE = Way(
    person="",
    id="",
    kind=WayKind.SMS,
    address="",
    state=WayState.CONFIRMED,
    added_at=datetime(2026, 1, 1, tzinfo=UTC),
)
"""Of a message that is not written nobody asks where it goes."""
