"""Jobs that say that they have run: in time, late, twice, with a clock behind, or not at all.

Beside what Tocsin holds of each there is a book of it, after semantics 13.120 and 13.121, with
nothing of the rules under test.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tocsin.adapters.heartbeats.memory import MemoryHeartbeats
from tocsin.application.heartbeats.keep import HeartbeatDesk
from tocsin.errors import Unavailable
from tocsin.incidents.model.heartbeats import Heartbeat
from tocsin.simulation.billing.mortal import mortal
from tocsin.simulation.fault import Fault
from tocsin.simulation.troubles import Died

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

    from tocsin.simulation.surroundings import SimulatedClock
    from tocsin.simulation.troubles import Troubles

MOST = 2
"""Jobs of one life."""
PERIODS = (timedelta(hours=1), timedelta(hours=6), timedelta(days=1))
_LATE = timedelta(seconds=97)
_ODD = timedelta(seconds=17)
"""No job comes to the second in which it would be missed."""
_BEHIND = timedelta(seconds=40)
_TRIES = 40


@dataclass(slots=True)
class Job:
    """One job, and the book of it. `next_at` None: it is silent.

    `since` is from when the next beat is expected, `missing` since when it has stayed away, `news`
    when the book last changed; `ever` whether it was missing at any time.
    """

    name: str
    every: timedelta
    next_at: datetime | None
    since: datetime
    missing: datetime | None = None
    news: datetime | None = None
    ever: bool = False
    gone: bool = False

    @property
    def key(self) -> str:
        return f"v1:heartbeat:{self.name}"

    @property
    def grace(self) -> timedelta:
        """A fifth of the period, at least a minute."""
        return max(self.every / 5, timedelta(minutes=1))

    @property
    def due(self) -> datetime:
        return self.since + self.every + self.grace

    def look(self, now: datetime) -> None:
        """Missing once period and grace are over."""
        if not self.gone and self.missing is None and now > self.due:
            self.missing, self.news, self.ever = self.due, self.due, True

    def came(self, at: datetime, now: datetime) -> None:
        self.look(now)
        if self.missing is not None:
            self.missing, self.news = None, now
        self.since = max(self.since, at)


@dataclass(slots=True)
class Jobs:
    """Every job of a life; who asks Tocsin dies and tries again. `met` counts what was met."""

    seed: int
    clock: SimulatedClock
    troubles: Troubles
    met: Counter[str]
    store: MemoryHeartbeats = field(default_factory=MemoryHeartbeats)
    jobs: dict[str, Job] = field(default_factory=dict)

    def next_beat(self) -> datetime | None:
        """When a job next runs."""
        return min((each.next_at for each in self.jobs.values() if each.next_at), default=None)

    def next_due(self) -> datetime | None:
        """When a sweep next finds something of a heartbeat."""
        held = (self.store.get(name) for name in self.jobs)
        return min((each.due_at for each in held if each and each.due_at), default=None)

    def work(self) -> None:
        """Jobs run whose time has come."""
        now = self.clock.now
        for job in self.jobs.values():
            if job.next_at is not None and job.next_at <= now:
                self.beat(job)
                job.next_at = now + job.every
            job.look(now)

    def expect(self, pick: int) -> Job | None:
        """Another job is to be heard of from now on."""
        if len(self.jobs) >= MOST:
            return None
        now, every = self.clock.now, PERIODS[pick % len(PERIODS)]
        name = f"hidden-job-{len(self.jobs)}"
        self.jobs[name] = job = Job(name, every, now + every + _ODD, now)
        self.set(job)
        return job

    def set(self, job: Job) -> None:
        """Somebody sets it, as it is or anew: the next beat is expected from now on."""
        now = self.clock.now
        job.look(now)
        asked = Heartbeat(
            name=job.name,
            every_seconds=int(job.every.total_seconds()),
            grace_seconds=int(job.grace.total_seconds()),
            set_by="ana",
            set_at=now,
        )
        self._try(lambda: self._desk().set(asked, proof=bytes(16)))
        job.since = max(job.since, now)

    def beat(self, job: Job, *, behind: bool = False) -> None:
        """It says that it has run; `behind` by a function whose clock is."""
        if job.gone:
            return
        now = self.clock.now
        at = now - _BEHIND if behind else now
        if behind and not job.since < at <= job.due:
            return
        self._try(lambda: self._desk(at).beat(job.name))
        back = job.missing is not None or now > job.due
        job.came(at, now)
        self.met["beats"] += 1
        self.met["heartbeats back"] += back

    def remove(self, job: Job) -> None:
        """Nobody expects it any more."""
        job.look(self.clock.now)
        self._try(lambda: self._desk().remove(job.name))
        job.next_at, job.gone = None, True
        if job.missing is not None:
            job.missing, job.news = None, self.clock.now
            self.met["heartbeats removed while missing"] += 1

    def late(self, job: Job) -> None:
        """Its next run ends after its grace."""
        job.next_at = job.due + _LATE

    def _desk(self, at: datetime | None = None) -> HeartbeatDesk:
        now = at or self.clock.now
        return HeartbeatDesk(store=mortal(self.troubles, self.store), now=lambda: now)

    @staticmethod
    def _try(ask: Callable[[], object]) -> None:
        for _ in range(_TRIES):
            try:
                ask()
            except (Died, Unavailable):
                continue
            return
        raise Fault(f"a heartbeat's call was given up after {_TRIES} tries")
