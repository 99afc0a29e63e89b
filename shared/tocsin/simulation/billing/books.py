"""What comes in from a provider, waits, and is projected: queues, stream and redelivery.

Time is the world's, but billing's is moved from one thing due to the next, so that what happened
within a long pause happened in order.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any
from zlib import crc32

from tocsin.adapters.billing.projection.ledger import item_of, record_of
from tocsin.adapters.billing.projection.memory import (
    MemoryLedger,
    MemoryProjection,
    MemoryQuarantine,
)
from tocsin.application.billing.projection.batch import Insert
from tocsin.application.billing.projection.ingest import Delivery
from tocsin.application.billing.projection.restore import Restorer
from tocsin.billing.projection.refetch import RefetchRequest
from tocsin.errors import Unavailable
from tocsin.simulation.billing.mortal import mortal
from tocsin.simulation.billing.stripe import ENDPOINT, NAME, Stripe, about
from tocsin.simulation.fault import Fault
from tocsin.simulation.troubles import Died

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.application.billing.projection.batch import Projecting
    from tocsin.application.billing.projection.ingest import Ingest
    from tocsin.billing.projection.ledger_key import LedgerRecord
    from tocsin.billing.projection.refetch import LedgerReplay
    from tocsin.simulation.billing.around import Around

_PASSAGE = 3_600
"""The longest stretch of time within which what falls due happens at its end. Seconds."""
_AGAIN = (60, 3_600, 18_000, 43_200, 86_400)
"""Until a delivery that was not answered is tried again; then it is given up."""
_LATE = (0, 1, 1, 2, 3, 40, 600, 7_000)
_REDELIVERIES = 20
_AT_ONCE = 25


@dataclass(order=True, slots=True)
class _Coming:
    """What comes at a time: a delivery of an event, or the message of a queue."""

    at: int
    number: int
    about: str | None = field(compare=False)
    event: str = field(default="", compare=False)
    body: str = field(default="", compare=False)
    tries: int = field(default=0, compare=False)


@dataclass(slots=True)
class Books:
    """What is known of subscriptions, and all that is on its way to it.

    `losing_until`: a webhook of before then never comes. `at` is billing's time, in epoch seconds;
    `alone`: the world does not wait for whoever waits here. `ingest` and `projecting` are given by
    who wires them.
    """

    world: Around
    losing_until: int = 0
    alone: bool = False
    at: int = field(init=False)
    stripe: Stripe = field(init=False)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    projection: MemoryProjection = field(default_factory=MemoryProjection)
    quarantine: MemoryQuarantine = field(default_factory=MemoryQuarantine)
    ingest: Ingest = field(init=False)
    projecting: Projecting = field(init=False)
    _never: dict[str, str | None] = field(default_factory=dict)
    _coming: list[_Coming] = field(default_factory=list)
    _stream: deque[Insert] = field(default_factory=deque)
    _restores: deque[list[dict[str, Any]]] = field(default_factory=deque)
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.at = int(self.world.now.timestamp())
        seed = self.world.seed
        self.stripe = Stripe(seed, lambda: self.at, self._made, skew=seed % 7 - 3)

    def wall_now(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)

    # Time

    def catch_up(self) -> None:
        """Everything that came due since, up to the world's time, in order."""
        self.pass_until(int(self.world.now.timestamp()))

    def pass_until(self, end: int) -> None:
        while self.at < end:
            following = self._coming[0].at if self._coming else end
            self.at = max(self.at + 1, min(following, self.at + _PASSAGE, end))
            self.stripe.pass_time()
            self.work()
        self.work()

    def sleep(self, seconds: float) -> None:
        """Somebody waits, and the world goes on meanwhile."""
        self.pass_until(self.at + max(1, int(seconds)))
        if not self.alone and self.world.clock.now < self.wall_now():
            self.world.clock.now, self.world.punctual_since = self.wall_now(), None

    def work(self) -> None:
        """What is due by now is delivered, stored and projected."""
        while self._coming and self._coming[0].at <= self.at:
            coming = heapq.heappop(self._coming)
            (self._delivered if coming.event else self._message)(coming)
            self._pump()
        self._restore()
        self._pump()

    def drained(self, *, within: int) -> bool:
        """Lets time pass until nothing is on its way any more; whether that came, in seconds."""
        end = self.at + within
        while not self._still and self.at < end:
            self.pass_until(min(self._coming[0].at if self._coming else self.at + 60, end))
        return self._still

    @property
    def _still(self) -> bool:
        return not (self._coming or self._stream or self._restores)

    def missing(self) -> set[str]:
        """Ids of events that never came and that nobody has put back."""
        if self._never:
            held = {key.sk for key in self.ledger.records}
            self._never = {name: of for name, of in self._never.items() if name not in held}
        return set(self._never)

    def unsettled(self) -> set[str | None]:
        """Subscriptions of which something is on its way, or was lost or never made."""
        missing = {self._never[each] for each in self.missing()}
        coming = {each.about for each in self._coming}
        return missing | coming | self.stripe.untold() | self._held_up()

    def _held_up(self) -> set[str | None]:
        """Those of what waits in the stream, and of what is being put back."""
        items = [each.item for each in self._stream]
        items += [item for items in self._restores for item in items]
        return {record_of(item).envelope.subscription for item in items}

    # Deliveries

    def _made(self, event: dict[str, Any]) -> None:
        """The provider made an event: its webhook comes soon, late, twice, or never."""
        if self.at < self.losing_until:
            self._never[str(event["id"])] = about(event["subject"])
            self.world.met["webhooks lost"] += 1
            return
        draw = crc32(f"{self.world.seed}/{event['id']}".encode())
        soon = _LATE[draw % len(_LATE)]
        for late in (soon, soon + 90)[: 1 + (draw % 11 == 0)]:
            of = about(event["subject"])
            self._put(_Coming(self.at + late, next(self._numbers), of, event=event["id"]))

    def _put(self, coming: _Coming) -> None:
        heapq.heappush(self._coming, coming)

    def _delivered(self, coming: _Coming) -> None:
        headers, body = self.stripe.post(coming.event, at=self.at)
        try:
            receipt = self.ingest.receive(Delivery(NAME, ENDPOINT, headers, body), now=self.at)
        except (Died, Unavailable):
            self._again(coming)
            return
        if receipt.record.key not in self.ledger.records:
            raise Fault(f"I10: {coming.event} was acknowledged, and is not stored")
        self.world.met["webhooks stored" if receipt.stored else "webhooks known already"] += 1

    def _again(self, coming: _Coming) -> None:
        """As the provider does it: for three days, ever more seldom."""
        if coming.tries == len(_AGAIN):
            self._never[coming.event] = coming.about
            return
        coming.at, coming.tries = self.at + _AGAIN[coming.tries], coming.tries + 1
        self._put(coming)

    def put(self, record: LedgerRecord) -> bool:
        """The ledger with its stream: what is inserted will be projected."""
        stored = self.ledger.put(record)
        if stored:
            key, kept = next(reversed(self.ledger.records.items()))
            self._stream.append(Insert(pk=key.pk, sk=key.sk, item=item_of(kept), at=self.at))
        return stored

    def item(self, pk: str, sk: str) -> dict[str, Any] | None:
        found = (one for key, one in self.ledger.records.items() if (key.pk, key.sk) == (pk, sk))
        return next((dict(item_of(one)) for one in found), None)

    def _pump(self) -> None:
        """The stream is read in order; a batch that fails comes again from where it stood."""
        for _ in range(_REDELIVERIES):
            if not self._stream or not self.world.stream_runs:
                return
            batch = self.projecting.batch()
            try:
                while self._stream:
                    batch.inserted(self._stream[0])
                    self._stream.popleft()
                batch.end()
            except (Died, Unavailable):
                continue

    def _message(self, coming: _Coming) -> None:
        batch = self.projecting.batch()
        try:
            done = batch.message(f"message-{coming.number}", coming.body)
        except Died:
            done = False
        if not done:
            coming.at = self.at + 60
            self._put(coming)

    def later(self, request: RefetchRequest | LedgerReplay, *, delay: int) -> None:
        """A message for the queue of what is asked again."""
        of = request.subscription if isinstance(request, RefetchRequest) else None
        body = request.to_json()
        self._put(_Coming(self.at + delay, next(self._numbers), of, body=body))

    def restore(self, records: Sequence[LedgerRecord]) -> None:
        """A message for the queue of what a replay puts back."""
        items = [dict(item_of(each)) for each in records]
        for start in range(0, len(items), _AT_ONCE):
            self._restores.append(items[start : start + _AT_ONCE])

    def _restore(self) -> None:
        restorer = Restorer(mortal(self.world.troubles, self), self.quarantine, record_of)
        for _ in range(len(self._restores)):
            items = self._restores.popleft()
            try:
                done = restorer.restore(items, now=self.at)
            except (Died, Unavailable):
                self._restores.append(items)
            else:
                self.world.met["events put back"] += done.inserted
