"""A replay beside a loop that asks for one event at a time, both within the same budget.

Planner, reader, packer and worker are the real ones. The provider and the ledger are functions of
an event's number and the pages noted lie in a file, so that what memory is left is the planner's.
Waiting for the budget takes no time here: it is counted, and added to the time the work took.
"""

from __future__ import annotations

import gc
import json
import tempfile
import time
import tracemalloc
from array import array
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tests.bench.figures import Figure
from tocsin.adapters.billing.projection.ledger import item_of, record_of
from tocsin.adapters.billing.projection.memory import MemoryQuarantine
from tocsin.adapters.billing.replay.items import page_item, page_of
from tocsin.application.billing.projection.file_event import Filer, SetAside
from tocsin.application.billing.projection.restore import Restorer
from tocsin.application.billing.replay.drive import Planner
from tocsin.billing.identity import Identity
from tocsin.billing.replay.cursor import PAGE, Cursor, Window, begin
from tocsin.billing.replay.rate_limit import budget
from tocsin.ports.billing.replay import EventPage
from tocsin.providers.bodies.codec import keep
from tocsin.providers.http.events import workspace_of
from tocsin.providers.registry import webhook_reader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import IO

    from tocsin.billing.projection.ledger_key import LedgerKey, LedgerRecord
    from tocsin.billing.replay.cursor import Slice
    from tocsin.ports.billing.replay import PageNote

SIZES = (1_000, 20_000, 100_000)
IDENTITY = Identity("stripe", "acct_bench", "test")
START = 1_790_000_000
LOST_OF = 3
"""One event of three never arrived."""

FASTER = 8
"""How many times as fast as the loop a replay has to be, at every size."""

WEIGHED = 10
"""Every so many steps it is weighed what the planner holds, where that is asked for."""

GROWTH = 1.25
"""How much more a planner may hold for a hundred times the events; all ids alone would be more."""


@dataclass(slots=True)
class World:
    """`size` events, two a second, of which every third is missing until it is put back."""

    size: int
    sample: Mapping[str, Any]
    notes: IO[bytes]
    there: bytearray = field(init=False)
    file: Filer = field(init=False)
    worker: Restorer = field(init=False)
    places: array[int] = field(default_factory=lambda: array("Q", bytes(8 * 2 * max(SIZES) // 20)))
    noted: int = 0
    calls: int = 0
    saves: int = 0
    weighs: bool = False
    heaviest: int = 0
    waited: float = 0.0
    token_at: float = 0.0
    started: float = field(default_factory=time.perf_counter)
    cursor: Cursor | None = None

    def __post_init__(self) -> None:
        self.there = bytearray(number % LOST_OF != 0 for number in range(max(SIZES)))
        self.file = Filer(webhook_reader, keep, lambda: None, workspace_of)
        self.worker = Restorer(self, MemoryQuarantine(), record_of)

    @property
    def clock(self) -> float:
        """Seconds since the start: those of work, and those waited for the budget."""
        return time.perf_counter() - self.started + self.waited

    def document(self, number: int) -> dict[str, Any]:
        return {**self.sample, "id": f"evt_{number:06d}", "created": START + number // 2}

    # The ports of both contenders.

    def take(self, identity: Identity) -> None:
        """One request of the budget: evenly spaced, and never two at once."""
        self.calls += 1
        late = self.token_at - self.clock
        self.waited += max(0.0, late)
        self.token_at = max(self.token_at, self.clock) + 1 / budget(identity)

    def page(self, identity: Identity, wanted: Slice) -> EventPage:
        first = max(0, (wanted.start - START) * 2)
        last = min(self.size, (wanted.end - START) * 2)
        numbers = range(last - 1, first - 1, -1)[: PAGE + 1]
        documents = tuple(self.document(number) for number in numbers[:PAGE])
        return EventPage(documents, has_more=len(numbers) > PAGE)

    def put(self, record: LedgerRecord) -> bool:
        number = int(record.envelope.id[4:])
        new, self.there[number] = not self.there[number], True
        return new

    # The planner's own.

    def origins(self, keys: Iterable[LedgerKey]) -> dict[LedgerKey, str]:
        found = {key: int(key.sk[4:]) for key in keys}
        return {
            key: "RPL-B" if number % LOST_OF == 0 else ""
            for key, number in found.items()
            if self.there[number]
        }

    def holds_any(self, identity: Identity, *, start: int, end: int) -> bool:
        return False

    def held(self, identity: Identity, *, start: int, end: int) -> int:
        first, last = max(0, (start - START) * 2), min(self.size, (end - START) * 2)
        return sum(self.there[first:last])

    def create(self, cursor: Cursor) -> None:
        self.cursor = cursor

    def load(self, replay: str) -> Cursor | None:
        return self.cursor

    def save(self, cursor: Cursor) -> Cursor:
        """Between two steps is where a planner that gathers anything still holds it."""
        self.cursor = replace(cursor, ver=cursor.ver + 1)
        self.saves += 1
        if self.weighs and self.saves % WEIGHED == 0:
            gc.collect()
            self.heaviest = max(self.heaviest, tracemalloc.get_traced_memory()[0])
        return self.cursor

    def note(self, replay: str, page: PageNote) -> PageNote:
        text = json.dumps(page_item(replay, page)).encode()
        self.places[2 * self.noted], self.places[2 * self.noted + 1] = (
            self.notes.seek(0, 2),
            len(text),
        )
        self.noted += 1
        self.notes.write(text)
        return page

    def pages(self, replay: str, *, first: int = 0) -> Iterator[PageNote]:
        for number in range(first, self.noted):
            self.notes.seek(self.places[2 * number])
            yield page_of(json.loads(self.notes.read(self.places[2 * number + 1])))

    def send(self, replay: str, records: Sequence[LedgerRecord]) -> None:
        """The workers' work is counted too, as if there were one, and no queue beside it."""
        self.worker.restore([item_of(record) for record in records], now=START)

    def of(self, identity: Identity, subscriptions: Sequence[str], *, page: int) -> int:
        return page

    def sleep(self, seconds: float) -> None:
        self.waited += seconds


class Counted:
    """What the projector said: that everything was applied."""

    def __init__(self, world: World) -> None:
        self._size = world.size

    def add(self, replay: str, outcomes: Mapping[str, int]) -> None:
        raise AssertionError((replay, outcomes))

    def of(self, replay: str) -> dict[str, int]:
        return {"applied": self._size}


@dataclass(frozen=True, slots=True)
class Run:
    """One contender's run over so many events.

    In bytes, where memory was measured: `held` is the most between two steps, garbage collected;
    `peak` the most at any moment, with the garbage that no collection had taken yet.
    """

    events: int
    seconds: float
    calls: int
    held: int = 0
    peak: int = 0


def measure(sample: Path, sizes: Sequence[int] = SIZES) -> dict[str, list[Run]]:
    """Both contenders at every size, and the planner once more with its memory measured."""
    document = json.loads(sample.read_text())
    found: dict[str, list[Run]] = {"replay": [], "loop": [], "memory": []}
    for size in sizes:
        found["replay"].append(_timed(size, document, _replay))
        found["loop"].append(_timed(size, document, _one_by_one))
    for size in (sizes[0], sizes[-1]):  # measuring memory takes several times as long as the work
        gc.collect()
        tracemalloc.start()
        try:
            run = _timed(size, document, _replay, weighs=True)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        found["memory"].append(replace(run, peak=peak))
    return found


def figures(found: Mapping[str, Sequence[Run]]) -> Iterator[Figure]:
    """By size: how fast, against what, with how many calls; and how flat memory stays."""
    for ours, loop in zip(found["replay"], found["loop"], strict=True):
        size = f"{ours.events // 1_000}k"
        yield Figure(
            f"replay.events_per_s.{size}",
            ours.events / ours.seconds,
            note=f"{ours.calls} calls at {budget(IDENTITY)} a second, two passes, one at a time",
        )
        yield Figure(
            f"replay.speedup.{size}",
            loop.seconds / ours.seconds,
            note=f"over a loop for the missing alone: {loop.calls} calls, one at a time",
        )
        yield Figure(
            f"replay.time_over_loop.{size}",
            ours.seconds / loop.seconds,
            limit=1 / FASTER,
            note=f"at least {FASTER} times as fast, with the same budget",
        )
        yield Figure(
            f"replay.provider_calls_per_event.{size}",
            ours.calls / ours.events,
            limit=0.1,
            note=f"the loop: {loop.calls / loop.events:.3f}",
        )
    few, many = found["memory"]
    yield Figure(
        "replay.rss_growth",
        many.held / few.held,
        limit=GROWTH,
        note=(
            f"held by the planner, {many.events} events over {few.events}: "
            f"{many.held >> 10} over {few.held >> 10} KiB; "
            f"with garbage at most {many.peak >> 10} and {few.peak >> 10}"
        ),
    )


def _timed(size: int, sample: Mapping[str, Any], work: Any, *, weighs: bool = False) -> Run:
    with tempfile.TemporaryFile() as notes:
        world = World(size, sample, notes, weighs=weighs)
        work(world)
        if not all(world.there[:size]):
            raise AssertionError("not all that was missing was put back")
        return Run(size, world.clock, world.calls, held=world.heaviest)


def _replay(world: World) -> None:
    window = Window(START, START + world.size // 2 + 1)
    world.create(
        begin(Cursor("RPL-B", IDENTITY, window, started_at=window.end, started_by="bench"))
    )
    unused: Any = None
    planner = Planner(
        source=world,
        ledger=world,
        store=world,
        queue=world,
        sums=world,
        rate=world,
        file=world.file,
        set_aside=SetAside(MemoryQuarantine()),
        outcomes=Counted(world),
        tell=lambda _: "",
        rebuilder=unused,
        now=lambda: window.end,
        sleep=world.sleep,
    )
    done = planner.run("RPL-B", go_on=lambda: True)
    if not done.proven or done.first.inserted != -(-world.size // LOST_OF):
        raise AssertionError(f"the replay proved nothing: {done}")


def _one_by_one(world: World) -> None:
    """Lists every page, then asks for each event that is missing, and stores it."""
    for last in range(world.size, 0, -PAGE):
        world.take(IDENTITY)
        for number in range(last - 1, max(-1, last - PAGE - 1), -1):
            if not world.there[number]:
                world.take(IDENTITY)
                document = world.document(number)
                world.put(world.file(IDENTITY, document, now=START, replay="")[0])
