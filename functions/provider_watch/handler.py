"""Lambda entry: looks at the providers every minute and reports what it sees as measures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.provider_watch.settings import Settings
from tocsin.adapters.billing.outage.stores import DynamoDbOutages, DynamoDbProbes
from tocsin.adapters.billing.projection.queues import SqsDepths
from tocsin.application.billing.outage.looks import (
    LedgerLook,
    Looks,
    OutageWatchLook,
    QuarantineLook,
    QueueLook,
    RecoveryLook,
    WatchedQueue,
)
from tocsin.application.billing.outage.probe import Prober
from tocsin.application.billing.outage.watch_ledger import LedgerWatch
from tocsin.providers.http.events import HttpEventSource
from tocsin.providers.registry import PROVIDERS, lists_events
from tocsin.runtime import settings
from tocsin.runtime.watch import json_lines
from tocsin.runtime.wiring.billing import Billing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tocsin.billing.identity import Identity

SETTINGS = settings.load(Settings)
BILLING = Billing(
    operations=SETTINGS.OPERATIONS_TABLE,
    events=SETTINGS.BILLING_EVENTS_TABLE,
    subscriptions=SETTINGS.BILLING_SUBSCRIPTIONS_TABLE,
    keys_secret=SETTINGS.PROVIDER_KEYS_SECRET,
    bases=SETTINGS.API_BASES,
)
_READ_SECONDS = 10
OFTEN, SELDOM = 0, 300
"""Who sends wakes the consumer too, but for questions: those are for later."""


def _queue(url: str, consumer: str, every: int) -> WatchedQueue:
    return WatchedQueue(url, BILLING.wake(consumer, json_lines.NOTES), every)


def _accounts() -> Iterable[Identity]:
    return BILLING.keys.get().identities


LOOKS = Looks(
    looks=(
        LedgerLook(
            accounts=_accounts,
            notes=json_lines.NOTES,
            watch=LedgerWatch(BILLING.hours, BILLING.projection),
        ),
        RecoveryLook(
            accounts=_accounts,
            lists=lists_events,
            notes=json_lines.NOTES,
            prober=Prober(
                source=HttpEventSource(
                    keys=BILLING.keys, bases=BILLING.bases, read_seconds=_READ_SECONDS
                ),
                ledger=BILLING.ledger,
                log=DynamoDbProbes(BILLING.dynamodb, BILLING.operations),
            ),
        ),
        QueueLook(
            SqsDepths(BILLING.sqs).of,
            (
                _queue(SETTINGS.RECONCILE_QUEUE_URL, SETTINGS.RECONCILER_FUNCTION, SELDOM),
                _queue(SETTINGS.REFETCH_QUEUE_URL, SETTINGS.BILLING_PROJECTOR_FUNCTION, OFTEN),
                _queue(SETTINGS.REPLAY_QUEUE_URL, SETTINGS.REPLAY_PLANNER_FUNCTION, SELDOM),
                _queue(SETTINGS.RESTORE_QUEUE_URL, SETTINGS.REPLAY_WORKER_FUNCTION, SELDOM),
            ),
            json_lines.NOTES,
        ),
        OutageWatchLook(
            DynamoDbOutages(BILLING.dynamodb, BILLING.operations).status, json_lines.NOTES
        ),
        QuarantineLook(BILLING.quarantine, PROVIDERS.names, json_lines.NOTES),
    ),
    clock=BILLING.clock,
    notes=json_lines.NOTES,
)
json_lines.start("provider_watch", stage=SETTINGS.STAGE, level=SETTINGS.LOG_LEVEL)


def lambda_handler(_event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """One round; the answer says which looks failed."""
    with json_lines.invocation(context):
        return LOOKS.run()
