"""The office's ports, bound to AWS: made once, at init."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from functions.billing_api.office import Office
from tocsin.adapters.billing.access.corrections import DynamoDbCorrections
from tocsin.adapters.billing.access.freezes import DynamoDbBillingFreezes
from tocsin.adapters.billing.access.incidents import (
    DynamoDbAuthorizations,
    DynamoDbHarm,
    DynamoDbOpenIncidents,
)
from tocsin.adapters.billing.access.twice import DynamoDbSeenTwice
from tocsin.adapters.billing.checkout.store import DynamoDbBreakers, DynamoDbIntents
from tocsin.adapters.billing.outage.stores import DynamoDbProbes
from tocsin.adapters.billing.projection.accounts import DynamoDbSeenAccounts
from tocsin.adapters.billing.projection.ledger_queries import DynamoDbSnapshots
from tocsin.adapters.billing.reconcile.store import DynamoDbReconciliations
from tocsin.adapters.billing.replay.store import DynamoDbReplays
from tocsin.adapters.people.stores import DynamoRequests
from tocsin.adapters.runbooks.store import DynamoPolicies
from tocsin.application.billing.access.approvals import Approvals
from tocsin.application.billing.access.corrections import CorrectionDesk
from tocsin.application.billing.access.counted_rows import CountedRows
from tocsin.application.billing.access.lost_activations import LostActivations
from tocsin.application.billing.checkout.start import Checkouts
from tocsin.application.billing.outage.history import LedgerHistory
from tocsin.application.billing.projection.open_incidents import Remembered
from tocsin.application.billing.reconcile.accounts import KnownAccounts
from tocsin.application.billing.reconcile.desk import ReconcileDesk
from tocsin.application.billing.replay.desk import ReplayDesk
from tocsin.application.billing.replay.window import WindowDesk
from tocsin.billing.access.counting import Counting
from tocsin.billing.checkout.breaker import Phase
from tocsin.policy.compiled.billing_rules import EssentialChanges
from tocsin.providers.bodies.codec import unpack
from tocsin.providers.registry import object_reader
from tocsin.providers.selling import Sales, SalesDocument
from tocsin.runtime.aws.http import from_environment
from tocsin.runtime.aws.invoke import FunctionCaller
from tocsin.runtime.aws.secrets import CachedSecret
from tocsin.runtime.clock import outage_clock
from tocsin.runtime.driving import SqsDrive
from tocsin.runtime.ids import SystemIds
from tocsin.runtime.watch.checkout_notes import Notes
from tocsin.runtime.wiring.billing import Billing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from functions.billing_api.settings import Settings
    from tocsin.billing.identity import Identity
    from tocsin.runtime.watch.invocation import Watch


def wire(settings: Settings, watch: Watch) -> Office:
    """The parts of a deployed stage."""
    billing = Billing(
        operations=settings.OPERATIONS_TABLE,
        events=settings.BILLING_EVENTS_TABLE,
        subscriptions=settings.BILLING_SUBSCRIPTIONS_TABLE,
        keys_secret=settings.PROVIDER_KEYS_SECRET,
        bases=settings.API_BASES,
        refetch_queue=settings.REFETCH_QUEUE_URL,
    )
    return _Assembly(settings, watch, billing).office()


@dataclass(frozen=True)
class _Assembly:
    """The desks, each with the stores it shares with others."""

    settings: Settings
    watch: Watch
    billing: Billing

    def office(self) -> Office:
        billing = self.billing
        return Office(
            rules=billing.rules,
            projection=CountedRows(billing.projection, self._counting),
            incidents=Remembered(self._incidents),
            twice=DynamoDbSeenTwice(billing.dynamodb, billing.operations),
            activations=LostActivations(billing.refetches),
            corrections=self._corrections(),
            replays=self._replays(),
            windows=self._windows(),
            reconciliations=self._reconciliations(),
            checkouts=self._checkouts,
            history=LedgerHistory(
                source=DynamoDbSnapshots(billing.dynamodb, billing.events),
                identities=self._known.counted,
                reader=object_reader,
                unpack=unpack,
            ),
            essential=EssentialChanges(
                published=DynamoPolicies(billing.dynamodb, billing.operations).document
            ),
            freezes=DynamoDbBillingFreezes(billing.dynamodb, billing.operations),
            leave=FunctionCaller(
                self.settings.OUTAGE_WATCH_FUNCTION, remaining=self.watch.remaining.seconds
            ),
            requests=DynamoRequests(billing.dynamodb, billing.operations),
            clock=self._checkouts.clock,
        )

    @cached_property
    def _incidents(self) -> DynamoDbOpenIncidents:
        return DynamoDbOpenIncidents(self.billing.dynamodb, self.settings.INCIDENTS_TABLE)

    @cached_property
    def _authorizations(self) -> DynamoDbAuthorizations:
        return DynamoDbAuthorizations(self.billing.dynamodb, self.settings.INCIDENTS_TABLE)

    @cached_property
    def _probes(self) -> DynamoDbProbes:
        return DynamoDbProbes(self.billing.dynamodb, self.billing.operations)

    @cached_property
    def _counting(self) -> Counting:
        return Counting.read(self.settings.BILLING_MODES, self.settings.BILLING_CONNECTED)

    @cached_property
    def _checkouts(self) -> Checkouts:
        billing = self.billing
        document = CachedSecret(
            from_environment("secretsmanager"), billing.keys_secret, SalesDocument.read
        )
        return Checkouts(
            intents=DynamoDbIntents(billing.dynamodb, billing.operations),
            breakers=DynamoDbBreakers(billing.dynamodb, billing.operations),
            policies=Sales(document, billing.bases, waited_for=True),
            clock=outage_clock(),
            note=Notes(self.watch),
        )

    @property
    def _known(self) -> KnownAccounts:
        billing = self.billing
        return KnownAccounts(
            seen=DynamoDbSeenAccounts(billing.dynamodb, billing.operations),
            keyed=self._accounts,
            has_key=lambda identity: billing.keys.get().key_for(identity) is not None,
            counting=self._counting,
        )

    def _accounts(self) -> Sequence[Identity]:
        return self.billing.keys.get().identities

    def _corrections(self) -> CorrectionDesk:
        billing = self.billing
        return CorrectionDesk(
            projection=billing.projection,
            store=DynamoDbCorrections(
                billing.dynamodb, subscriptions=billing.subscriptions, operations=billing.operations
            ),
            incidents=self._incidents,
            authorizations=self._authorizations,
            access=billing.rules.access,
            ids=SystemIds(billing.clock),
            wall=billing.clock,
            clock=self.watch.clock,
        )

    def _replays(self) -> ReplayDesk:
        billing, breakers = self.billing, self._checkouts.breakers
        return ReplayDesk(
            store=DynamoDbReplays(billing.dynamodb, billing.operations, new_token=billing.new_id),
            wake=SqsDrive(
                billing.sqs,
                self.settings.REPLAY_QUEUE_URL,
                "replay",
                billing.wake(self.settings.REPLAY_PLANNER_FUNCTION, self.watch),
            ),
            probes=self._probes,
            breaker_closed=lambda identity: breakers.load(identity).phase is Phase.CLOSED,
            known=lambda identity: billing.keys.get().key_for(identity) is not None,
            new_id=lambda: f"RPL-{billing.new_id()}",
            now=billing.now,
        )

    def _windows(self) -> WindowDesk:
        return WindowDesk(
            incidents=DynamoDbHarm(self.billing.dynamodb, self.settings.INCIDENTS_TABLE),
            ledger=self.billing.hours,
            intents=self._checkouts.intents,
            probes=self._probes,
            breaker=self._checkouts.breakers.load,
            identities=self._accounts,
            now=self.billing.now,
        )

    def _reconciliations(self) -> ReconcileDesk:
        billing = self.billing
        return ReconcileDesk(
            store=DynamoDbReconciliations(
                billing.dynamodb, billing.operations, new_token=billing.new_id
            ),
            wake=SqsDrive(
                billing.sqs,
                self.settings.RECONCILE_QUEUE_URL,
                "reconciliation",
                billing.wake(self.settings.RECONCILER_FUNCTION, self.watch),
            ),
            approvals=Approvals(
                incidents=self._incidents,
                authorizations=self._authorizations,
                clock=self.watch.clock,
            ),
            accounts=self._known,
            new_id=lambda: f"REC-{billing.new_id()}",
            now=billing.now,
        )
