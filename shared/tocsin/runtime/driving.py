"""What a driver of long work does when it is woken: message in, time left, hand on.

One message names one work. It is driven until there is nothing to drive or the time is nearly up,
and then a new message goes on; a driver that dies leaves its message, and the queue hands it to the
next one (`runtime.draining`). `work` is what a message calls it, `replay` or `reconciliation`: one
kind to a queue.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from tocsin.errors import UNREADABLE, MalformedPayload, TocsinError, VersionConflict
from tocsin.notes import Event, Metric
from tocsin.runtime.batch import failures

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.adapters.aws.call import AwsCall
    from tocsin.notes import Notes

    class Driven(Protocol):
        """A cursor, as far as it says whether to go on."""

        @property
        def idle(self) -> bool: ...

    class Running[C](Protocol):
        """Drives the work of that name while `go_on` says that there is time."""

        def __call__(self, name: str, /, *, go_on: Callable[[], bool]) -> C: ...


FORMAT = 1
LOOK_AGAIN = 300
"""Seconds after which a driver that left to another looks whether that one is alive."""


def nobody() -> None:
    """Wakes nobody: who sends takes the message itself."""


@dataclass(frozen=True, slots=True)
class SqsDrive:
    """Hands a work to a driver, `later` in some minutes; called with the id of what it is.

    `wake` wakes one for it; who is to drive later is woken by the watch over the queue.
    """

    aws: AwsCall
    queue_url: str
    work: str
    wake: Callable[[], None] = nobody

    def __call__(self, name: str) -> None:
        self._send(name, {})
        self.wake()

    def later(self, name: str) -> None:
        self._send(name, {"DelaySeconds": LOOK_AGAIN})

    def _send(self, name: str, delay: Mapping[str, int]) -> None:
        body = json.dumps({"v": FORMAT, self.work: name}, separators=(",", ":"))
        self.aws.call("SendMessage", {"QueueUrl": self.queue_url, "MessageBody": body, **delay})


def read_drive(text: str, *, work: str) -> str:
    """The id a message names.

    Raises:
        MalformedPayload: this is no such message.
    """
    try:
        document = json.loads(text)
        if document["v"] != FORMAT:
            raise MalformedPayload("The message is of an unknown format.")
        return str(document[work])
    except UNREADABLE as error:
        raise MalformedPayload(f"The message names no {work}.") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver[C: Driven]:
    """One kind of work and the queue that wakes it, at once or to `look_again` minutes later.

    `reserve_ms` is kept for the step that is under way. `note` says how far a work has come, `left`
    is the log event of leaving it to another driver.
    """

    work: str
    run: Running[C]
    drive: Callable[[str], None]
    look_again: Callable[[str], None]
    reserve_ms: int
    note: Callable[[C, Notes], None]
    left: str
    notes: Notes

    def handle(self, batch: Mapping[str, Any], remaining_ms: Callable[[], int]) -> dict[str, Any]:
        """Drives each work named; what fails is named in turn."""
        failed: list[str] = []
        for message in batch.get("Records", []):
            try:
                self._drive(read_drive(message["body"], work=self.work), remaining_ms)
            except Exception as error:  # noqa: BLE001 - the queue keeps the message, and we the reason
                self._note_failure(error)
                failed.append(str(message["messageId"]))
        return failures(failed)

    def _drive(self, name: str, remaining_ms: Callable[[], int]) -> None:
        try:
            cursor = self.run(name, go_on=lambda: remaining_ms() > self.reserve_ms)
        except VersionConflict as error:
            self.notes.info(self.left, **{self.work: name}, code=error.code)
            # Whoever wrote last may hold this very message, which is done with now, and may die.
            self.look_again(name)
            return
        self.note(cursor, self.notes)
        if not cursor.idle:
            self.drive(name)

    def _note_failure(self, error: Exception) -> None:
        code = error.code if isinstance(error, TocsinError) else "bug"
        self.notes.failed(Event.RECORD_FAILED, error)
        self.notes.count(Metric.UNEXPECTED_ERRORS, code=code)
