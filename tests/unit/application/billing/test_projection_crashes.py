"""From a delivery to the projection, killed at every point on purpose: it heals, nothing doubles.

The process dies before and after each of its calls to the outside, one run per point. What the
platform and the provider do then is done here: a delivery without an answer comes again, a batch
without a checkpoint starts over, a message that was not finished is handed out again.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.harness.fakes.crashes import Crashes, Killed
from tocsin.adapters.billing.projection.memory import (
    MemoryLedger,
    MemoryProjection,
    MemoryQuarantine,
)
from tocsin.application.billing.projection.project import Projector
from tocsin.billing.event import Envelope, EventClass, IdSource
from tocsin.billing.identity import Identity
from tocsin.billing.projection.ledger_key import LedgerRecord
from tocsin.billing.projection.ordering import Answer, Verdict
from tocsin.billing.projection.refetch import RefetchRequest
from tocsin.billing.projection.told import BillingEvent
from tocsin.billing.subscription import Status, Subscription

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.billing.projection.refetch import LedgerReplay

NOW = 1_790_000_000
IDENTITY = Identity("stripe", "acct_1", "test")
ACTIVE = Subscription("sub_1", Status.ACTIVE, "active", "price_1", NOW + 86_400)
LATE = replace(ACTIVE, status=Status.PAST_DUE, raw_status="past_due")
TRUTH = replace(ACTIVE, plan="price_2")
HISTORY = (("evt_1", 90, ACTIVE), ("evt_2", 90, LATE), ("evt_3", 60, None), ("evt_4", 20, TRUTH))


class Dying:
    """Passes calls on, and kills the process before or after the chosen one."""

    def __init__(self, behind: Any, world: World) -> None:
        self._behind, self._world = behind, world

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method, world = getattr(self._behind, name), self._world

        def call(*given: Any, **named: Any) -> Any:
            world.calls += 1
            number = world.calls
            world.crashes.at(f"before {number}")
            answer = method(*given, **named)
            world.crashes.at(f"after {number}")
            return answer

        return call


class World:
    """Ingest's put, the stream, the projector and its queue; the first question goes unanswered."""

    def __init__(self) -> None:
        self.crashes, self.calls, self.now, self.asked = Crashes(), 0, NOW, 0
        self.stream: list[BillingEvent] = []
        self.messages: list[tuple[int, RefetchRequest]] = []
        self.kept, self.rows, self.aside = MemoryLedger(), MemoryProjection(), MemoryQuarantine()
        self.ledger = Dying(self, self)
        self.projector = Projector(
            projection=Dying(self.rows, self),
            client=Dying(self, self),
            queue=Dying(self, self),
            quarantine=Dying(self.aside, self),
        )

    def put(self, record: LedgerRecord, event: BillingEvent) -> bool:
        """What DynamoDB does: an item that is new is on the stream, whatever becomes of us."""
        new = self.kept.put(record)
        if new:
            self.stream.append(event)
        return new

    def fetch(self, identity: Identity, subscription: str) -> Answer:
        self.asked += 1
        if self.asked == 1:
            return Answer(Verdict.FAILED, detail="HTTP 503")
        return Answer(Verdict.FOUND, TRUTH, self.now, elapsed=0.1)

    def send(self, request: RefetchRequest | LedgerReplay, *, delay: int) -> None:
        assert isinstance(request, RefetchRequest)
        self.messages.append((self.now + delay, request))

    def run(self) -> None:
        """Everything, with as many tries as it takes."""
        for event in (_event(*each) for each in HISTORY):
            self.survive(partial(self.ledger.put, _record(event), event))
        self.survive(self.project_all)
        while self.messages:
            self.messages.sort(key=lambda each: each[0])
            due, request = self.messages[0]
            self.now = max(self.now, due)
            self.survive(partial(self.projector.refetch, request, now=self.now))
            self.messages.remove((due, request))

    def project_all(self) -> None:
        for event in self.stream:
            self.projector.project(event, now=self.now)

    def survive(self, step: Callable[[], object]) -> None:
        for _ in range(2):
            try:
                step()
            except Killed:
                continue
            return
        raise AssertionError("killed twice by one kill")


def _event(name: str, age: int, state: Subscription | None) -> BillingEvent:
    kind = EventClass.SNAPSHOT if state else EventClass.HINT
    return BillingEvent(IDENTITY, name, "t", kind, NOW - age, "sub_1", state)


def _record(event: BillingEvent) -> LedgerRecord:
    envelope = Envelope(
        id=event.id,
        id_source=IdSource.PROVIDER,
        type=event.type,
        event_class=event.event_class,
        created=event.created,
        object_type="subscription",
        object_id="sub_1",
        subscription="sub_1",
        api_version=None,
        account=None,
        live=None,
    )
    return LedgerRecord(IDENTITY, "default", envelope, NOW, b"")


def test_i8_i9_i10_killed_at_every_point_it_ends_right_and_once() -> None:
    calm = World()
    calm.run()
    assert calm.calls >= 15
    for number in range(1, calm.calls + 1):
        for side in ("before", "after"):
            world = World()
            world.crashes.plan(f"{side} {number}")
            world.run()
            assert world.crashes.happened == {f"{side} {number}": 1}
            assert [event.id for event in world.stream] == [name for name, _, _ in HISTORY]
            row = world.rows.read(IDENTITY, "sub_1")
            assert row is not None
            assert row.subscription == TRUTH, f"killed {side} call {number}"
            assert (row.pending_until, row.confirm_at) == (None, None), "nothing waits for ever"
            assert world.aside.items == {}
            world.project_all()
            again = world.rows.read(IDENTITY, "sub_1")
            assert again is not None
            assert again.rev == row.rev
