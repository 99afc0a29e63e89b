"""A model of a provider, its deliveries and our projector, in virtual time.

One subscription at a time. The provider changes it in bursts; every change makes events; events
are delivered late, twice, in any order, or all at once after an outage; answers to our questions
take time, may come from a replica that lags, and other deliveries are handled while we wait. The
projector is the real one over the real in-memory twin. `ASSUMPTIONS` says what is assumed: these
are hazards thought possible, not observations of any provider.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tests.harness.models.effects import effect
from tocsin.adapters.billing.projection.memory import MemoryProjection, MemoryQuarantine
from tocsin.application.billing.projection.outcome import Outcome, Projected
from tocsin.application.billing.projection.project import Projector
from tocsin.billing.event import EventClass
from tocsin.billing.identity import Identity
from tocsin.billing.projection.ordering import Answer, Verdict
from tocsin.billing.projection.refetch import RefetchRequest
from tocsin.billing.projection.told import BillingEvent
from tocsin.billing.subscription import Status, Subscription

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from tocsin.billing.projection.ordering import Change, Row
    from tocsin.billing.projection.refetch import LedgerReplay
    from tocsin.ports.billing.projection import Applied

IDENTITY = Identity("stripe", "acct_model", "test")
ID = "sub_model"
START = 1_790_000_000.0
OUTAGE_ENDS = 40 * 86_400.0
LIVE_STATUSES = (Status.PENDING, Status.TRIALING, Status.ACTIVE, Status.PAST_DUE, Status.PAUSED)


@dataclass(frozen=True, slots=True)
class Hazards:
    """What goes wrong, as upper bounds or shares."""

    slow_get: float = 0.0
    """A question takes up to this many seconds; the state is read at any moment in between."""
    jitter: float = 0.0
    """`created` is off the order of changes by up to this many seconds, either way."""
    lag: float = 0.0
    """A question may be answered from a replica up to this many seconds behind."""
    redelivery: float = 0.0
    """This share of deliveries comes once more."""
    skew: float = 0.0
    """Our clock is off the provider's by up to this many seconds."""
    failing: float = 0.0
    """This share of questions fails."""
    undated: float = 0.0
    """This share of answers has no usable date."""


NONE = Hazards()
ALL = Hazards(slow_get=8, jitter=1, lag=5, redelivery=0.15, skew=1.5, failing=0.05, undated=0.02)

ASSUMPTIONS = """assumed, not observed at any provider:
  histories    1-4 bursts of 2-4 changes within about a second, minutes to days apart; a third
               end in a terminal status; each change makes a snapshot, half also one or two hints
  deliveries   live: 85 % within 3 s, the rest up to an hour late; replay: none until day 40,
               then all in random order within a minute
  questions    up to 8 s, the state read at any moment of it; 5 % fail; 2 % undated
  hazards      created up to 1 s out of order, replicas up to 5 s behind, 15 % redelivered,
               clocks 1.5 s apart"""


class Watched(MemoryProjection):
    """A projection whose writes are seen as its stream would show them: both images."""

    def __init__(self) -> None:
        super().__init__()
        self.images: list[tuple[Row | None, Row | None]] = []

    def apply(self, event: BillingEvent, *, now: int) -> Applied:
        before = self.read(event.identity, ID)
        applied = super().apply(event, now=now)
        if applied.done:
            self.images.append((before, self.read(event.identity, ID)))
        return applied

    def write(self, identity: Identity, subscription: str, change: Change) -> bool:
        before = self.read(identity, subscription)
        written = super().write(identity, subscription, change)
        if written:
            self.images.append((before, self.read(identity, subscription)))
        return written


@dataclass(order=True, slots=True)
class _Task:
    at: float
    number: int
    run: Callable[[], None] = field(compare=False)


@dataclass(slots=True)
class Tally:
    """What a run cost, and whether it ended right."""

    right: bool = False
    deliveries: int = 0
    requests: int = 0
    delayed: int = 0
    second_pass_changes: int = 0
    effects: int = 0
    repeated_effects: int = 0


class Model:
    """One history from the first change to the last delayed question."""

    def __init__(
        self,
        draw: random.Random,
        hazards: Hazards,
        *,
        replay: bool,
        confirm: bool = True,
        hints: bool = True,
    ) -> None:
        self.hints = hints
        self.draw, self.hazards, self.replay = draw, hazards, replay
        self.now = START
        self.skew = draw.uniform(-hazards.skew, hazards.skew)
        self.changes: list[tuple[float, Subscription]] = []
        self.events: list[BillingEvent] = []
        self.tally = Tally()
        self.projection = Watched()
        self.quarantine = MemoryQuarantine()
        self.projector = Projector(
            projection=self.projection,
            client=self,
            queue=self,
            quarantine=self.quarantine,
            confirmed=frozenset({"stripe"} if confirm else ()),
        )
        self._tasks: list[_Task] = []
        self._count = 0

    # The provider.

    def make_history(self) -> None:
        """Draws the changes and schedules the deliveries of their events."""
        draw, at = self.draw, START + 10
        for _ in range(draw.randint(1, 4)):
            for _ in range(draw.randint(2, 4)):
                status = draw.choice(LIVE_STATUSES)
                end = 1_800_000_000 + draw.randint(0, 2) * 86_400
                plan = draw.choice(("price_a", "price_b"))
                self._change(at, Subscription(ID, status, status.value, plan, end))
                at += draw.uniform(0, 0.6)
            at += draw.choice((20.0, 400.0, 7_200.0, 300_000.0)) * draw.uniform(0.5, 1.5)
        if draw.random() < 1 / 3:
            last = self.changes[-1][1]
            ended = replace(last, status=Status.CANCELLED, raw_status="canceled")
            self._change(at if draw.random() < 0.5 else self.changes[-1][0] + 0.3, ended)

    def _change(self, at: float, state: Subscription) -> None:
        self.changes.append((at, state))
        self._emit(at, EventClass.SNAPSHOT, state)
        for _ in range(self.draw.choice((0, 0, 1, 2)) if self.hints else 0):
            self._emit(at, EventClass.HINT, None)

    def _emit(self, at: float, kind: EventClass, snapshot: Subscription | None) -> None:
        jitter = self.draw.uniform(-self.hazards.jitter, self.hazards.jitter)
        event = BillingEvent(
            identity=IDENTITY,
            id=f"evt_{len(self.events)}",
            type="model",
            event_class=kind,
            created=int(at + jitter),
            subscription=ID,
            snapshot=snapshot,
        )
        self.events.append(event)
        self._deliver(self._delivery_time(at), event)
        if self.draw.random() < self.hazards.redelivery:
            self._deliver(self._delivery_time(at) + self.draw.uniform(0, 3600), event)

    def _delivery_time(self, at: float) -> float:
        if self.replay:
            return START + OUTAGE_ENDS + self.draw.uniform(0, 60)
        late = self.draw.random() < 0.15
        # Never before it was made, by the provider's own clock and its jitter.
        return at + 0.05 + self.draw.uniform(0, 3600 if late else 3)

    def state_at(self, at: float) -> Subscription | None:
        """The provider's state at a moment."""
        known = [state for when, state in self.changes if when <= at]
        return known[-1] if known else None

    # The projector's ports.

    def fetch(self, identity: Identity, subscription: str) -> Answer:
        """A question; others are handled while it is under way."""
        self.tally.requests += 1
        asked = self.now
        duration = self.draw.uniform(0.02, max(0.05, self.hazards.slow_get))
        read_at = asked + self.draw.uniform(0, duration)
        state = self.state_at(read_at - self.draw.uniform(0, self.hazards.lag))
        if state is None:  # the replica does not even know it yet; a provider would say 404
            state = self.changes[0][1]
        answered = asked + duration
        self.run_until(answered)
        elapsed = self.now - asked
        if self.draw.random() < self.hazards.failing:
            return Answer(Verdict.FAILED, detail="HTTP 503")
        dated = self.draw.random() >= self.hazards.undated
        return Answer(Verdict.FOUND, state, int(answered) if dated else None, elapsed=elapsed)

    def send(self, request: RefetchRequest | LedgerReplay, *, delay: int) -> None:
        """A delayed question, which a standard queue may also hand out twice."""
        assert isinstance(request, RefetchRequest)
        self.tally.delayed += 1
        self._at(
            self.now + delay, lambda: self._note(self.projector.refetch(request, now=self._us()))
        )

    # The world.

    def run(self) -> Tally:
        """Everything until nothing is left to do, then everything once more."""
        self.make_history()
        self.run_until(math.inf)
        before = self.row
        self.tally.right = before is not None and before.subscription == self.changes[-1][1]
        requests = self.tally.requests
        for event in self.draw.sample(self.events, len(self.events)):
            self._deliver(self.now, event, counted=False)
        self.run_until(math.inf)
        self.tally.second_pass_changes = self.row.rev - before.rev if before and self.row else -1
        self.tally.requests = requests
        keys = [
            found.key
            for images in self.projection.images
            if (found := effect(IDENTITY, ID, *images)) is not None
        ]
        self.tally.effects = len(keys)
        self.tally.repeated_effects = len(keys) - len(set(keys))
        return self.tally

    @property
    def row(self) -> Row | None:
        return self.projection.read(IDENTITY, ID)

    def run_until(self, at: float) -> None:
        """Handles what is due; nested, for what happens during a question."""
        while self._tasks and self._tasks[0].at <= at:
            task = heapq.heappop(self._tasks)
            self.now = max(self.now, task.at)
            task.run()
        if at < math.inf:
            self.now = max(self.now, at)

    def _deliver(self, at: float, event: BillingEvent, *, counted: bool = True) -> None:
        self.tally.deliveries += counted
        self._at(at, lambda: self._note(self.projector.project(event, now=self._us())))

    def _at(self, at: float, run: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._tasks, _Task(at, self._count, run))

    def _us(self) -> int:
        return int(self.now + self.skew)

    def _note(self, result: Projected) -> None:
        if result.outcome is Outcome.QUARANTINED:
            raise AssertionError(f"the model quarantines nothing: {result}")
