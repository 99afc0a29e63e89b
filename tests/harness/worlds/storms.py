"""Many at once: incidents that fall due together, and people who write together."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from queue import Empty, SimpleQueue
from threading import Lock
from threading import local as thread_local
from time import monotonic
from typing import TYPE_CHECKING, Any

from tests.harness.cloud.incident_tables import INCIDENTS, OPERATIONS
from tests.harness.fakes.application import ManualClock, Policies
from tests.harness.fakes.ids import SeededIds
from tests.harness.worlds.stories import ANA, local, make, person, signal
from tocsin.adapters.incidents.numbers import DynamoNumbers
from tocsin.adapters.incidents.store import DynamoIncidents
from tocsin.application.incidents.engine import Engine
from tocsin.incidents.commands.opening import OpenIncident
from tocsin.incidents.commands.record import AddNote
from tocsin.incidents.events.fold import fold
from tocsin.incidents.timeline.entry import first_broken_link
from tocsin.incidents.vocabulary import Category, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from concurrent.futures import Future

    from tocsin.adapters.aws.call import AwsCall
    from tocsin.application.incidents.outcome import SweepReport
    from tocsin.ports.incidents import IncidentStore

T0 = local("09-08 10:00")
WORKERS = 3
OPENED_BY = 4


@dataclass
class SharedQueue:
    """What the sweeps hand on, in messages of 25, as the real queue carries it."""

    messages: SimpleQueue[tuple[str, ...]] = field(default_factory=SimpleQueue)
    sent: int = 0

    def send(self, incidents: Sequence[str]) -> None:
        self.sent += len(incidents)
        for start in range(0, len(incidents), 25):
            self.messages.put(tuple(incidents[start : start + 25]))


class Storm:
    """`store` makes one store for each thread, as each Lambda has a client of its own."""

    def __init__(self, store: Callable[[], IncidentStore]) -> None:
        self._store = store
        self._of_thread = thread_local()
        self.clock = ManualClock(T0)
        self.ids = SeededIds()

    @property
    def store(self) -> IncidentStore:
        if not hasattr(self._of_thread, "store"):
            self._of_thread.store = self._store()
        mine: IncidentStore = self._of_thread.store
        return mine

    def ports(self) -> dict[str, Any]:
        return {
            "store": self.store,
            "policies": Policies(),
            "clock": self.clock,
            "ids": self.ids,
        }

    def open(self, count: int) -> list[str]:
        """Critical incidents that nobody acknowledges."""
        names = [f"INC-{number:026d}" for number in range(count)]

        def opened(name: str) -> None:
            opening = make(
                OpenIncident,
                ANA,
                incident_id=name,
                title="one of many",
                severity=Severity.CRITICAL,
                category=Category.PRODUCTION,
            )
            Engine(**self.ports()).execute(opening)

        with ThreadPoolExecutor(OPENED_BY) as pool:
            list(pool.map(opened, names))
        return names

    def everything_falls_due(self, incidents: Iterable[str]) -> None:
        """Two sweeps at once, what they hand on worked off by others, and each acted on once."""
        wanted = list(incidents)
        self.clock.advance(timedelta(minutes=16))
        queue = SharedQueue()

        with ThreadPoolExecutor(WORKERS + 2) as pool:
            sweeps = [pool.submit(Engine(**self.ports()).sweep, queue=queue) for _ in range(2)]
            workers = [pool.submit(self._work_off, queue, sweeps) for _ in range(WORKERS)]
        for swept in sweeps:
            swept.result()
        for worker in workers:
            worker.result()
        assert queue.sent >= len(wanted) - 400
        assert self.store.due(at=self.clock.now, limit=1).incidents == ()
        for incident in wanted:
            timeline = self.store.entries(incident)
            types = Counter(entry.type for entry in timeline)
            assert types["clock_breached"] == 1
            assert types["paged"] == 2, "at opening, and the latest step of all that fell due"
            assert first_broken_link(timeline) is None

    def _work_off(self, queue: SharedQueue, sweeps: Sequence[Future[SweepReport]]) -> None:
        """Until both sweeps have ended and nothing is left of what they handed on."""
        while True:
            ended = all(one.done() for one in sweeps)
            try:
                part = queue.messages.get(timeout=0.01)
            except Empty:
                if ended:
                    return
            else:
                assert not Engine(**self.ports()).tick(part).failed

    def everybody_writes(self, people: int, notes: int) -> None:
        """Each writes on one incident; every note is there once, in one unbroken chain."""
        (incident,) = self.open(1)
        before = len(self.store.entries(incident))

        def write(number: int) -> None:
            who = person(f"p{number}")
            for index in range(notes):
                command_id = f"note-{number}-{index}"
                note = make(
                    AddNote, who, incident_id=incident, command_id=command_id, text=command_id
                )
                Engine(**self.ports()).execute(note)

        with ThreadPoolExecutor(people) as pool:
            list(pool.map(write, range(people)))
        timeline = self.store.entries(incident)
        written = [entry.content["text"] for entry in timeline if entry.type == "note_added"]
        assert len(written) == len(set(written)) == people * notes
        assert [entry.seq for entry in timeline] == list(range(1, before + people * notes + 1))
        assert first_broken_link(timeline) is None
        assert fold(timeline) == self.store.load(incident)


class Counted:
    """A caller that counts what it is asked, by operation."""

    def __init__(self, inner: AwsCall, calls: Counter[str]) -> None:
        self._inner, self._calls, self._guard = inner, calls, Lock()

    def call(self, operation: str, payload: Mapping[str, object]) -> dict[str, Any]:
        with self._guard:
            self._calls[operation] += 1
        return self._inner.call(operation, payload)


@dataclass(frozen=True)
class NumberedStorm:
    """What a storm of alarms cost and led to; `names` are in the order of the numbers."""

    calls: Counter[str]
    names: list[str]
    seconds: list[float]


def numbered_storms(
    caller: Callable[[], AwsCall], *, alarms: int, writers: int, first: int = 0
) -> tuple[NumberedStorm, ...]:
    """The same storm with numbers and without, by some writers, turn about.

    `caller` makes one for each thread, `first` tells the alarms of one storm from the next. Each
    opening of the one is followed by one of the other, so that both meet the same machine.
    """
    kinds = (True, False)
    calls: dict[bool, Counter[str]] = {kind: Counter() for kind in kinds}
    took: dict[bool, list[float]] = {kind: [] for kind in kinds}
    names: dict[bool, list[str]] = {kind: [] for kind in kinds}
    ids, guard = SeededIds(first), Lock()

    def opened(part: int) -> None:
        callers = {kind: Counted(caller(), calls[kind]) for kind in kinds}
        engines = {kind: _engine(callers[kind], ids, numbered=kind) for kind in kinds}
        for number in range(part, alarms, writers):
            for kind in kinds if number % 2 else reversed(kinds):
                begun = monotonic()
                (one,) = engines[kind].receive([signal(T0, name=f"alarm-{first + number}-{kind}")])
                with guard:
                    took[kind].append(monotonic() - begun)
                    names[kind].append(one.incident.name)

    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(opened, range(writers)))
    for found in names.values():
        found.sort(key=lambda name: (len(name), name))
    return tuple(NumberedStorm(calls[kind], names[kind], took[kind]) for kind in kinds)


def _engine(aws: AwsCall, ids: SeededIds, *, numbered: bool) -> Engine:
    return Engine(
        store=DynamoIncidents(aws, INCIDENTS, operations_table=OPERATIONS),
        policies=Policies(),
        clock=ManualClock(T0),
        ids=ids,
        numbers=DynamoNumbers(
            aws, hasty=aws, incidents_table=INCIDENTS, operations_table=OPERATIONS
        )
        if numbered
        else None,
    )
