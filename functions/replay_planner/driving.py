"""What the planner does with a message; apart from the handler, so that tests can drive it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tocsin.adapters.billing.replay.drive_queue import read_drive
from tocsin.billing.replay.cursor import Stage
from tocsin.errors import TocsinError, VersionConflict
from tocsin.notes import Event, Metric
from tocsin.runtime.batch import failures

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.application.billing.replay.drive import Planner
    from tocsin.billing.replay.cursor import Cursor
    from tocsin.notes import Notes

    type Messages = Mapping[str, list[dict[str, Any]]]

RESERVE_MS = 45_000
"""Kept for the step that is under way: one list call, a page's reads, its messages."""


@dataclass(frozen=True, slots=True)
class Driver:
    """A planner and the queue that wakes it, at once or to `look_again` minutes later."""

    planner: Planner
    drive: Callable[[str], None]
    look_again: Callable[[str], None]
    notes: Notes

    def handle(self, batch: Messages, remaining_ms: Callable[[], int]) -> dict[str, Any]:
        """Drives each replay named; what fails is named in turn."""
        failed: list[str] = []
        for message in batch.get("Records", []):
            try:
                self._drive(read_drive(message["body"], work="replay"), remaining_ms)
            except Exception as error:  # noqa: BLE001 - the queue keeps the message, and we the reason
                _note_failure(error, self.notes)
                failed.append(str(message["messageId"]))
        return failures(failed)

    def _drive(self, replay: str, remaining_ms: Callable[[], int]) -> None:
        try:
            cursor = self.planner.run(replay, go_on=lambda: remaining_ms() > RESERVE_MS)
        except VersionConflict as error:
            self.notes.info(Event.REPLAY_LEFT, replay=replay, code=error.code)
            # Whoever wrote last may hold this very message, which is done with now, and may die.
            self.look_again(replay)
            return
        _note(cursor, self.notes)
        if not cursor.ended and cursor.stage is not Stage.STALLED:
            self.drive(replay)


def _note(cursor: Cursor, notes: Notes) -> None:
    provider = cursor.identity.provider
    notes.info(
        Event.REPLAY_DRIVEN,
        replay=cursor.id,
        provider=provider,
        stage=cursor.stage,
        listed=cursor.first.listed,
        missing=cursor.first.missing,
        inserted=cursor.first.inserted,
        calls=cursor.first.calls,
        problem=cursor.problem or None,
    )
    if cursor.stage is Stage.STALLED:
        notes.count(Metric.REPLAYS_STALLED, provider=provider)


def _note_failure(error: Exception, notes: Notes) -> None:
    code = error.code if isinstance(error, TocsinError) else "bug"
    notes.failed(Event.RECORD_FAILED, error)
    notes.count(Metric.UNEXPECTED_ERRORS, code=code)
