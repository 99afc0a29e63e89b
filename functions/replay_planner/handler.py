"""Drives a replay: lists the provider's window, diffs it against the ledger, hands the rest on.

One message names one replay; `runtime.driving` says how it is driven.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from functions.replay_planner.settings import Settings
from tocsin.adapters.billing.projection.ledger_queries import DynamoDbLedgerReader
from tocsin.adapters.billing.projection.quarantine import DynamoDbQuarantine
from tocsin.adapters.billing.projection.queues import SqsRefetchQueue, SqsRestoreQueue
from tocsin.adapters.billing.projection.rows import DynamoDbProjection
from tocsin.adapters.billing.projection.sums import DynamoDbProjectionSums
from tocsin.adapters.billing.replay.outcomes import DynamoDbRebuildAudit, DynamoDbReplayOutcomes
from tocsin.adapters.billing.replay.rate_limit import DynamoDbRateLimit
from tocsin.adapters.billing.replay.store import DynamoDbReplays
from tocsin.application.billing.projection.file_event import Filer, SetAside
from tocsin.application.billing.projection.project import Projector
from tocsin.application.billing.replay.drive import RESERVE_MS, Planner
from tocsin.application.billing.replay.rebuild import Rebuilder
from tocsin.application.billing.replay.tell import ReplayTeller, note
from tocsin.billing.identity import Registrations
from tocsin.notes import Event
from tocsin.policy.compiled.billing_rules import current_billing_rules
from tocsin.providers.bodies.codec import keep
from tocsin.providers.http.entities import HttpEntitySource
from tocsin.providers.http.events import HttpEventSource, workspace_of
from tocsin.providers.http.one import HttpProviderClient, ProviderKeys
from tocsin.providers.registry import object_reader, webhook_reader
from tocsin.runtime import settings
from tocsin.runtime.aws import http as aws_http
from tocsin.runtime.aws.secrets import CachedSecret
from tocsin.runtime.clock import wall_clock
from tocsin.runtime.driving import Driver, SqsDrive
from tocsin.runtime.ids import SystemIds
from tocsin.runtime.watch.invocation import watch
from tocsin.runtime.wiring.evidence import evidence
from tocsin.runtime.wiring.incidents import connect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.billing.identity import Identity
    from tocsin.billing.subscription import Subscription
    from tocsin.runtime.watch.invocation import TimedContext

SETTINGS = settings.load(Settings)
CLOCK = wall_clock()
DYNAMODB = aws_http.from_environment("dynamodb")
SQS = aws_http.from_environment("sqs")
SECRETS = aws_http.from_environment("secretsmanager")
REGISTRATIONS = CachedSecret(SECRETS, SETTINGS.REGISTRATIONS_SECRET, Registrations)
KEYS = CachedSecret(SECRETS, SETTINGS.PROVIDER_KEYS_SECRET, ProviderKeys.read)
BASES = {"stripe": SETTINGS.STRIPE_API_BASE, "razorpay": SETTINGS.RAZORPAY_API_BASE}
WATCH = watch("replay_planner", stage=SETTINGS.STAGE, level=SETTINGS.LOG_LEVEL)
APPLICATION = connect(
    SETTINGS.INCIDENTS_TABLE,
    clock=WATCH.clock,
    operations_table=SETTINGS.OPERATIONS_TABLE,
    policy_unread=WATCH.policy_unread,
)
LEDGER = DynamoDbLedgerReader(DYNAMODB, SETTINGS.BILLING_EVENTS_TABLE)
REPLAYS = DynamoDbReplays(DYNAMODB, SETTINGS.OPERATIONS_TABLE, new_token=SystemIds(CLOCK).unique_id)
OUTCOMES = DynamoDbReplayOutcomes(DYNAMODB, SETTINGS.OPERATIONS_TABLE)
SUMS = DynamoDbProjectionSums(DYNAMODB, SETTINGS.BILLING_SUBSCRIPTIONS_TABLE)
ROWS = DynamoDbProjection(DYNAMODB, SETTINGS.BILLING_SUBSCRIPTIONS_TABLE)
QUARANTINE = DynamoDbQuarantine(DYNAMODB, SETTINGS.OPERATIONS_TABLE)
AUDIT = DynamoDbRebuildAudit(DYNAMODB, SETTINGS.OPERATIONS_TABLE)
RATE = DynamoDbRateLimit(
    DYNAMODB,
    SETTINGS.OPERATIONS_TABLE,
    now=lambda: CLOCK.wall_now().timestamp(),
    sleep=time.sleep,
)


def _now() -> int:
    return int(CLOCK.wall_now().timestamp())


def _read(identity: Identity, shape: Mapping[str, Any]) -> Subscription:
    return object_reader(identity.provider).subscription(shape, as_of=_now())


REBUILDER = Rebuilder(
    source=HttpEntitySource(keys=KEYS, bases=BASES),
    rows=ROWS,
    refetch=Projector(
        projection=ROWS,
        client=HttpProviderClient(keys=KEYS, bases=BASES, reader=object_reader, clock=CLOCK),
        queue=SqsRefetchQueue(SQS, SETTINGS.REFETCH_QUEUE_URL),
        quarantine=QUARANTINE,
        confirmed=current_billing_rules().confirm,
    ).refetch,
    read=_read,
    audit=AUDIT,
    ledger=LEDGER,
    store=REPLAYS,
    sums=SUMS,
    rate=RATE,
    now=_now,
)
QUEUE = SqsDrive(SQS, SETTINGS.REPLAY_QUEUE_URL, work="replay")
DRIVER = Driver(
    work="replay",
    run=Planner(
        source=HttpEventSource(keys=KEYS, bases=BASES),
        ledger=LEDGER,
        store=REPLAYS,
        queue=SqsRestoreQueue(SQS, SETTINGS.RESTORE_QUEUE_URL),
        sums=SUMS,
        rate=RATE,
        file=Filer(webhook_reader, keep, lambda: REGISTRATIONS.get().hash_key, workspace_of),
        set_aside=SetAside(QUARANTINE),
        outcomes=OUTCOMES,
        tell=ReplayTeller(
            store=REPLAYS,
            outcomes=OUTCOMES,
            audit=AUDIT,
            archive=evidence(SETTINGS.EVIDENCE_BUCKET),
            execute=APPLICATION.execute,
        ),
        rebuilder=REBUILDER,
        now=_now,
        sleep=time.sleep,
    ).run,
    drive=QUEUE,
    look_again=QUEUE.later,
    reserve_ms=RESERVE_MS,
    note=note,
    left=Event.REPLAY_LEFT,
    notes=WATCH,
)


def lambda_handler(event: dict[str, list[dict[str, Any]]], context: TimedContext) -> dict[str, Any]:
    """A batch of one message; one that fails is named and comes again."""
    with WATCH.invocation(context):
        return DRIVER.handle(event, context.get_remaining_time_in_millis)
