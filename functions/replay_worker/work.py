"""What the worker does with a batch; apart from the handler, so that tests can drive it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tocsin.adapters.billing.projection.queues import read_items
from tocsin.errors import TocsinError
from tocsin.runtime.batch import failures
from tocsin.runtime.watch import light
from tocsin.runtime.watch.names import Event, Metric

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.application.billing.projection.restore import Restored, Restorer
    from tocsin.ports.time import WallClock


@dataclass(frozen=True, slots=True)
class Work:
    """A restorer with its clock."""

    restorer: Restorer
    clock: WallClock

    def handle(self, batch: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
        """Inserts what the messages carry; a message that fails goes back alone."""
        failed: list[str] = []
        for message in batch.get("Records", []):
            try:
                replay, items = read_items(message["body"])
                done = self.restorer.restore(items, now=int(self.clock.wall_now().timestamp()))
            except TocsinError as error:
                light.log(Event.RECORD_FAILED, level="ERROR", code=error.code, **error.context)
                light.count(Metric.UNEXPECTED_ERRORS, code=error.code)
                failed.append(str(message["messageId"]))
            else:
                _note(replay, done)
        return failures(failed)


def _note(replay: str, done: Restored) -> None:
    light.log(
        Event.EVENTS_RESTORED,
        replay=replay,
        inserted=done.inserted,
        duplicate=done.duplicate,
        set_aside=done.set_aside,
    )
    if done.inserted:
        light.count(Metric.EVENTS_RESTORED, value=done.inserted)
    if done.set_aside:
        light.count(Metric.BILLING_QUARANTINED, value=done.set_aside, reason="malformed_payload")
