"""Compares what providers say with what we hold and enforce; heals what was approved.

One message names one reconciliation; `runtime.driving` says how it is driven, `runtime.draining`
how it is taken. Two schedules start reconciliations of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.reconciler.assembly import wire
from functions.reconciler.settings import Settings
from tocsin.application.billing.reconcile.drive import RESERVE_MS
from tocsin.runtime.aws.http import from_environment
from tocsin.runtime.draining import LONG_POLL, Drain
from tocsin.runtime.settings import load
from tocsin.runtime.watch.invocation import watch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.runtime.watch.invocation import TimedContext

SETTINGS = load(Settings)
WATCH = watch("reconciler", stage=SETTINGS.STAGE, level=SETTINGS.LOG_LEVEL)
DRIVER, SCHEDULE = wire(SETTINGS, WATCH)
DRAIN = Drain(
    from_environment("sqs", patience=LONG_POLL),
    SETTINGS.RECONCILE_QUEUE_URL,
    batch=1,
    reserve_ms=RESERVE_MS,
)


def lambda_handler(event: Mapping[str, Any], context: TimedContext) -> dict[str, Any]:
    """Drives what lies in the queue, after it has put there what a schedule starts."""
    with WATCH.invocation(context):
        if event:
            SCHEDULE.start(event)
        left = context.get_remaining_time_in_millis
        return DRAIN(lambda batch: DRIVER.handle(batch, left), remaining_ms=left)
