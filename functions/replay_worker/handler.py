"""Inserts the events a replay found missing, by the ledger's one conditional put."""

from __future__ import annotations

from typing import Any

from functions.replay_worker.settings import Settings
from functions.replay_worker.work import Work
from tocsin.adapters.billing.projection.ledger import DynamoDbLedger, record_of
from tocsin.adapters.billing.projection.quarantine import DynamoDbQuarantine
from tocsin.application.billing.projection.restore import Restorer
from tocsin.runtime import settings
from tocsin.runtime.aws import http as aws_http
from tocsin.runtime.clock import wall_clock
from tocsin.runtime.draining import LONG_POLL, Drain
from tocsin.runtime.watch import json_lines

SETTINGS = settings.load(Settings)
DYNAMODB = aws_http.from_environment("dynamodb")
WORK = Work(
    restorer=Restorer(
        ledger=DynamoDbLedger(DYNAMODB, SETTINGS.BILLING_EVENTS_TABLE),
        quarantine=DynamoDbQuarantine(DYNAMODB, SETTINGS.OPERATIONS_TABLE),
        read=record_of,
    ),
    clock=wall_clock(),
    notes=json_lines.NOTES,
)
DRAIN = Drain(
    aws_http.from_environment("sqs", patience=LONG_POLL),
    SETTINGS.RESTORE_QUEUE_URL,
    batch=10,
    reserve_ms=20_000,
)
json_lines.start("replay_worker", stage=SETTINGS.STAGE, level=SETTINGS.LOG_LEVEL)


def lambda_handler(_event: object, context: Any) -> dict[str, Any]:
    """Inserts what lies in the queue, up to 25 events a message; what fails comes again."""
    with json_lines.invocation(context):
        return DRAIN(WORK.handle, remaining_ms=context.get_remaining_time_in_millis)
