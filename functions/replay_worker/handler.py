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
from tocsin.runtime.watch import light

SETTINGS = settings.load(Settings)
DYNAMODB = aws_http.from_environment("dynamodb")
WORK = Work(
    restorer=Restorer(
        ledger=DynamoDbLedger(DYNAMODB, SETTINGS.BILLING_EVENTS_TABLE),
        quarantine=DynamoDbQuarantine(DYNAMODB, SETTINGS.OPERATIONS_TABLE),
        read=record_of,
    ),
    clock=wall_clock(),
    notes=light.NOTES,
)
light.start("replay_worker", stage=SETTINGS.STAGE, level=SETTINGS.LOG_LEVEL)


def lambda_handler(event: dict[str, list[dict[str, Any]]], context: Any) -> dict[str, Any]:
    """A batch of messages of up to 25 events; the answer names those to be redelivered."""
    with light.invocation(context):
        return WORK.handle(event)
