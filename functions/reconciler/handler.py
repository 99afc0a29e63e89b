"""Compares what providers say with what we hold and enforce; heals what was approved.

One message names one reconciliation; `runtime.driving` says how it is driven. Two schedules start
reconciliations of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.reconciler.assembly import wire
from functions.reconciler.settings import Settings
from tocsin.runtime.settings import load
from tocsin.runtime.watch.invocation import watch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.runtime.watch.invocation import TimedContext

SETTINGS = load(Settings)
WATCH = watch("reconciler", stage=SETTINGS.STAGE, level=SETTINGS.LOG_LEVEL)
DRIVER, SCHEDULE = wire(SETTINGS, WATCH)


def lambda_handler(event: Mapping[str, Any], context: TimedContext) -> dict[str, Any]:
    """A batch of one message, or a schedule; a message that fails is named and comes again."""
    with WATCH.invocation(context):
        if "Records" not in event:
            return SCHEDULE.start(event)
        return DRIVER.handle(event, context.get_remaining_time_in_millis)
