"""The outage watch's ports, bound to AWS: made once, at init."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from functions.outage_watch.accounts import Accounts, Newest
from tocsin.adapters.billing.checkout.store import DynamoDbBreakers, DynamoDbIntents
from tocsin.adapters.billing.outage.stores import (
    DynamoDbComparisons,
    DynamoDbOutages,
    DynamoDbProbes,
)
from tocsin.application.billing.outage.examine_checkouts import Examiner
from tocsin.application.billing.outage.exit import ExitDesk
from tocsin.application.billing.outage.tell import Teller
from tocsin.application.billing.outage.watch_round import Rounds
from tocsin.providers.registry import lists_events
from tocsin.providers.selling import Sales, SalesDocument
from tocsin.runtime.aws.http import from_environment
from tocsin.runtime.aws.secrets import CachedSecret
from tocsin.runtime.clock import outage_clock
from tocsin.runtime.wiring.billing import Billing
from tocsin.runtime.wiring.incidents import connect

if TYPE_CHECKING:
    from functions.outage_watch.settings import Settings
    from tocsin.adapters.aws.call import AwsCall
    from tocsin.runtime.watch.invocation import Watch
    from tocsin.runtime.wiring.incidents import Application


@dataclass(frozen=True, slots=True)
class OutageWatch:
    """What the handler calls; `rounds` lacks `key_of` and `ring`, which an invocation knows."""

    exit: ExitDesk
    rounds: partial[Rounds]
    sqs: AwsCall


def wire(settings: Settings, watch: Watch) -> OutageWatch:
    """The watch of a deployed stage."""
    billing = Billing(
        operations=settings.OPERATIONS_TABLE,
        events=settings.BILLING_EVENTS_TABLE,
        keys_secret=settings.PROVIDER_KEYS_SECRET,
        bases=settings.API_BASES,
    )
    application = connect(
        settings.INCIDENTS_TABLE,
        clock=watch.clock,
        operations_table=settings.OPERATIONS_TABLE,
        policy_unread=watch.policy_unread,
    )
    document = CachedSecret(
        from_environment("secretsmanager"), settings.PROVIDER_KEYS_SECRET, SalesDocument.read
    )
    return OutageWatch(
        exit=_exit(billing, application, document),
        rounds=_rounds(billing, application, document, watch),
        sqs=billing.sqs,
    )


def _exit(
    billing: Billing, application: Application, document: CachedSecret[SalesDocument]
) -> ExitDesk:
    clock = outage_clock()
    return ExitDesk(
        store=application.store,
        policies=application.policies,
        execute=application.execute,
        examiner=Examiner(
            intents=DynamoDbIntents(billing.dynamodb, billing.operations),
            breakers=DynamoDbBreakers(billing.dynamodb, billing.operations),
            policies=Sales(document, billing.bases, waited_for=True),
            clock=clock,
        ),
        clock=application.clock,
        wall=clock,
    )


def _rounds(
    billing: Billing,
    application: Application,
    document: CachedSecret[SalesDocument],
    watch: Watch,
) -> partial[Rounds]:
    accounts = Accounts(document, billing.bases)
    return partial(
        Rounds,
        intents=DynamoDbIntents(billing.dynamodb, billing.operations),
        breakers=DynamoDbBreakers(billing.dynamodb, billing.operations),
        policies=Sales(document, billing.bases),
        outages=DynamoDbOutages(billing.dynamodb, billing.operations),
        probes=DynamoDbProbes(billing.dynamodb, billing.operations),
        comparisons=DynamoDbComparisons(billing.dynamodb, billing.operations),
        probe=accounts.look,
        arrival=Newest(billing.hours),
        teller=Teller(
            store=application.store,
            policies=application.policies,
            execute=application.execute,
            now=watch.clock.incident_now,
        ),
        announce=accounts.announce,
        lists=lists_events,
        clock=outage_clock(),
        notes=watch,
    )
