"""The ledger's stream, and delayed questions: each event moves one projection, or nothing.

Two triggers end here: inserts into the ledger, and messages of the refetch queue, which ask for
a subscription's present state or for a stored event to be read again. One record that
cannot be handled is set aside with its reason and the rest flows on; only a store that does not
answer stops the batch, and then the whole batch comes again, which changes nothing twice.
"""

from __future__ import annotations

from typing import Any

from functions.billing_projector.settings import Settings
from functions.billing_projector.work import Records, Work
from tocsin.adapters.billing.projection.ledger import DynamoDbLedger
from tocsin.adapters.billing.projection.quarantine import DynamoDbQuarantine, SeenVersions
from tocsin.adapters.billing.projection.queues import SqsRefetchQueue
from tocsin.adapters.billing.projection.rows import DynamoDbProjection
from tocsin.adapters.billing.replay.outcomes import DynamoDbReplayOutcomes
from tocsin.application.billing.projection.project import Projector
from tocsin.policy.compiled.billing_rules import current_billing_rules
from tocsin.providers.http.one import HttpProviderClient, ProviderKeys
from tocsin.providers.registry import object_reader
from tocsin.runtime import settings
from tocsin.runtime.aws import http as aws_http
from tocsin.runtime.aws.secrets import CachedSecret
from tocsin.runtime.clock import wall_clock
from tocsin.runtime.watch import light

SETTINGS = settings.load(Settings)
CLOCK = wall_clock()
DYNAMODB = aws_http.from_environment("dynamodb")
QUARANTINE = DynamoDbQuarantine(DYNAMODB, SETTINGS.OPERATIONS_TABLE)
WORK = Work(
    projector=Projector(
        projection=DynamoDbProjection(DYNAMODB, SETTINGS.BILLING_SUBSCRIPTIONS_TABLE),
        client=HttpProviderClient(
            keys=CachedSecret(
                aws_http.from_environment("secretsmanager"),
                SETTINGS.PROVIDER_KEYS_SECRET,
                ProviderKeys.read,
            ),
            bases={"stripe": SETTINGS.STRIPE_API_BASE, "razorpay": SETTINGS.RAZORPAY_API_BASE},
            reader=object_reader,
            clock=CLOCK,
        ),
        queue=SqsRefetchQueue(aws_http.from_environment("sqs"), SETTINGS.REFETCH_QUEUE_URL),
        quarantine=QUARANTINE,
        confirmed=current_billing_rules().confirm,
    ),
    quarantine=QUARANTINE,
    ledger=DynamoDbLedger(DYNAMODB, SETTINGS.BILLING_EVENTS_TABLE),
    versions=SeenVersions(DYNAMODB, SETTINGS.OPERATIONS_TABLE),
    clock=CLOCK,
    outcomes=DynamoDbReplayOutcomes(DYNAMODB, SETTINGS.OPERATIONS_TABLE),
)
light.start("billing_projector", stage=SETTINGS.STAGE, level=SETTINGS.LOG_LEVEL)


def lambda_handler(event: Records, context: Any) -> dict[str, Any]:
    """A batch of a DynamoDB stream or of SQS; the answer names the messages to be redelivered."""
    light.begin(correlation_id=context.aws_request_id, request_id=context.aws_request_id)
    return WORK.handle(event)
