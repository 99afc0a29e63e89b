"""A Razorpay merchant whose webhooks were lost, and a rebuild whose drivers are killed.

Provider, projector, planner and rebuilder are the real ones, in memory and in virtual time; only
sockets are left out. `Killed` may strike around every call of every port.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tests.harness.fakes.crashes import Killed
from tests.harness.models.replay import Mortal
from tocsin.adapters.billing.projection.memory import (
    MemoryLedger,
    MemoryProjection,
    MemoryQuarantine,
)
from tocsin.adapters.billing.projection.sums import weight
from tocsin.adapters.billing.replay.memory import (
    MemoryLedgerReader,
    MemoryRebuildAudit,
    MemoryReplayOutcomes,
    MemoryReplays,
)
from tocsin.application.billing.projection.project import Projector
from tocsin.application.billing.projection.read_event import billing_event
from tocsin.application.billing.replay.drive import Planner
from tocsin.application.billing.replay.rebuild import Rebuilder
from tocsin.billing.identity import Identity
from tocsin.billing.projection.ledger_key import LedgerRecord
from tocsin.billing.projection.ordering import Answer, Verdict
from tocsin.billing.projection.refetch import RefetchRequest
from tocsin.billing.replay.cursor import Cursor, Kind, Window, begin
from tocsin.billing.replay.rebuild import PAGE, SUBSCRIPTIONS
from tocsin.errors import ProviderUnavailable, VersionConflict
from tocsin.local.sandbox.razorpay.api import RazorpayApi
from tocsin.local.sandbox.razorpay.body import shown
from tocsin.local.sandbox.razorpay.history import Story, tell
from tocsin.local.sandbox.razorpay.merchant import Merchant
from tocsin.local.sandbox.stripe.api import Request
from tocsin.providers.bodies.codec import keep, unpack
from tocsin.providers.razorpay import objects
from tocsin.providers.razorpay.webhook import EVENT_ID_HEADER, read

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence

    from tocsin.billing.projection.refetch import LedgerReplay
    from tocsin.local.sandbox.razorpay.merchant import Made

IDENTITY = Identity("razorpay", "acc_local", "test")
START = 1_790_000_000
END = START + 3_600


class RebuildWorld:
    """The merchant, what arrived of it, and a rebuild."""

    def __init__(self, draw: random.Random, *, kill: float = 0.0, fail: float = 0.0) -> None:
        self.draw, self.kill, self.fail = draw, kill, fail
        self.clock = float(END + 3_600)
        self.kills = self.calls = 0
        self.merchant = Merchant(seed="rebuild")
        self.api = RazorpayApi(self.merchant, lambda: {"s"}, {})
        self.ledger, self.projection = MemoryLedger(), MemoryProjection()
        self.store, self.audit = MemoryReplays(), MemoryRebuildAudit()
        self.told: list[str] = []
        self.confirming: list[RefetchRequest] = []
        self.lost: list[Made] = []

    # What happened before.

    def history(self, events: int, *, seed: int, share: float) -> None:
        """Events of which a share never arrives; the rest is stored and projected."""
        tell(self.merchant, Story(seed=seed, start=START, until=END - 1, events=events))
        for made in self.merchant.events.values():
            if self.draw.random() < share:
                self.lost.append(made)
            else:
                self.deliver(made)

    def deliver(self, made: Made) -> None:
        envelope, document = read({EVENT_ID_HEADER: made.id}, made.body)
        record = LedgerRecord(IDENTITY, "default", envelope, made.at, keep(document, None))
        if self.ledger.put(record):
            event = billing_event(record, reader=objects, unpack=unpack)
            present, self.clock = self.clock, made.at + 2.0
            self.projector(self).project(event, now=made.at + 2)
            self.clock = present

    @property
    def lost_by_kind(self) -> Counter[str]:
        return Counter(made.kind for made in self.lost)

    def wrong(self) -> list[str]:
        """Subscriptions that are not projected as the merchant has them."""
        return [
            name
            for name, truth in self.merchant.objects["subscription"].items()
            if (row := self.projection.read(IDENTITY, name)) is None
            or row.subscription is None
            or row.subscription.raw_status != truth["status"]
            or row.subscription.period_end != truth["current_end"]
        ]

    # The rebuild.

    def start(self, *, dry_run: bool = False, name: str = "RPL-1") -> str:
        cursor = Cursor(
            id=name,
            identity=IDENTITY,
            window=Window(START, END),
            started_at=int(self.clock),
            started_by="ana",
            dry_run=dry_run,
            kind=Kind.OBJECTS,
        )
        self.store.create(begin(cursor))
        return name

    def run(self, name: str) -> Cursor:
        """Drives it, again after every death."""
        for _ in range(5_000):
            try:
                cursor = self.planner().run(name, go_on=lambda: self.draw.random() < 0.9)
            except (Killed, VersionConflict):
                continue
            if cursor.ended:
                return cursor
        raise AssertionError("the rebuild does not end")

    def projector(self, client: Any) -> Projector:
        return Projector(self.projection, client, self, MemoryQuarantine())

    def planner(self) -> Planner:
        unused: Any = None
        rebuilder = Rebuilder(
            source=Mortal(self, self),
            rows=Mortal(self, self.projection),
            refetch=self.projector(Mortal(self, self)).refetch,
            read=lambda _, shape: objects.subscription(shape, as_of=int(self.clock)),
            audit=Mortal(self, self.audit),
            ledger=MemoryLedgerReader(self.ledger),
            store=Mortal(self, self.store),
            sums=self,
            rate=self,
            now=lambda: int(self.clock),
        )
        return Planner(
            source=unused,
            ledger=unused,
            store=Mortal(self, self.store),
            queue=unused,
            sums=self,
            rate=self,
            file=unused,
            set_aside=unused,
            outcomes=MemoryReplayOutcomes(),
            tell=self.tell,
            rebuilder=rebuilder,
            now=lambda: int(self.clock),
            sleep=self.sleep,
        )

    def die_perhaps(self) -> None:
        if self.draw.random() < self.kill:
            self.kills += 1
            raise Killed

    # Ports that are the world itself.

    def page(
        self, identity: Identity, source: str, window: Window, *, skip: int
    ) -> tuple[Mapping[str, Any], ...]:
        assert identity == IDENTITY
        asked = {"to": window.end - 1, "count": PAGE, "skip": skip}
        if source != SUBSCRIPTIONS:
            asked["from"] = window.start
        found = self.ask(f"/v1/{source}", urlencode(asked))
        return tuple(found["items"])

    def invoice(self, identity: Identity, name: str) -> Mapping[str, Any] | None:
        assert identity == IDENTITY
        return self.ask(f"/v1/invoices/{name}")

    def ask(self, path: str, query: str = "") -> dict[str, Any]:
        self.calls += 1
        if self.draw.random() < self.fail:
            raise ProviderUnavailable("HTTP 503")
        headers = {"authorization": "Basic cnpwX3g6cw=="}  # rzp_x:s
        answer = self.api.handle(Request("GET", path, query, headers), now=int(self.clock))
        assert answer.status == 200, answer
        found: dict[str, Any] = answer.body
        return found

    def fetch(self, identity: Identity, subscription: str) -> Answer:
        assert identity == IDENTITY
        if self.draw.random() < self.fail:
            return Answer(Verdict.FAILED, http_status=503)
        now = int(self.clock)
        known = self.merchant.as_of(self.merchant.get("subscription", subscription), now)
        shape = shown(known)
        return Answer(Verdict.FOUND, objects.subscription(shape, as_of=now), now, http_status=200)

    def send(self, request: RefetchRequest | LedgerReplay, *, delay: int) -> None:
        assert isinstance(request, RefetchRequest)
        assert delay
        self.confirming.append(request)

    def of(self, identity: Identity, subscriptions: Sequence[str], *, page: int) -> int:
        rows = self.projection.read_many(identity, subscriptions)
        return sum(
            weight(page, name, row.subscription.fingerprint)
            for name, row in rows.items()
            if row.subscription
        )

    def take(self, identity: Identity) -> None:
        assert identity == IDENTITY

    def tell(self, cursor: Cursor) -> str:
        self.die_perhaps()
        self.told.append(cursor.id)
        return ""

    def sleep(self, seconds: float) -> None:
        self.clock += seconds
