"""What the worker does with a batch; apart from the handler, so that tests can drive it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tocsin.adapters.billing.projection.queues import read_items
from tocsin.errors import TocsinError
from tocsin.notes import Event, Metric
from tocsin.runtime.batch import failures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.application.billing.projection.restore import Restored, Restorer
    from tocsin.notes import Notes
    from tocsin.ports.time import WallClock


@dataclass(frozen=True, slots=True)
class Work:
    """A restorer with its clock."""

    restorer: Restorer
    clock: WallClock
    notes: Notes

    def handle(self, batch: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
        """Inserts what the messages carry; a message that fails goes back alone."""
        failed: list[str] = []
        for message in batch.get("Records", []):
            try:
                replay, items = read_items(message["body"])
                done = self.restorer.restore(items, now=int(self.clock.wall_now().timestamp()))
            except TocsinError as error:
                self.notes.failed(Event.RECORD_FAILED, error)
                self.notes.count(Metric.UNEXPECTED_ERRORS, code=error.code)
                failed.append(str(message["messageId"]))
            else:
                self._note(replay, done)
        return failures(failed)

    def _note(self, replay: str, done: Restored) -> None:
        self.notes.info(
            Event.EVENTS_RESTORED,
            replay=replay,
            inserted=done.inserted,
            duplicate=done.duplicate,
            set_aside=done.set_aside,
        )
        if done.inserted:
            self.notes.count(Metric.EVENTS_RESTORED, done.inserted)
        if done.set_aside:
            reason = "malformed_payload"
            self.notes.count(Metric.BILLING_QUARANTINED, done.set_aside, reason=reason)
