"""Lambda entry: every minute, and on demand, what is due is done, here or from the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.sla_check.settings import Settings
from tocsin.adapters.incidents.due_queue import SqsDueQueue, incidents_of
from tocsin.application.incidents.sweeper import Sweeper
from tocsin.runtime.aws import http as aws_http
from tocsin.runtime.aws.invoke import FunctionCaller
from tocsin.runtime.batch import failures
from tocsin.runtime.settings import load
from tocsin.runtime.watch.invocation import lean_watch
from tocsin.runtime.wiring.incidents import connect_for_signals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.runtime.watch.invocation import TimedContext

SETTINGS = load(Settings)
WATCH = lean_watch("sla_check", stage=SETTINGS.STAGE, level=SETTINGS.LOG_LEVEL)
SWEEPER = Sweeper(
    engine=connect_for_signals(
        SETTINGS.INCIDENTS_TABLE, operations_table=SETTINGS.OPERATIONS_TABLE, watch=WATCH
    ),
    notify=FunctionCaller(SETTINGS.NOTIFIER_FUNCTION, remaining=WATCH.remaining.seconds),
    notes=WATCH,
    read=incidents_of,
    queue=SqsDueQueue(aws_http.from_environment("sqs"), SETTINGS.DUE_QUEUE_URL),
)
LAST_MOMENT_MS = 20_000
"""A round is not begun with less time left than a slow one takes."""


def lambda_handler(event: Mapping[str, Any], context: TimedContext) -> dict[str, Any]:
    """Works off what a sweep handed on; any other event, of the schedule or a person, sweeps."""
    with WATCH.invocation(context):
        if "Records" in event:
            messages = ((each["messageId"], each["body"]) for each in event["Records"])
            return failures(SWEEPER.work_off(messages))
        return SWEEPER.run(has_time=lambda: context.get_remaining_time_in_millis() > LAST_MOMENT_MS)
