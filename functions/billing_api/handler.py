"""Lambda entry: what is asked of billing over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.billing_api.office import Office
from functions.billing_api.routes import Api
from functions.billing_api.settings import Settings
from tocsin.adapters.billing.access.corrections import DynamoDbCorrections
from tocsin.adapters.billing.access.freezes import DynamoDbBillingFreezes
from tocsin.adapters.billing.access.incidents import (
    DynamoDbAuthorizations,
    DynamoDbHarm,
    DynamoDbOpenIncidents,
)
from tocsin.adapters.billing.checkout.store import DynamoDbBreakers, DynamoDbIntents
from tocsin.adapters.billing.outage.stores import DynamoDbProbes
from tocsin.adapters.billing.projection.ledger_queries import DynamoDbLedgerHours, DynamoDbSnapshots
from tocsin.adapters.billing.projection.rows import DynamoDbProjection
from tocsin.adapters.billing.reconcile.store import DynamoDbReconciliations
from tocsin.adapters.billing.replay.store import DynamoDbReplays
from tocsin.adapters.people.stores import DynamoRequests
from tocsin.adapters.runbooks.store import DynamoPolicies
from tocsin.application.billing.access.approvals import Approvals
from tocsin.application.billing.access.corrections import CorrectionDesk
from tocsin.application.billing.checkout.start import Checkouts
from tocsin.application.billing.outage.history import LedgerHistory
from tocsin.application.billing.projection.open_incidents import Remembered
from tocsin.application.billing.reconcile.desk import ReconcileDesk
from tocsin.application.billing.replay.desk import ReplayDesk
from tocsin.application.billing.replay.window import WindowDesk
from tocsin.billing.checkout.breaker import Phase
from tocsin.policy.compiled.billing_rules import EssentialChanges, current_billing_rules
from tocsin.providers.bodies.codec import unpack
from tocsin.providers.http.one import ProviderKeys
from tocsin.providers.registry import object_reader
from tocsin.providers.selling import Sales, SalesDocument
from tocsin.runtime.aws import http as aws_http
from tocsin.runtime.aws.invoke import FunctionCaller
from tocsin.runtime.aws.secrets import CachedSecret
from tocsin.runtime.clock import outage_clock, wall_clock
from tocsin.runtime.driving import SqsDrive
from tocsin.runtime.ids import SystemIds
from tocsin.runtime.settings import load
from tocsin.runtime.watch.checkout_notes import Notes
from tocsin.runtime.watch.invocation import watch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.runtime.watch.invocation import LambdaContext

SETTINGS = load(Settings)
WATCH = watch("billing_api", stage=SETTINGS.STAGE, level=SETTINGS.LOG_LEVEL)
DYNAMODB = aws_http.from_environment("dynamodb")
IDS = SystemIds(wall_clock())
OUTAGE_CLOCK = outage_clock()
KEYS = CachedSecret(
    aws_http.from_environment("secretsmanager"), SETTINGS.PROVIDER_KEYS_SECRET, ProviderKeys.read
)
RULES = current_billing_rules()
PROJECTION = DynamoDbProjection(DYNAMODB, SETTINGS.BILLING_SUBSCRIPTIONS_TABLE)
INCIDENTS = DynamoDbOpenIncidents(DYNAMODB, SETTINGS.INCIDENTS_TABLE)
AUTHORIZATIONS = DynamoDbAuthorizations(DYNAMODB, SETTINGS.INCIDENTS_TABLE)
MODES = frozenset(SETTINGS.BILLING_MODES.split(","))
BREAKERS = DynamoDbBreakers(DYNAMODB, SETTINGS.OPERATIONS_TABLE)
PROBES = DynamoDbProbes(DYNAMODB, SETTINGS.OPERATIONS_TABLE)
INTENTS = DynamoDbIntents(DYNAMODB, SETTINGS.OPERATIONS_TABLE)
OFFICE = Office(
    rules=RULES,
    projection=PROJECTION,
    incidents=Remembered(INCIDENTS),
    corrections=CorrectionDesk(
        projection=PROJECTION,
        store=DynamoDbCorrections(
            DYNAMODB,
            subscriptions=SETTINGS.BILLING_SUBSCRIPTIONS_TABLE,
            operations=SETTINGS.OPERATIONS_TABLE,
        ),
        incidents=INCIDENTS,
        authorizations=AUTHORIZATIONS,
        access=RULES.access,
        ids=IDS,
        wall=wall_clock(),
        clock=WATCH.clock,
    ),
    replays=ReplayDesk(
        store=DynamoDbReplays(DYNAMODB, SETTINGS.OPERATIONS_TABLE, new_token=IDS.unique_id),
        wake=SqsDrive(aws_http.from_environment("sqs"), SETTINGS.REPLAY_QUEUE_URL, work="replay"),
        probes=PROBES,
        breaker_closed=lambda identity: BREAKERS.load(identity).phase is Phase.CLOSED,
        known=lambda identity: KEYS.get().key_for(identity) is not None,
        new_id=lambda: f"RPL-{IDS.unique_id()}",
        now=lambda: int(wall_clock().wall_now().timestamp()),
    ),
    windows=WindowDesk(
        incidents=DynamoDbHarm(DYNAMODB, SETTINGS.INCIDENTS_TABLE),
        ledger=DynamoDbLedgerHours(DYNAMODB, SETTINGS.BILLING_EVENTS_TABLE),
        intents=INTENTS,
        probes=PROBES,
        breaker=BREAKERS.load,
        identities=lambda: KEYS.get().identities,
        now=lambda: int(wall_clock().wall_now().timestamp()),
    ),
    reconciliations=ReconcileDesk(
        store=DynamoDbReconciliations(DYNAMODB, SETTINGS.OPERATIONS_TABLE, new_token=IDS.unique_id),
        wake=SqsDrive(
            aws_http.from_environment("sqs"), SETTINGS.RECONCILE_QUEUE_URL, work="reconciliation"
        ),
        approvals=Approvals(incidents=INCIDENTS, authorizations=AUTHORIZATIONS, clock=WATCH.clock),
        accounts=lambda: [each for each in KEYS.get().identities if each.mode in MODES],
        new_id=lambda: f"REC-{IDS.unique_id()}",
        now=lambda: int(wall_clock().wall_now().timestamp()),
    ),
    checkouts=Checkouts(
        intents=INTENTS,
        breakers=BREAKERS,
        policies=Sales(
            CachedSecret(
                aws_http.from_environment("secretsmanager"),
                SETTINGS.PROVIDER_KEYS_SECRET,
                SalesDocument.read,
            ),
            {"stripe": SETTINGS.STRIPE_API_BASE, "razorpay": SETTINGS.RAZORPAY_API_BASE},
            waited_for=True,
        ),
        clock=OUTAGE_CLOCK,
        note=Notes(WATCH),
    ),
    history=LedgerHistory(
        source=DynamoDbSnapshots(DYNAMODB, SETTINGS.BILLING_EVENTS_TABLE),
        identities=lambda: KEYS.get().identities,
        reader=object_reader,
        unpack=unpack,
    ),
    essential=EssentialChanges(
        published=DynamoPolicies(DYNAMODB, SETTINGS.OPERATIONS_TABLE).document
    ),
    freezes=DynamoDbBillingFreezes(DYNAMODB, SETTINGS.OPERATIONS_TABLE),
    leave=FunctionCaller(SETTINGS.OUTAGE_WATCH_FUNCTION),
    requests=DynamoRequests(DYNAMODB, SETTINGS.OPERATIONS_TABLE),
    clock=OUTAGE_CLOCK,
    modes=MODES,
)
API = Api(office=OFFICE, watch=WATCH, stage=SETTINGS.STAGE)


def lambda_handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers one request of the HTTP API."""
    correlation_id = event.get("requestContext", {}).get("requestId", "")
    with WATCH.invocation(context, correlation_id=correlation_id):
        return API.respond(event)
