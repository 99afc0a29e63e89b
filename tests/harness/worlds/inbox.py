"""Every message that left, and a test that must account for each of them.

A message nobody expected is a failure: paging that does not stop is as much a bug as paging that
does not start.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from tocsin.incidents.model.outbox import OutboxItem
    from tocsin.ports.messages import Message

NEW_YORK = ZoneInfo("America/New_York")


@dataclass(frozen=True, slots=True)
class Received:
    """One message as it arrived; `at` is incident time, `to` a person or an audience."""

    at: datetime
    channel: str
    message: Message

    @property
    def kind(self) -> str:
        return self.message.attributes["kind"]

    @property
    def to(self) -> str:
        return self.message.attributes["person"]

    @property
    def id(self) -> str:
        return self.message.attributes["message_id"]

    def __str__(self) -> str:
        return f"{_local(self.at)} {self.kind} to {self.to}: {self.message.subject}"


UPDATE_MARKS = (" UPDATE DUE:", " UPDATE MISSED:")
PASSED_ON = ("update", "reconciliation")
ENDS = ("acknowledged", "closed", "reopened")
"""What tells that somebody has it, or that it is over or not: mail, which asks for nothing."""


class Inbox:
    """What arrived and was not yet expected, in the order it arrived; `all` forgets nothing.

    Mail about promised updates is kept apart in `updates`: a story about who is paged need not
    send updates as well, and a story about updates looks there. So are `ends`.
    """

    def __init__(self) -> None:
        self.all: list[Received] = []
        self.updates: list[Received] = []
        self.ends: list[Received] = []
        self._left: list[Received] = []

    def receive(self, received: Received) -> None:
        self.all.append(received)
        about_update = received.kind in PASSED_ON or any(
            mark in received.message.subject for mark in UPDATE_MARKS
        )
        if received.kind in ENDS:
            self.ends.append(received)
        else:
            (self.updates if about_update else self._left).append(received)

    def expect(self, kind: str, *people: str, at: str = "", subject: str = "") -> list[Received]:
        """Takes one message of `kind` to each of `people` out of the inbox.

        `at` is the wall clock in New York, like `10:05`; `subject` must occur in the subject.
        """
        return [self._take(kind, person, at, subject) for person in people]

    def take_all(self) -> list[Received]:
        """Everything left, for tests that are about something else than who was told."""
        taken, self._left = self._left, []
        return taken

    def expect_nothing_more(self) -> None:
        """Fails if a message is left that the test did not expect."""
        assert not self._left, f"unexpected messages:\n{self}"

    def _take(self, kind: str, person: str, at: str, subject: str) -> Received:
        for received in self._left:
            if (
                (received.kind, received.to) == (kind, person)
                and at in {"", _local(received.at)}
                and subject in received.message.subject
            ):
                self._left.remove(received)
                return received
        wanted = " ".join(part for part in (at, kind, "to", person, subject) if part)
        raise AssertionError(f"no message: {wanted}\nwhat is left:\n{self}")

    def __str__(self) -> str:
        return "\n".join(f"  {received}" for received in self._left) or "  nothing"


class InboxSender:
    """A `Sender` into the inbox."""

    def __init__(self, inbox: Inbox, channel: str, now: Callable[[], datetime]) -> None:
        self._inbox = inbox
        self._channel = channel
        self._now = now

    def send(self, message: Message) -> str:
        self._inbox.receive(Received(self._now(), self._channel, message))
        return f"{self._channel}-{len(self._inbox.all)}"


def _local(moment: datetime) -> str:
    return f"{moment.astimezone(NEW_YORK):%H:%M}"


def passed_on(items: Iterable[OutboxItem]) -> list[tuple[str, str, str]]:
    """Incident, subject and text of what stakeholders are told in words of its own."""
    return [
        (item.incident, item.facts["headline"], item.facts["text"])
        for item in items
        if item.kind in PASSED_ON
    ]
