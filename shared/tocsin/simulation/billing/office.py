"""Billing as its functions wire it, over stores in memory and the simulated provider.

Our own clients ask the provider; they send by a pool that answers from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tocsin.adapters.billing.access.incidents import StoredAuthorizations
from tocsin.adapters.billing.access.memory import (
    MemoryCorrections,
    MemoryOpenIncidents,
    MemorySeenTwice,
)
from tocsin.adapters.billing.outage.memory import MemoryProbes
from tocsin.adapters.billing.projection.ledger import record_of
from tocsin.adapters.billing.projection.memory import MemoryLedgerHours, MemorySeenAccounts
from tocsin.adapters.billing.projection.sums import weight
from tocsin.adapters.billing.reconcile.memory import MemoryReconciliations
from tocsin.adapters.billing.replay.memory import (
    MemoryLedgerReader,
    MemoryReplayOutcomes,
    MemoryReplays,
)
from tocsin.application.billing.access.approvals import Approvals
from tocsin.application.billing.projection.batch import Projecting
from tocsin.application.billing.projection.file_event import Filer, SetAside
from tocsin.application.billing.projection.ingest import Ingest
from tocsin.application.billing.projection.project import Projector
from tocsin.application.billing.reconcile.accounts import KnownAccounts
from tocsin.application.billing.reconcile.desk import ReconcileDesk
from tocsin.application.billing.reconcile.drive import Reconciler
from tocsin.application.billing.reconcile.heal import Healer
from tocsin.application.billing.replay.desk import ReplayDesk
from tocsin.application.billing.replay.drive import Planner
from tocsin.billing.access.counting import Counting
from tocsin.billing.identity import Identity, Registrations
from tocsin.billing.reconcile.sampling import Sampling
from tocsin.errors import Unavailable, VersionConflict
from tocsin.local.sandbox.defaults import ACCOUNT
from tocsin.policy.compiled.billing_rules import current_billing_rules
from tocsin.providers.bodies.codec import keep, unpack
from tocsin.providers.http.events import HttpEventSource, workspace_of
from tocsin.providers.http.one import HttpProviderClient
from tocsin.providers.http.subscriptions import HttpSubscriptionSource
from tocsin.providers.registry import object_reader, webhook_reader
from tocsin.simulation.billing.books import Books
from tocsin.simulation.billing.mortal import mortal
from tocsin.simulation.billing.shop import Shop
from tocsin.simulation.billing.stripe import BASES, MODE, NAME, REGISTRATIONS, Pool
from tocsin.simulation.surroundings import SeededIds
from tocsin.simulation.troubles import Died

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.billing.projection.ledger_key import LedgerRecord
    from tocsin.billing.projection.refetch import LedgerReplay, RefetchRequest
    from tocsin.billing.reconcile.work import Cursor as Comparison
    from tocsin.billing.replay.cursor import Cursor as Replay
    from tocsin.policy.compiled.billing_rules import BillingRules
    from tocsin.ports.billing.projection import OpenIncidents
    from tocsin.simulation.billing.around import Around

IDENTITY = Identity(NAME, ACCOUNT, MODE)


@dataclass(slots=True)
class Office:
    """What people ask of billing, and who does it."""

    world: Around
    books: Books = field(init=False)
    shop: Shop = field(init=False)
    replays: MemoryReplays = field(default_factory=MemoryReplays)
    reconciliations: MemoryReconciliations = field(default_factory=MemoryReconciliations)
    replay_desk: ReplayDesk = field(init=False)
    incidents: OpenIncidents = field(init=False)
    _rules: BillingRules = field(default_factory=current_billing_rules)
    _client: HttpProviderClient = field(init=False)
    _projector: Projector = field(init=False)
    _pool: Pool = field(init=False)
    _accounts: MemorySeenAccounts = field(default_factory=MemorySeenAccounts)
    _outcomes: MemoryReplayOutcomes = field(default_factory=MemoryReplayOutcomes)
    _ids: SeededIds = field(init=False)

    def __post_init__(self) -> None:
        self.books = books = Books(self.world)
        self.shop = Shop(self.world, books)
        self._ids = SeededIds(self.world.seed + 2)
        self.incidents = MemoryOpenIncidents(self.world.store)
        self._pool = Pool(books.stripe)
        self._client = HttpProviderClient(
            keys=books.stripe,
            bases=BASES,
            reader=object_reader,
            clock=books,
            monotonic=lambda: float(books.at),
            pool=self._pool,
        )
        self._projector = Projector(
            projection=mortal(self.world.troubles, books.projection),
            client=self._client,
            queue=_Refetches(books),
            quarantine=books.quarantine,
            confirmed=self._rules.confirm,
            invoices=self._client,
        )
        books.ingest = Ingest(
            _Fixed(Registrations(REGISTRATIONS)),
            webhook_reader,
            mortal(self.world.troubles, books),
            keep,
        )
        books.projecting = self._projecting()
        self.replay_desk = self._replay_desk()

    def _projecting(self) -> Projecting:
        return Projecting(
            projector=self._projector,
            quarantine=self.books.quarantine,
            ledger=self.books,
            versions=_NoVersions(),
            accounts=self._accounts,
            outcomes=self._outcomes,
            record=record_of,
            reader=object_reader,
            unpack=unpack,
            providers=frozenset({NAME}),
            clock=self.books,
            notes=self.world.notes,
        )

    def now(self) -> int:
        return self.books.at

    # Replays

    def _replay_desk(self) -> ReplayDesk:
        return ReplayDesk(
            store=self.replays,
            wake=lambda _name: None,
            probes=MemoryProbes(),
            breaker_closed=lambda _identity: True,
            known=lambda identity: identity == IDENTITY,
            new_id=lambda: f"RPL-{self._ids.unique_id()}",
            now=self.now,
        )

    def drive_replay(self, name: str, *, steps: int) -> Replay | None:
        """A driver that takes so many steps at most; None where it died."""
        books = self.books
        planner = Planner(
            source=HttpEventSource(keys=books.stripe, bases=BASES, pool=self._pool),
            ledger=MemoryLedgerReader(books.ledger),
            store=mortal(self.world.troubles, self.replays),
            queue=_Restores(books),
            sums=_Sums(books),
            rate=_Unlimited(),
            file=Filer(webhook_reader, keep, lambda: None, workspace_of),
            set_aside=SetAside(books.quarantine),
            outcomes=self._outcomes,
            tell=lambda _cursor: "",
            rebuilder=_NoRebuilder(),
            now=self.now,
            sleep=books.sleep,
        )
        left = iter(range(steps))
        try:
            return planner.run(name, go_on=lambda: next(left, None) is not None)
        except (Died, Unavailable, VersionConflict):
            return None

    # Reconciliations

    def reconcile_desk(self) -> ReconcileDesk:
        return ReconcileDesk(
            store=self.reconciliations,
            wake=lambda _name: None,
            approvals=Approvals(
                incidents=self.incidents,
                authorizations=StoredAuthorizations(self.world.store),
                clock=self.world.clock,
            ),
            accounts=KnownAccounts(
                seen=self._accounts,
                keyed=lambda: (IDENTITY,),
                has_key=lambda identity: identity == IDENTITY,
                counting=Counting.read(MODE, ""),
            ),
            new_id=lambda: f"REC-{self._ids.unique_id()}",
            now=self.now,
        )

    def drive_reconciliation(self, name: str, *, steps: int) -> Comparison | None:
        """A driver that takes so many steps at most; None where it died."""
        left = iter(range(steps))
        try:
            return self._reconciler().run(name, go_on=lambda: next(left, None) is not None)
        except (Died, Unavailable, VersionConflict):
            return None

    def _reconciler(self) -> Reconciler:
        books, rules = self.books, self._rules
        return Reconciler(
            store=mortal(self.world.troubles, self.reconciliations),
            source=HttpSubscriptionSource(
                keys=books.stripe, bases=BASES, now=self.now, pool=self._pool
            ),
            concerned=MemoryLedgerHours(books.ledger),
            rows=books.projection,
            client=self._client,
            rate=_Unlimited(),
            access=rules.access,
            sampling=Sampling(),
            incident_open=lambda: bool(self.incidents.billing()),
            heal=Healer(
                projector=self._projector,
                projection=books.projection,
                client=self._client,
                corrections=MemoryCorrections(books.projection),
                access=rules.access,
                unique_id=self._ids.unique_id,
                now=self.now,
            ),
            tell=lambda cursor: cursor,
            now=self.now,
            sleep=books.sleep,
            accounts=self._accounts,
            twice=MemorySeenTwice(),
            add_ons=rules.add_ons,
        )


@dataclass(frozen=True, slots=True)
class _Refetches:
    """Implements `ports.billing.projection.RefetchQueue`."""

    books: Books

    def send(self, request: RefetchRequest | LedgerReplay, *, delay: int) -> None:
        self.books.later(request, delay=delay)


@dataclass(frozen=True, slots=True)
class _Restores:
    """Implements `ports.billing.replay.RestoreQueue`."""

    books: Books

    def send(self, replay: str, records: Sequence[LedgerRecord]) -> None:
        del replay
        self.books.restore(records)


@dataclass(frozen=True, slots=True)
class _Sums:
    """Implements `ports.billing.replay.ProjectionSums`."""

    books: Books

    def of(self, identity: Identity, subscriptions: Sequence[str], *, page: int) -> int:
        rows = self.books.projection.read_many(identity, subscriptions)
        facts = [(name, row.rev, row.ver) for name, row in sorted(rows.items())]
        return sum(weight(page, str(identity), *each) for each in facts)


@dataclass(frozen=True, slots=True)
class _Fixed:
    """A secret that is never changed."""

    document: Registrations

    def get(self) -> Registrations:
        return self.document

    def refreshed(self) -> Registrations | None:
        return None


class _Unlimited:
    """A budget that is never used up."""

    def take(self, identity: Identity) -> None: ...


class _NoVersions:
    """Every API version was seen before."""

    def is_new(self, provider: str, version: str | None, *, now: int) -> bool:
        del provider, version, now
        return False


class _NoRebuilder:
    """Of a provider that lists its events nothing is rebuilt."""

    def step(self, cursor: Any) -> Any:
        raise AssertionError(f"{cursor.id} lists events")
