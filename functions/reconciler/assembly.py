"""The reconciler's ports, bound to AWS: made once, at init."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from functions.reconciler.report import Keeper
from tocsin.adapters.billing.access.corrections import DynamoDbCorrections
from tocsin.adapters.billing.access.incidents import DynamoDbOpenIncidents
from tocsin.adapters.billing.access.twice import DynamoDbSeenTwice
from tocsin.adapters.billing.outage.stores import DynamoDbComparisons
from tocsin.adapters.billing.projection.accounts import DynamoDbSeenAccounts
from tocsin.adapters.billing.reconcile.store import DynamoDbReconciliations
from tocsin.application.billing.projection.open_incidents import Remembered
from tocsin.application.billing.reconcile.accounts import KnownAccounts
from tocsin.application.billing.reconcile.drive import RESERVE_MS, Reconciler
from tocsin.application.billing.reconcile.heal import Healer
from tocsin.application.billing.reconcile.schedule import Schedule
from tocsin.application.billing.reconcile.tell import Teller, note
from tocsin.billing.access.counting import Counting
from tocsin.notes import Event
from tocsin.policy.compiled.billing_rules import current_sampling
from tocsin.providers.http.subscriptions import HttpSubscriptionSource
from tocsin.runtime.driving import Driver, SqsDrive, nobody
from tocsin.runtime.wiring.billing import Billing
from tocsin.runtime.wiring.evidence import evidence
from tocsin.runtime.wiring.incidents import connect

if TYPE_CHECKING:
    from functions.reconciler.settings import Settings
    from tocsin.billing.reconcile.work import Cursor
    from tocsin.runtime.watch.invocation import Watch


def wire(settings: Settings, watch: Watch) -> tuple[Driver[Cursor], Schedule]:
    """The driver of a deployed stage's reconciliations, and what a schedule starts."""
    billing = Billing(
        operations=settings.OPERATIONS_TABLE,
        events=settings.BILLING_EVENTS_TABLE,
        subscriptions=settings.BILLING_SUBSCRIPTIONS_TABLE,
        keys_secret=settings.PROVIDER_KEYS_SECRET,
        bases=settings.API_BASES,
        refetch_queue=settings.REFETCH_QUEUE_URL,
    )
    store = DynamoDbReconciliations(billing.dynamodb, billing.operations, new_token=billing.new_id)
    queue = SqsDrive(
        billing.sqs,
        settings.RECONCILE_QUEUE_URL,
        "reconciliation",
        billing.wake(settings.RECONCILER_FUNCTION, watch),
    )
    driver = Driver(
        work="reconciliation",
        run=_reconciler(billing, store, settings, watch).run,
        drive=queue,
        look_again=queue.later,
        reserve_ms=RESERVE_MS,
        note=note,
        left=Event.RECONCILIATION_LEFT,
        notes=watch,
    )
    schedule = Schedule(
        store=store,
        drive=replace(queue, wake=nobody),
        accounts=KnownAccounts(
            seen=DynamoDbSeenAccounts(billing.dynamodb, billing.operations),
            keyed=lambda: billing.keys.get().identities,
            has_key=lambda identity: billing.keys.get().key_for(identity) is not None,
            counting=Counting.read(settings.BILLING_MODES, settings.BILLING_CONNECTED),
        ),
        now=billing.now,
        notes=watch,
    )
    return driver, schedule


def _reconciler(
    billing: Billing, store: DynamoDbReconciliations, settings: Settings, watch: Watch
) -> Reconciler:
    incidents = Remembered(DynamoDbOpenIncidents(billing.dynamodb, settings.INCIDENTS_TABLE))

    def incident_open() -> bool:
        """Where it cannot be known, one is: nobody loses access because of our own outage."""
        found = incidents.billing(billing.now())
        return found is None or bool(found)

    return Reconciler(
        store=store,
        source=HttpSubscriptionSource(keys=billing.keys, bases=billing.bases, now=billing.now),
        concerned=billing.hours,
        rows=billing.projection,
        client=billing.client,
        rate=billing.rate,
        access=billing.rules.access,
        sampling=current_sampling(),
        incident_open=incident_open,
        heal=Healer(
            projector=billing.projector,
            projection=billing.projection,
            client=billing.client,
            corrections=DynamoDbCorrections(
                billing.dynamodb, subscriptions=billing.subscriptions, operations=billing.operations
            ),
            access=billing.rules.access,
            unique_id=billing.new_id,
            now=billing.now,
        ),
        tell=_teller(billing, store, settings, watch),
        now=billing.now,
        sleep=time.sleep,
        accounts=DynamoDbSeenAccounts(billing.dynamodb, billing.operations),
        twice=DynamoDbSeenTwice(billing.dynamodb, billing.operations),
        add_ons=billing.rules.add_ons,
    )


def _teller(
    billing: Billing, store: DynamoDbReconciliations, settings: Settings, watch: Watch
) -> Teller:
    application = connect(
        settings.INCIDENTS_TABLE,
        clock=watch.clock,
        operations_table=settings.OPERATIONS_TABLE,
        policy_unread=watch.policy_unread,
    )
    return Teller(
        store=store,
        execute=application.execute,
        keep=Keeper(store=store, archive=evidence(settings.EVIDENCE_BUCKET)),
        compared=DynamoDbComparisons(billing.dynamodb, billing.operations),
        now=billing.now,
    )
