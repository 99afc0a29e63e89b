"""Two providers and what we hold of them, all right until something is planted.

The reconciler, the healer and the projector are the real ones over the memory twins. The model
knows what it planted, which is the only oracle: nothing here compares anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tocsin.adapters.billing.access.memory import MemoryCorrections, MemorySeenTwice
from tocsin.adapters.billing.projection.memory import (
    MemoryProjection,
    MemoryQuarantine,
    MemorySeenAccounts,
)
from tocsin.adapters.billing.reconcile.memory import MemoryConcerned, MemoryReconciliations
from tocsin.application.billing.projection.project import Projector
from tocsin.application.billing.reconcile.drive import Reconciler
from tocsin.application.billing.reconcile.heal import Healer
from tocsin.billing.identity import Identity
from tocsin.billing.projection.ordering import Answer, Overlay, Row, Verdict
from tocsin.billing.projection.refetch import RefetchRequest
from tocsin.billing.reconcile.compare import Kind
from tocsin.billing.reconcile.sampling import Sampling
from tocsin.billing.reconcile.work import Cursor, Scope, stands
from tocsin.billing.subscription import Status, Subscription
from tocsin.errors import ProviderUnavailable
from tocsin.policy.compiled.billing_rules import current_billing_rules
from tocsin.ports.billing.reconcile import SubscriptionPage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tocsin.billing.projection.refetch import LedgerReplay
    from tocsin.billing.reconcile.work import Standing
    from tocsin.ports.billing.reconcile import ReconciliationStore

NOW = 1_790_000_000
STRIPE = Identity("stripe", "acct_1", "live")
RAZORPAY = Identity("razorpay", "acc_2", "live")
PAGE = 7
STATUSES = (Status.ACTIVE, Status.ACTIVE, Status.PAST_DUE, Status.TRIALING, Status.CANCELLED)
PLANS = ("price_basic", "price_pro")


def key(number: int) -> tuple[Identity, str]:
    """Every third workspace is billed by the other provider."""
    return (RAZORPAY if number % 3 == 0 else STRIPE), f"sub_{number:04d}"


def truth_of(number: int) -> Subscription:
    status = STATUSES[number % len(STATUSES)]
    return Subscription(
        key(number)[1],
        status,
        status.value,
        PLANS[number % 2],
        NOW + 86_400 * (1 + number % 30),
        workspace=f"ws_{number:04d}",
    )


@dataclass(slots=True)
class ReconcileModel:
    """The world: `truth` is what the providers have; `down` and `silent` are what fails of them.

    `owner` says at which account a workspace is billed. Of accounts in `unasked` nothing may be
    asked. Providers that are `down` answer nothing, subscriptions that are `silent` cannot be asked
    about, and those that are `hidden` are left out of lists.
    """

    size: int = 60
    owner: Callable[[int], Identity] = lambda number: key(number)[0]
    unasked: frozenset[Identity] = frozenset()
    store: ReconciliationStore = field(default_factory=MemoryReconciliations)
    truth: dict[tuple[Identity, str], Subscription] = field(default_factory=dict)
    projection: MemoryProjection = field(default_factory=MemoryProjection)
    concerned: MemoryConcerned = field(default_factory=MemoryConcerned)
    seen: MemorySeenAccounts = field(default_factory=MemorySeenAccounts)
    twice: MemorySeenTwice = field(default_factory=MemorySeenTwice)
    down: set[str] = field(default_factory=set)
    empty: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    hidden: set[tuple[Identity, str]] = field(default_factory=set)
    incident: bool = True
    calls: int = 0
    now: int = NOW
    sent: list[RefetchRequest] = field(default_factory=list)
    corrections: MemoryCorrections = field(init=False)
    reconciler: Reconciler = field(init=False)

    def __post_init__(self) -> None:
        rules = current_billing_rules().access
        self.corrections = MemoryCorrections(self.projection)
        for number in range(self.size):
            at = self.key(number)
            self.truth[at] = truth_of(number)
            self.hold(at, truth_of(number))
        self.reconciler = Reconciler(
            store=self.store,
            source=self,
            concerned=self.concerned,
            rows=self.projection,
            client=self,
            rate=self,
            access=rules,
            sampling=Sampling(),
            incident_open=lambda: self.incident,
            heal=Healer(
                projector=Projector(
                    projection=self.projection,
                    client=self,
                    queue=self,
                    quarantine=MemoryQuarantine(),
                ),
                projection=self.projection,
                client=self,
                corrections=self.corrections,
                access=rules,
                unique_id=lambda: f"{self.calls:08d}",
                now=lambda: self.now,
            ),
            tell=lambda cursor: cursor,
            now=lambda: self.now,
            sleep=self.sleep,
            accounts=self.seen,
            twice=self.twice,
        )

    def key(self, number: int) -> tuple[Identity, str]:
        return self.owner(number), key(number)[1]

    # What the reconciler asks of the outside.

    def take(self, identity: Identity) -> None:
        assert identity not in self.unasked

    def sleep(self, seconds: float) -> None:
        self.now += int(seconds)

    def send(self, request: RefetchRequest | LedgerReplay, *, delay: int) -> None:
        assert isinstance(request, RefetchRequest)
        del delay
        self.sent.append(request)

    def fetch(self, identity: Identity, subscription: str) -> Answer:
        self.calls += 1
        assert identity not in self.unasked
        if identity.provider in self.down or subscription in self.silent:
            return Answer(Verdict.FAILED, http_status=503, detail="HTTP 503")
        found = self.truth.get((identity, subscription))
        verdict = Verdict.FOUND if found else Verdict.MISSING
        return Answer(verdict, found, date=self.now, http_status=200 if found else 404)

    def page(self, identity: Identity, after: str | None) -> SubscriptionPage:
        self.calls += 1
        if identity.provider in self.down:
            raise ProviderUnavailable("HTTP 503")
        if identity.provider in self.empty:
            return SubscriptionPage((), None)
        known = (at for at in self.truth if at not in self.hidden)
        names = sorted(name for owner, name in known if owner == identity)
        left = [name for name in names if name > (after or "")]
        some = tuple(self.truth[identity, name] for name in left[:PAGE])
        return SubscriptionPage(some, some[-1].id if len(left) > PAGE else None)

    # What we hold, and what is broken of it.

    def hold(self, at: tuple[Identity, str], held: Subscription, **changes: object) -> None:
        row = Row(ver=3, rev=2, subscription=held, applied=self.now - 900, fetched=self.now - 600)
        self.projection.rows[at] = replace(row, **changes)  # type: ignore[arg-type]

    def plant(self, kind: Kind, number: int) -> tuple[Kind, str]:
        """Breaks workspace `number` in one way; what has to be found."""
        at, held = self.key(number), replace(truth_of(number), status=Status.ACTIVE)
        self.truth[at] = held
        self.hold(at, held)
        match kind:
            case Kind.MISSING:
                del self.projection.rows[at]
            case Kind.ORPHAN:
                del self.truth[at]
                told = self.concerned.events.setdefault(at[0], [])
                told.append((at[1], self.now - 1_200))
            case Kind.STALE:
                older = replace(held, status=Status.TRIALING, period_end=self.now - 86_400)
                self.hold(at, older)
            case Kind.STATUS:
                self.hold(at, replace(held, status=Status.PAST_DUE))
            case Kind.PLAN:
                self.hold(at, replace(held, plan="price_old"))
            case Kind.PERIOD:
                self.hold(at, replace(held, period_end=(held.period_end or 0) - 86_400))
            case Kind.ENFORCEMENT:
                laid = Overlay(Status.SUSPENDED, self.now + 900_000, "", "mallory", 2)
                self.hold(at, held, overlay=laid)
            case Kind.DOUBLE:
                # Where nobody may be asked the twin is there too: else the other one would show it.
                elsewhere = STRIPE if at[0] == RAZORPAY else RAZORPAY
                other = (at[0] if at[0] in self.unasked else elsewhere), f"twin_{number:04d}"
                self.truth[other] = replace(held, id=other[1])
                self.hold(other, self.truth[other])
        return kind, f"ws_{number:04d}"

    # Driving.

    def start(self, name: str = "REC-1", scope: Scope = Scope.FULL, **changes: object) -> Cursor:
        cursor = Cursor(
            id=name,
            identities=(STRIPE, RAZORPAY),
            scope=scope,
            start=self.now - 3_600,
            end=self.now,
            seed="seed",
            started_at=self.now,
            started_by="ana",
        )
        self.store.create(replace(cursor, **changes))  # type: ignore[arg-type]
        return self.run(name)

    def run(self, name: str = "REC-1", go_on: Callable[[], bool] = lambda: True) -> Cursor:
        return self.reconciler.run(name, go_on=go_on)

    def found(self, name: str = "REC-1") -> list[tuple[Kind, str | None]]:
        return sorted(
            (each.mismatch.kind, each.mismatch.workspace) for each in self.store.found(name)
        )

    def standing(self, name: str = "REC-1") -> Standing:
        return stands(self.store.workspaces(name), self.store.found(name))

    def end_doubles(self, workspaces: Iterable[str]) -> None:
        """What a person does at a provider: end the second subscription, of which nobody hears."""
        for at, one in list(self.truth.items()):
            if at[1].startswith("twin_") and one.workspace in set(workspaces):
                self.truth[at] = replace(one, status=Status.CANCELLED)
