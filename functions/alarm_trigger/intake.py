"""Alarms in: a batch from the queue, a direct alarm action or an EventBridge event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.runtime.batch import failures
from tocsin.runtime.intake import Intake

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.runtime.watch.invocation import Watch
    from tocsin.runtime.wiring.incidents import Application

SOURCE = "cloudwatch"


def take(event: Mapping[str, Any], *, application: Application, watch: Watch) -> dict[str, Any]:
    """Works off whatever woke the function.

    Returns:
        For a batch, the records to deliver again; for a single payload, an empty one.

    Raises:
        TocsinError: a single payload cannot be read or recorded, so the caller tries again.
    """
    intake = Intake(application=application, watch=watch, source_of=lambda _: SOURCE)
    if _is_batch(event):
        return failures(intake.batch(event["Records"]))
    for payload in event.get("Records", (event,)):
        intake.one(payload)
    return failures(())


def _is_batch(event: Mapping[str, Any]) -> bool:
    """Whether it is the queue that delivers; SNS and direct payloads have no partial answer."""
    return "Records" in event and not any("Sns" in record for record in event["Records"])
