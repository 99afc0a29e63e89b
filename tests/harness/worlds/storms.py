"""Many at once: incidents that fall due together, and people who write together."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from queue import Empty, SimpleQueue
from threading import local as thread_local
from typing import TYPE_CHECKING, Any

from tests.harness.fakes.application import ManualClock, Policies
from tests.harness.fakes.ids import SeededIds
from tests.harness.worlds.stories import ANA, local, make, person
from tocsin.application.incidents.engine import Engine
from tocsin.incidents.commands.opening import OpenIncident
from tocsin.incidents.commands.record import AddNote
from tocsin.incidents.events.fold import fold
from tocsin.incidents.timeline.entry import first_broken_link
from tocsin.incidents.vocabulary import Category, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from concurrent.futures import Future

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
