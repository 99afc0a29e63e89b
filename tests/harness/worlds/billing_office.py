"""The billing API over memory stores, beside a world of incidents: one wall clock for both."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from functions.billing_api.office import Office
from functions.billing_api.routes import Api
from functions.outage_watch.exit_checks import leave
from tests.harness.fakes.requests import api_event
from tests.harness.worlds.checkout import CheckoutWorld
from tests.harness.worlds.inbox import passed_on
from tocsin.adapters.billing.access.incidents import StoredAuthorizations, StoredHarm
from tocsin.adapters.billing.access.memory import (
    MemoryBillingFreezes,
    MemoryCorrections,
    MemoryOpenIncidents,
    MemorySeenTwice,
)
from tocsin.adapters.billing.outage.memory import MemoryProbes
from tocsin.adapters.billing.projection.memory import (
    MemoryLedger,
    MemoryLedgerHours,
    MemoryProjection,
    MemorySeenAccounts,
    MemorySnapshots,
)
from tocsin.adapters.billing.reconcile.memory import MemoryReconciliations
from tocsin.adapters.billing.replay.memory import MemoryReplays
from tocsin.adapters.people.memory import MemoryRequests
from tocsin.adapters.releases.memory import MemoryFreezes
from tocsin.application.billing.access.approvals import Approvals
from tocsin.application.billing.access.corrections import CorrectionDesk
from tocsin.application.billing.access.counted_rows import CountedRows
from tocsin.application.billing.access.lost_activations import LostActivations
from tocsin.application.billing.outage.examine_checkouts import Examiner
from tocsin.application.billing.outage.exit import ExitDesk
from tocsin.application.billing.outage.history import LedgerHistory
from tocsin.application.billing.projection.open_incidents import Remembered
from tocsin.application.billing.reconcile.accounts import KnownAccounts
from tocsin.application.billing.reconcile.desk import ReconcileDesk
from tocsin.application.billing.replay.desk import ReplayDesk
from tocsin.application.billing.replay.window import WindowDesk
from tocsin.billing.access.counting import Counting
from tocsin.billing.checkout.breaker import Breaker, Phase
from tocsin.billing.identity import Identity
from tocsin.billing.projection.ordering import Change, Row
from tocsin.billing.projection.refetch import RefetchRequest
from tocsin.billing.subscription import Status, Subscription
from tocsin.errors import QueueUnavailable
from tocsin.policy.compiled.billing_rules import EssentialChanges, current_billing_rules
from tocsin.providers.bodies.codec import unpack
from tocsin.providers.registry import object_reader
from tocsin.runtime.watch.checkout_notes import Notes
from tocsin.runtime.web.identity import SignIn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.harness.worlds.world import World
    from tocsin.billing.access.freeze import BillingChange
    from tocsin.billing.projection.refetch import LedgerReplay

IDENTITY = Identity("stripe", "acct_1", "live")
RAZORPAY = Identity("razorpay", "acc_1", "live")


@dataclass(slots=True)
class BillingOffice:
    """What people and the product ask of billing, and the rows behind the answers."""

    world: World
    projection: MemoryProjection = field(default_factory=MemoryProjection)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    replays: MemoryReplays = field(default_factory=MemoryReplays)
    probes: MemoryProbes = field(default_factory=MemoryProbes)
    breaker_closed: bool = True
    identities: tuple[Identity, ...] = (IDENTITY,)
    known: tuple[Identity, ...] = (IDENTITY,)
    hours: MemoryLedgerHours = field(default_factory=MemoryLedgerHours)
    essential: Callable[[str], frozenset[BillingChange]] = field(default_factory=EssentialChanges)
    woken: list[str] = field(default_factory=list)
    refetches: list[RefetchRequest] = field(default_factory=list)
    queue_refuses: bool = False
    requests: MemoryRequests = field(default_factory=MemoryRequests)
    reconciliations: MemoryReconciliations = field(default_factory=MemoryReconciliations)
    reconcilers_woken: list[str] = field(default_factory=list)
    counting: Counting = field(default_factory=Counting)
    twice: MemorySeenTwice = field(default_factory=MemorySeenTwice)
    seen: MemorySeenAccounts = field(default_factory=MemorySeenAccounts)
    keyed: tuple[Identity, ...] = (IDENTITY,)
    corrections: MemoryCorrections = field(init=False)
    checkout: CheckoutWorld = field(init=False)
    api: Api = field(init=False)

    def __post_init__(self) -> None:
        self.corrections = MemoryCorrections(self.projection)
        self.checkout = CheckoutWorld(clock=self.world.wall, note=Notes(self.world.watch))
        rules, incidents = current_billing_rules(), MemoryOpenIncidents(self.world.store)
        accounts = KnownAccounts(
            seen=self.seen,
            keyed=lambda: self.keyed,
            has_key=lambda identity: identity in self.known,
            counting=self.counting,
        )
        office = Office(
            rules=rules,
            projection=CountedRows(self.projection, self.counting),
            incidents=Remembered(incidents),
            twice=self.twice,
            activations=LostActivations(self),
            corrections=CorrectionDesk(
                projection=self.projection,
                store=self.corrections,
                incidents=incidents,
                authorizations=StoredAuthorizations(self.world.store),
                access=rules.access,
                ids=self.world.application.ids,
                wall=self.world.wall,
                clock=self.world.clock,
            ),
            replays=ReplayDesk(
                store=self.replays,
                wake=self._wake,
                probes=self.probes,
                breaker_closed=lambda _: self.breaker_closed,
                known=lambda identity: identity in self.known,
                new_id=lambda: f"RPL-{self.world.application.ids.unique_id()}",
                now=lambda: self.now,
            ),
            windows=WindowDesk(
                incidents=StoredHarm(self.world.store),
                ledger=self.hours,
                intents=self.checkout.checkouts.intents,
                probes=self.probes,
                breaker=lambda _: self.breaker,
                identities=lambda: self.identities,
                now=lambda: self.now,
            ),
            reconciliations=ReconcileDesk(
                store=self.reconciliations,
                wake=self.reconcilers_woken.append,
                approvals=Approvals(
                    incidents=incidents,
                    authorizations=StoredAuthorizations(self.world.store),
                    clock=self.world.clock,
                ),
                accounts=accounts,
                new_id=lambda: f"REC-{self.world.application.ids.unique_id()}",
                now=lambda: self.now,
            ),
            checkouts=self.checkout.checkouts,
            leave=self._leave,
            requests=self.requests,
            history=LedgerHistory(
                source=MemorySnapshots(self.ledger),
                identities=accounts.counted,
                reader=object_reader,
                unpack=unpack,
            ),
            freezes=MemoryBillingFreezes(MemoryFreezes(self.world.store.freezes)),
            clock=self.world.wall,
            essential=self.essential,
        )
        self.api = Api(office=office, watch=self.world.watch, sign_in=SignIn("local"))

    def _leave(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """The outage watch, asked as the deployed function is: through JSON."""
        application, checkout = self.world.application, self.checkout
        desk = ExitDesk(
            store=self.world.store,
            policies=application.policies,
            execute=application.execute,
            examiner=Examiner(
                intents=checkout.intents,
                breakers=checkout.breakers,
                policies=checkout,
                clock=self.world.wall,
            ),
            clock=self.world.clock,
            wall=self.world.wall,
        )
        answered: dict[str, Any] = json.loads(
            json.dumps(leave(desk, json.loads(json.dumps(wish))["exit"]))
        )
        return answered

    def _wake(self, replay: str) -> None:
        if self.queue_refuses:
            raise QueueUnavailable("no answer")
        self.woken.append(replay)

    def send(self, request: RefetchRequest | LedgerReplay, *, delay: int) -> None:
        """The refetch queue: what the API has providers asked."""
        assert isinstance(request, RefetchRequest)
        assert delay == 0
        if self.queue_refuses:
            raise QueueUnavailable("no answer")
        self.refetches.append(request)

    @property
    def sent(self) -> list[tuple[str, str, str]]:
        """What stakeholders were told: incident, subject and text, as their outbox has it."""
        return passed_on(self.world.store.all_outbox())

    @property
    def breaker(self) -> Breaker:
        return Breaker() if self.breaker_closed else Breaker(Phase.OPEN, since=self.now - 60)

    @property
    def now(self) -> int:
        return int(self.world.wall.wall_now().timestamp())

    def has(
        self,
        status: Status,
        *,
        workspace: str = "ws_1",
        name: str = "sub_1",
        identity: Identity = IDENTITY,
        ends_in: int = 86_400,
    ) -> Row:
        """A subscription that the provider told of ten seconds ago."""
        state = Subscription(
            name, status, status.value, "price_1", self.now + ends_in, workspace=workspace
        )
        row = Row(ver=1, rev=1, subscription=state, since=self.now - 10, source="evt_1")
        assert self.projection.write(identity, name, Change(0, row))
        return row

    def request(
        self, method: str, path: str, body: object = None, *, person: str = "ana", **options: Any
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        """A request to the API: status, body, headers."""
        response = self.api.respond(api_event(method, path, body, person=person, **options))
        return response["statusCode"], json.loads(response["body"]), response["headers"]

    def entitlement(self, workspace: str = "ws_1", **options: Any) -> dict[str, Any]:
        status, body, _ = self.request("GET", f"/v1/workspaces/{workspace}/entitlement", **options)
        assert status == 200, body
        return body
