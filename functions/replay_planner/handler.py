"""Drives a replay: lists the provider's window, diffs it against the ledger, hands the rest on.

One message names one replay. It is driven until it ends or the time is nearly up, and then a new
message goes on; a driver that dies leaves its message, and the queue hands it to the next one.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from functions.replay_planner.driving import Driver
from functions.replay_planner.settings import Settings
from tocsin.adapters.dynamodb_ledger_reader import DynamoDbLedgerReader
from tocsin.adapters.dynamodb_projection_sums import DynamoDbProjectionSums
from tocsin.adapters.dynamodb_quarantine import DynamoDbQuarantine
from tocsin.adapters.dynamodb_ratelimit import DynamoDbRateLimit
from tocsin.adapters.dynamodb_replays import DynamoDbReplays
from tocsin.adapters.sqs_replay_drive import SqsReplayDrive
from tocsin.adapters.sqs_restore import SqsRestoreQueue
from tocsin.application.file_event import Filer, SetAside
from tocsin.application.replay import Planner
from tocsin.billing.identity import Registrations
from tocsin.providers.body_codec import keep
from tocsin.providers.client import ProviderKeys
from tocsin.providers.events import HttpEventSource, workspace_of
from tocsin.providers.registry import webhook_reader
from tocsin.runtime import aws_http, light, settings
from tocsin.runtime.clock import wall_clock
from tocsin.runtime.secrets import CachedSecret

if TYPE_CHECKING:
    from tocsin.runtime.invocation import TimedContext

SETTINGS = settings.load(Settings)
CLOCK = wall_clock()
DYNAMODB = aws_http.from_environment("dynamodb")
SQS = aws_http.from_environment("sqs")
SECRETS = aws_http.from_environment("secretsmanager")
REGISTRATIONS = CachedSecret(SECRETS, SETTINGS.REGISTRATIONS_SECRET, Registrations)
DRIVER = Driver(
    planner=Planner(
        source=HttpEventSource(
            keys=CachedSecret(SECRETS, SETTINGS.PROVIDER_KEYS_SECRET, ProviderKeys.read),
            bases={"stripe": SETTINGS.STRIPE_API_BASE, "razorpay": SETTINGS.RAZORPAY_API_BASE},
        ),
        ledger=DynamoDbLedgerReader(DYNAMODB, SETTINGS.BILLING_EVENTS_TABLE),
        store=DynamoDbReplays(DYNAMODB, SETTINGS.OPERATIONS_TABLE),
        queue=SqsRestoreQueue(SQS, SETTINGS.RESTORE_QUEUE_URL),
        sums=DynamoDbProjectionSums(DYNAMODB, SETTINGS.BILLING_SUBSCRIPTIONS_TABLE),
        rate=DynamoDbRateLimit(
            DYNAMODB,
            SETTINGS.OPERATIONS_TABLE,
            now=lambda: CLOCK.wall_now().timestamp(),
            sleep=time.sleep,
        ),
        file=Filer(webhook_reader, keep, lambda: REGISTRATIONS.get().hash_key, workspace_of),
        set_aside=SetAside(DynamoDbQuarantine(DYNAMODB, SETTINGS.OPERATIONS_TABLE)),
        now=lambda: int(CLOCK.wall_now().timestamp()),
        sleep=time.sleep,
    ),
    drive=SqsReplayDrive(SQS, SETTINGS.REPLAY_QUEUE_URL),
)
light.start("replay_planner", stage=SETTINGS.STAGE, level=SETTINGS.LOG_LEVEL)


def lambda_handler(event: dict[str, list[dict[str, Any]]], context: TimedContext) -> dict[str, Any]:
    """A batch of one message; one that fails is named and comes again."""
    light.begin(correlation_id=context.aws_request_id, request_id=context.aws_request_id)
    return DRIVER.handle(event, context.get_remaining_time_in_millis)
