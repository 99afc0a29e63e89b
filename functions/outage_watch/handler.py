"""Lambda entry: once a minute, whether customers can pay and whether providers' news arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.outage_watch.accounts import Accounts, Newest, key_maker
from functions.outage_watch.exit_checks import leave
from functions.outage_watch.ringing import AlarmQueue
from functions.outage_watch.settings import Settings
from tocsin.adapters.billing.checkout.store import DynamoDbBreakers, DynamoDbIntents
from tocsin.adapters.billing.outage.stores import (
    DynamoDbComparisons,
    DynamoDbOutages,
    DynamoDbProbes,
)
from tocsin.adapters.billing.projection.ledger_queries import DynamoDbLedgerHours
from tocsin.application.billing.outage.examine_checkouts import Examiner
from tocsin.application.billing.outage.exit import ExitDesk
from tocsin.application.billing.outage.tell import Teller
from tocsin.application.billing.outage.watch_round import Rounds
from tocsin.providers.registry import lists_events
from tocsin.providers.selling import Sales, SalesDocument
from tocsin.runtime.aws import http as aws_http
from tocsin.runtime.aws.secrets import CachedSecret
from tocsin.runtime.clock import outage_clock
from tocsin.runtime.settings import load
from tocsin.runtime.watch.invocation import watch
from tocsin.runtime.wiring.incidents import connect

if TYPE_CHECKING:
    from collections.abc import Mapping

SETTINGS = load(Settings)
WATCH = watch("outage_watch", stage=SETTINGS.STAGE, level=SETTINGS.LOG_LEVEL)
DYNAMODB = aws_http.from_environment("dynamodb")
SQS = aws_http.from_environment("sqs")
APPLICATION = connect(
    SETTINGS.INCIDENTS_TABLE,
    clock=WATCH.clock,
    operations_table=SETTINGS.OPERATIONS_TABLE,
    policy_unread=WATCH.policy_unread,
)
BASES = {"stripe": SETTINGS.STRIPE_API_BASE, "razorpay": SETTINGS.RAZORPAY_API_BASE}
DOCUMENT = CachedSecret(
    aws_http.from_environment("secretsmanager"), SETTINGS.PROVIDER_KEYS_SECRET, SalesDocument.read
)
ACCOUNTS = Accounts(DOCUMENT, BASES)
TELLER = Teller(
    store=APPLICATION.store,
    execute=APPLICATION.execute,
    now=WATCH.clock.incident_now,
)


CLOCK = outage_clock()
ARRIVAL = Newest(DynamoDbLedgerHours(DYNAMODB, SETTINGS.BILLING_EVENTS_TABLE))
INTENTS = DynamoDbIntents(DYNAMODB, SETTINGS.OPERATIONS_TABLE)
BREAKERS = DynamoDbBreakers(DYNAMODB, SETTINGS.OPERATIONS_TABLE)
SALES = Sales(DOCUMENT, BASES)
EXIT = ExitDesk(
    store=APPLICATION.store,
    policies=APPLICATION.policies,
    execute=APPLICATION.execute,
    examiner=Examiner(
        intents=INTENTS,
        breakers=BREAKERS,
        policies=Sales(DOCUMENT, BASES, waited_for=True),
        clock=CLOCK,
    ),
    clock=WATCH.clock,
    wall=CLOCK,
)


def lambda_handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """One round, or what `billing_api` asks for; a round says what is firing and what failed."""
    with WATCH.invocation(context):
        if "exit" in event:
            return leave(EXIT, event["exit"])
        rounds = Rounds(
            intents=INTENTS,
            breakers=BREAKERS,
            policies=SALES,
            outages=DynamoDbOutages(DYNAMODB, SETTINGS.OPERATIONS_TABLE),
            probes=DynamoDbProbes(DYNAMODB, SETTINGS.OPERATIONS_TABLE),
            comparisons=DynamoDbComparisons(DYNAMODB, SETTINGS.OPERATIONS_TABLE),
            probe=ACCOUNTS.look,
            arrival=ARRIVAL,
            teller=TELLER,
            key_of=key_maker(context.invoked_function_arn, SETTINGS.STAGE),
            ring=AlarmQueue(
                SQS, SETTINGS.ALARMS_QUEUE_URL, context.invoked_function_arn, SETTINGS.STAGE
            ).ring,
            announce=ACCOUNTS.announce,
            lists=lists_events,
            clock=CLOCK,
            notes=WATCH,
        )
        return rounds.run()
