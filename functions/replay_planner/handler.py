"""Drives a replay: lists the provider's window, diffs it against the ledger, hands the rest on.

One message names one replay; `runtime.driving` says how it is driven, `runtime.draining` how it is
taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.replay_planner.assembly import wire
from functions.replay_planner.settings import Settings
from tocsin.application.billing.replay.drive import RESERVE_MS
from tocsin.runtime.aws.http import from_environment
from tocsin.runtime.draining import LONG_POLL, Drain
from tocsin.runtime.settings import load
from tocsin.runtime.watch.invocation import watch

if TYPE_CHECKING:
    from tocsin.runtime.watch.invocation import TimedContext

SETTINGS = load(Settings)
WATCH = watch("replay_planner", stage=SETTINGS.STAGE, level=SETTINGS.LOG_LEVEL)
DRIVER = wire(SETTINGS, WATCH)
DRAIN = Drain(
    from_environment("sqs", patience=LONG_POLL),
    SETTINGS.REPLAY_QUEUE_URL,
    batch=1,
    reserve_ms=RESERVE_MS,
)


def lambda_handler(_event: object, context: TimedContext) -> dict[str, Any]:
    """Drives the replays whose messages lie in the queue; one that fails comes again."""
    with WATCH.invocation(context):
        left = context.get_remaining_time_in_millis
        return DRAIN(lambda batch: DRIVER.handle(batch, left), remaining_ms=left)
