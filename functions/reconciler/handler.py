"""Compares what providers say with what we hold and enforce; heals what was approved.

One message names one reconciliation; `runtime.driving` says how it is driven. Two schedules start
reconciliations of their own.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from functions.reconciler.accounts import Accounts
from functions.reconciler.report import Keeper
from functions.reconciler.settings import Settings
from tocsin.adapters.billing.access.corrections import DynamoDbCorrections
from tocsin.adapters.billing.access.incidents import DynamoDbOpenIncidents
from tocsin.adapters.billing.outage.stores import DynamoDbComparisons
from tocsin.adapters.billing.projection.ledger_queries import DynamoDbLedgerHours
from tocsin.adapters.billing.projection.quarantine import DynamoDbQuarantine
from tocsin.adapters.billing.projection.queues import SqsRefetchQueue
from tocsin.adapters.billing.projection.rows import DynamoDbProjection
from tocsin.adapters.billing.reconcile.store import DynamoDbReconciliations
from tocsin.adapters.billing.replay.rate_limit import DynamoDbRateLimit
from tocsin.application.billing.projection.open_incidents import Remembered
from tocsin.application.billing.projection.project import Projector
from tocsin.application.billing.reconcile.drive import RESERVE_MS, Reconciler
from tocsin.application.billing.reconcile.heal import Healer
from tocsin.application.billing.reconcile.schedule import Schedule
from tocsin.application.billing.reconcile.tell import Teller, note
from tocsin.notes import Event
from tocsin.policy.compiled.billing_rules import current_billing_rules, current_sampling
from tocsin.providers.http.one import HttpProviderClient, ProviderKeys
from tocsin.providers.http.subscriptions import HttpSubscriptionSource
from tocsin.providers.registry import object_reader
from tocsin.runtime.aws import http as aws_http
from tocsin.runtime.aws.secrets import CachedSecret
from tocsin.runtime.clock import wall_clock
from tocsin.runtime.driving import Driver, SqsDrive
from tocsin.runtime.ids import SystemIds
from tocsin.runtime.settings import load
from tocsin.runtime.watch.invocation import watch
from tocsin.runtime.wiring.evidence import evidence
from tocsin.runtime.wiring.incidents import connect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.runtime.watch.invocation import TimedContext

SETTINGS = load(Settings)
WATCH = watch("reconciler", stage=SETTINGS.STAGE, level=SETTINGS.LOG_LEVEL)
CLOCK = wall_clock()
DYNAMODB = aws_http.from_environment("dynamodb")
SQS = aws_http.from_environment("sqs")
RULES = current_billing_rules()
BASES = {"stripe": SETTINGS.STRIPE_API_BASE, "razorpay": SETTINGS.RAZORPAY_API_BASE}
KEYS = CachedSecret(
    aws_http.from_environment("secretsmanager"), SETTINGS.PROVIDER_KEYS_SECRET, ProviderKeys.read
)
APPLICATION = connect(
    SETTINGS.INCIDENTS_TABLE,
    clock=WATCH.clock,
    operations_table=SETTINGS.OPERATIONS_TABLE,
    policy_unread=WATCH.policy_unread,
)
NEW_ID = SystemIds(CLOCK).unique_id
STORE = DynamoDbReconciliations(DYNAMODB, SETTINGS.OPERATIONS_TABLE, new_token=NEW_ID)
PROJECTION = DynamoDbProjection(DYNAMODB, SETTINGS.BILLING_SUBSCRIPTIONS_TABLE)
CLIENT = HttpProviderClient(keys=KEYS, bases=BASES, reader=object_reader, clock=CLOCK)
OPEN = Remembered(DynamoDbOpenIncidents(DYNAMODB, SETTINGS.INCIDENTS_TABLE))


def now() -> int:
    """The real time in epoch seconds: periods are the providers' time."""
    return int(CLOCK.wall_now().timestamp())


def incident_open() -> bool:
    """Where it cannot be known, one is: then nobody loses access because of our own outage."""
    found = OPEN.billing(now())
    return found is None or bool(found)


QUEUE = SqsDrive(SQS, SETTINGS.RECONCILE_QUEUE_URL, work="reconciliation")
DRIVER = Driver(
    work="reconciliation",
    run=Reconciler(
        store=STORE,
        source=HttpSubscriptionSource(keys=KEYS, bases=BASES, now=now),
        concerned=DynamoDbLedgerHours(DYNAMODB, SETTINGS.BILLING_EVENTS_TABLE),
        rows=PROJECTION,
        client=CLIENT,
        rate=DynamoDbRateLimit(
            DYNAMODB,
            SETTINGS.OPERATIONS_TABLE,
            now=lambda: CLOCK.wall_now().timestamp(),
            sleep=time.sleep,
        ),
        access=RULES.access,
        sampling=current_sampling(),
        incident_open=incident_open,
        heal=Healer(
            projector=Projector(
                projection=PROJECTION,
                client=CLIENT,
                queue=SqsRefetchQueue(SQS, SETTINGS.REFETCH_QUEUE_URL),
                quarantine=DynamoDbQuarantine(DYNAMODB, SETTINGS.OPERATIONS_TABLE),
                confirmed=RULES.confirm,
            ),
            projection=PROJECTION,
            client=CLIENT,
            corrections=DynamoDbCorrections(
                DYNAMODB,
                subscriptions=SETTINGS.BILLING_SUBSCRIPTIONS_TABLE,
                operations=SETTINGS.OPERATIONS_TABLE,
            ),
            access=RULES.access,
            unique_id=NEW_ID,
            now=now,
        ),
        tell=Teller(
            store=STORE,
            execute=APPLICATION.execute,
            keep=Keeper(store=STORE, archive=evidence(SETTINGS.EVIDENCE_BUCKET)),
            compared=DynamoDbComparisons(DYNAMODB, SETTINGS.OPERATIONS_TABLE),
            now=now,
        ),
        now=now,
        sleep=time.sleep,
    ).run,
    drive=QUEUE,
    look_again=QUEUE.later,
    reserve_ms=RESERVE_MS,
    note=note,
    left=Event.RECONCILIATION_LEFT,
    notes=WATCH,
)
SCHEDULE = Schedule(
    store=STORE,
    drive=QUEUE,
    accounts=Accounts(KEYS, frozenset(SETTINGS.BILLING_MODES.split(","))),
    now=now,
    notes=WATCH,
)


def lambda_handler(event: Mapping[str, Any], context: TimedContext) -> dict[str, Any]:
    """A batch of one message, or a schedule; a message that fails is named and comes again."""
    with WATCH.invocation(context):
        if "Records" not in event:
            return SCHEDULE.start(event)
        return DRIVER.handle(event, context.get_remaining_time_in_millis)
