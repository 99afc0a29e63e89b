"""A provider that lists events, a ledger that lacks some, workers and drivers that are killed.

Everything is in memory and in virtual time; the planner, the restorer and the rules are the real
ones. `Killed` may strike before or after any call of any port, which is where a process dies.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.harness.fakes.crashes import Killed
from tocsin.adapters.billing.projection.ledger import item_of, record_of
from tocsin.adapters.billing.projection.memory import MemoryLedger, MemoryQuarantine
from tocsin.adapters.billing.projection.sums import weight
from tocsin.adapters.billing.replay.memory import MemoryLedgerReader, MemoryReplays
from tocsin.application.billing.projection.file_event import Filer, SetAside
from tocsin.application.billing.projection.restore import Restorer
from tocsin.application.billing.replay.drive import Planner
from tocsin.billing.identity import Identity
from tocsin.billing.replay.cursor import PAGE, Cursor, Window, begin
from tocsin.billing.replay.stops import untold
from tocsin.errors import ProviderUnavailable, VersionConflict
from tocsin.ports.billing.replay import EventPage
from tocsin.providers.bodies.codec import keep
from tocsin.providers.http.events import workspace_of
from tocsin.providers.registry import webhook_reader

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence

    from tocsin.billing.projection.ledger_key import LedgerRecord
    from tocsin.billing.replay.cursor import Slice

IDENTITY = Identity("stripe", "acct_model", "test")
START = 1_790_000_000
END = START + 6 * 3600


def document(number: int, created: int) -> dict[str, Any]:
    """An event as a list shows it."""
    return {
        "id": f"evt_{number:06d}",
        "object": "event",
        "type": ("invoice.paid", "customer.subscription.updated", "charge.succeeded")[number % 3],
        "created": created,
        "livemode": False,
        "data": {"object": {"id": f"sub_{number % 50}", "object": "subscription"}},
    }


@dataclass(slots=True)
class Provider:
    """Lists like Stripe: newest first, `[start, end)`, behind `after`, a page at a time."""

    documents: list[dict[str, Any]]
    failing: Callable[[], bool] = lambda: False
    calls: int = 0
    largest: int = 0
    empty_for: int = 0
    """So many calls are answered with an empty list, as a provider in trouble may."""
    shown: Callable[[dict[str, Any]], bool] = lambda _: True
    """What the list shows now: a provider in trouble may leave some out, and others the next time.
    """

    def page(self, identity: Identity, wanted: Slice) -> EventPage:
        self.calls += 1
        if self.failing():
            raise ProviderUnavailable("HTTP 503")
        if self.calls <= self.empty_for:
            return EventPage((), has_more=False)
        found = [
            each
            for each in reversed(self.documents)
            if wanted.start <= each["created"] < wanted.end and self.shown(each)
        ]
        if wanted.after is not None:
            ids = [each["id"] for each in reversed(self.documents)]
            older = set(ids[ids.index(wanted.after) + 1 :])
            found = [each for each in found if each["id"] in older]
        self.largest = max(self.largest, len(found[:PAGE]))
        return EventPage(tuple(found[:PAGE]), has_more=len(found) > PAGE)


class World:
    """A replay and all that it touches."""

    def __init__(self, draw: random.Random, *, kill: float = 0.0, fail: float = 0.0) -> None:
        self.draw, self.kill = draw, kill
        self.identity = IDENTITY
        self.rival: Callable[[], None] | None = None
        self.clock = float(END + 3600)
        self.kills = 0
        self.provider = Provider([], failing=lambda: draw.random() < fail)
        self.ledger = MemoryLedger()
        self.store = MemoryReplays()
        self.quarantine = MemoryQuarantine()
        self.messages: deque[list[dict[str, Any]]] = deque()
        self.sent = 0
        self.lose = 0.0
        self.pace = 1.0
        self.lost = 0
        self.told: list[str] = []
        self.stops: list[str] = []
        self.filer = Filer(webhook_reader, keep, lambda: None, workspace_of)

    # What happened before the replay.

    def history(self, events: int) -> None:
        """Bursts and silences, one crowded second, in the order they were made."""
        draw, at = self.draw, START
        times: list[int] = []
        while len(times) < events:
            burst = draw.choice((1, 1, 2, 5, 40, 260))
            times += [at + draw.randint(0, 1) * (draw.random() < 0.5) for _ in range(burst)]
            at = min(END - 2, at + draw.choice((0, 1, 7, 60, 900)))
        times = sorted(times[:events])
        self.provider.documents = [document(number, time) for number, time in enumerate(times)]

    def deliver(self, document: dict[str, Any]) -> bool:
        """As its webhook would store it."""
        record, _ = self.filer(self.identity, document, now=int(self.clock), replay="")
        return self.ledger.put(record)

    # The replay.

    def start(
        self, *, dry_run: bool = False, name: str = "RPL-1", incident: str | None = None
    ) -> str:
        cursor = Cursor(
            id=name,
            identity=IDENTITY,
            window=Window(START, END),
            started_at=int(self.clock),
            started_by="ana",
            dry_run=dry_run,
            incident=incident,
        )
        self.store.create(begin(cursor))
        return name

    def planner(self) -> Planner:
        return Planner(
            source=Mortal(self, self.provider),
            ledger=Mortal(self, MemoryLedgerReader(self.ledger)),
            store=Mortal(self, self.store),
            queue=Mortal(self, self),
            sums=self,
            rate=self,
            file=self.filer,
            set_aside=SetAside(self.quarantine),
            outcomes=_Projected(self.ledger),
            tell=self.tell,
            rebuilder=self,
            now=lambda: int(self.clock),
            sleep=self.sleep,
        )

    def run(self, name: str, *, until: Callable[[Cursor], bool] = lambda _: False) -> Cursor:
        """Drives it, again after every death, with the workers at work while it waits."""
        for _ in range(20_000):
            try:
                cursor = self.planner().run(name, go_on=lambda: self.draw.random() < 0.9)
            except (Killed, VersionConflict):
                pass
            else:
                if cursor.ended or until(cursor):
                    return cursor
            self.work(1)
        raise AssertionError("the replay does not end")

    def work(self, messages: int) -> None:
        """Workers take messages; one that is killed leaves its message, half done or not."""
        ledger = Mortal(self, self.ledger)
        for _ in range(min(messages, len(self.messages))):
            items = self.messages[0]
            try:
                Restorer(ledger, self.quarantine, record_of).restore(items, now=int(self.clock))
            except Killed:
                self.messages.rotate(-1)
            else:
                self.messages.popleft()

    def die_perhaps(self) -> None:
        if self.draw.random() < self.kill:
            self.kills += 1
            raise Killed

    # Ports that are the world itself.

    def step(self, cursor: Cursor) -> Cursor:
        raise AssertionError(f"{cursor.id} lists events: nothing is rebuilt")

    def tell(self, cursor: Cursor) -> str:
        """Whoever is told may be told again by the next driver, and of nothing else."""
        self.die_perhaps()
        stop = untold(cursor)
        assert stop or cursor.proven or cursor.first.unreadable or cursor.doubt
        self.told.append(cursor.id)
        self.stops.append(stop)
        self.die_perhaps()
        return ""

    def send(self, replay: str, records: Sequence[LedgerRecord]) -> None:
        assert replay
        self.sent += len(records)
        for start in range(0, len(records), 25):
            if self.draw.random() < self.lose:
                self.lost += 1  # taken by the queue, and never handed to a worker
                continue
            self.messages.append([item_of(each) for each in records[start : start + 25]])

    def of(self, identity: Identity, subscriptions: Sequence[str], *, page: int) -> int:
        """A projector that follows the ledger at once: a row is the newest event about it."""
        newest: dict[str, tuple[int, str]] = {}
        for record in self.ledger.records.values():
            name = record.envelope.subscription
            if name in subscriptions:
                stamp = (record.envelope.created or 0, record.envelope.id)
                newest[str(name)] = max(newest.get(str(name), stamp), stamp)
        return sum(
            weight(page, str(identity), name, *stamp) for name, stamp in sorted(newest.items())
        )

    def take(self, identity: Identity) -> None:
        """Between a driver's read of the cursor and its write, another one may drive."""
        assert identity == self.identity
        if (rival := self.rival) is not None:
            self.rival = None  # a rival has none of its own
            try:
                rival()
            finally:
                self.rival = rival

    def sleep(self, seconds: float) -> None:
        self.clock += seconds * self.pace
        self.work(3)


class _Projected:
    """Counts as a projector would that follows the ledger at once and applies everything."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger

    def add(self, replay: str, outcomes: Mapping[str, int]) -> None:
        raise AssertionError(f"nobody projects {outcomes} of {replay} here")

    def of(self, replay: str) -> dict[str, int]:
        found = sum(record.replay == replay for record in self._ledger.records.values())
        return {"applied": found} if found else {}


class Mortal:
    """A port around which its caller may die, before the call or after it."""

    def __init__(self, world: Any, port: Any) -> None:
        self._world, self._port = world, port

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*given: Any, **named: Any) -> Any:
            self._world.die_perhaps()
            answer = method(*given, **named)
            self._world.die_perhaps()
            return answer

        return call
