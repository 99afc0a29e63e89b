"""Drives a replay: lists the provider's window, diffs it against the ledger, hands the rest on.

One message names one replay; `runtime.driving` says how it is driven.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.replay_planner.assembly import wire
from functions.replay_planner.settings import Settings
from tocsin.runtime.settings import load
from tocsin.runtime.watch.invocation import watch

if TYPE_CHECKING:
    from tocsin.runtime.watch.invocation import TimedContext

SETTINGS = load(Settings)
WATCH = watch("replay_planner", stage=SETTINGS.STAGE, level=SETTINGS.LOG_LEVEL)
DRIVER = wire(SETTINGS, WATCH)


def lambda_handler(event: dict[str, list[dict[str, Any]]], context: TimedContext) -> dict[str, Any]:
    """A batch of one message; one that fails is named and comes again."""
    with WATCH.invocation(context):
        return DRIVER.handle(event, context.get_remaining_time_in_millis)
