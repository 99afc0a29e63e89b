"""Lambda entry: alarms from the queue, a direct alarm action or EventBridge become incidents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.alarm_trigger.intake import take
from functions.alarm_trigger.settings import Settings
from tocsin.adapters.aws.redelivery import SqsRedelivery
from tocsin.runtime.aws import http as aws_http
from tocsin.runtime.settings import load
from tocsin.runtime.watch.invocation import lean_watch
from tocsin.runtime.wiring.incidents import connect_for_signals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.runtime.watch.invocation import LambdaContext

SETTINGS = load(Settings)
WATCH = lean_watch("alarm_trigger", stage=SETTINGS.STAGE, level=SETTINGS.LOG_LEVEL)
APPLICATION = connect_for_signals(
    SETTINGS.INCIDENTS_TABLE, operations_table=SETTINGS.OPERATIONS_TABLE, watch=WATCH
)
REDELIVERY = SqsRedelivery(aws_http.from_environment("sqs"), SETTINGS.ALARMS_QUEUE_URL, notes=WATCH)


def lambda_handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers with the queue records that must be delivered again."""
    with WATCH.invocation(context):
        answer = take(event, application=APPLICATION, watch=WATCH)
        REDELIVERY.soon(event, answer)
        return answer
