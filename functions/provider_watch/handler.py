"""Lambda entry: looks at the providers every minute and reports what it sees as measures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.provider_watch.settings import Settings
from tocsin.adapters.billing.outage.stores import DynamoDbProbes
from tocsin.adapters.billing.projection.ledger_queries import (
    DynamoDbLedgerHours,
    DynamoDbLedgerReader,
)
from tocsin.adapters.billing.projection.quarantine import DynamoDbQuarantine
from tocsin.adapters.billing.projection.queues import SqsDepths
from tocsin.adapters.billing.projection.rows import DynamoDbProjection
from tocsin.application.billing.outage.looks import (
    LedgerLook,
    Looks,
    QuarantineLook,
    QueueLook,
    RecoveryLook,
)
from tocsin.application.billing.outage.probe import Prober
from tocsin.application.billing.outage.watch_ledger import LedgerWatch
from tocsin.providers.http.events import HttpEventSource
from tocsin.providers.http.one import ProviderKeys
from tocsin.providers.registry import PROVIDERS, lists_events
from tocsin.runtime import settings
from tocsin.runtime.aws import http as aws_http
from tocsin.runtime.aws.secrets import CachedSecret
from tocsin.runtime.clock import wall_clock
from tocsin.runtime.watch import light

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tocsin.billing.identity import Identity

SETTINGS = settings.load(Settings)
DYNAMODB = aws_http.from_environment("dynamodb")
KEYS = CachedSecret(
    aws_http.from_environment("secretsmanager"), SETTINGS.PROVIDER_KEYS_SECRET, ProviderKeys.read
)


def _accounts() -> Iterable[Identity]:
    return KEYS.get().identities


LOOKS = Looks(
    looks=(
        LedgerLook(
            accounts=_accounts,
            notes=light.NOTES,
            watch=LedgerWatch(
                DynamoDbLedgerHours(DYNAMODB, SETTINGS.BILLING_EVENTS_TABLE),
                DynamoDbProjection(DYNAMODB, SETTINGS.BILLING_SUBSCRIPTIONS_TABLE),
            ),
        ),
        RecoveryLook(
            accounts=_accounts,
            lists=lists_events,
            notes=light.NOTES,
            prober=Prober(
                source=HttpEventSource(
                    keys=KEYS,
                    bases={
                        "stripe": SETTINGS.STRIPE_API_BASE,
                        "razorpay": SETTINGS.RAZORPAY_API_BASE,
                    },
                    read_seconds=10,
                ),
                ledger=DynamoDbLedgerReader(DYNAMODB, SETTINGS.BILLING_EVENTS_TABLE),
                log=DynamoDbProbes(DYNAMODB, SETTINGS.OPERATIONS_TABLE),
            ),
        ),
        QueueLook(
            SqsDepths(aws_http.from_environment("sqs")).of,
            (
                SETTINGS.RECONCILE_QUEUE_URL,
                SETTINGS.REFETCH_QUEUE_URL,
                SETTINGS.REPLAY_QUEUE_URL,
                SETTINGS.RESTORE_QUEUE_URL,
            ),
            light.NOTES,
        ),
        QuarantineLook(
            DynamoDbQuarantine(DYNAMODB, SETTINGS.OPERATIONS_TABLE), PROVIDERS.names, light.NOTES
        ),
    ),
    clock=wall_clock(),
    notes=light.NOTES,
)
light.start("provider_watch", stage=SETTINGS.STAGE, level=SETTINGS.LOG_LEVEL)


def lambda_handler(_event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """One round; the answer says which looks failed."""
    with light.invocation(context):
        return LOOKS.run()
