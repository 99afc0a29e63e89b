"""What people report, and whether somebody looked at it in time: a book of it.

Written from semantics 13.130 to 13.133, with nothing of the rules under test. Who asks Tocsin dies
and tries again; a report whose answer was lost is kept twice, as it is of whoever sends it twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tocsin.adapters.reports.memory import MemoryReports
from tocsin.application.reports.answering import Answering
from tocsin.application.reports.desk import ReportDesk, Told
from tocsin.application.reports.form import PublicForm
from tocsin.errors import Unavailable
from tocsin.incidents.model.reports import Outcome, Reporter, Via
from tocsin.simulation.billing.mortal import mortal
from tocsin.simulation.fault import Fault
from tocsin.simulation.surroundings import SeededIds
from tocsin.simulation.troubles import Died

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

    from tocsin.simulation.surroundings import SimulatedClock
    from tocsin.simulation.troubles import Troubles

MOST, POSTED = 2, 5
"""Reports of one life that somebody sends, and that strangers send by the form."""
PAUSE = timedelta(minutes=10)
"""Between two pages by the form, in all."""
HOUR = timedelta(hours=1)
_TRIES = 40
_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class Reported:
    """One report as the book has it. `rings_at` None: somebody looked at it in time."""

    reference: str
    rings_at: datetime | None
    by_form: bool = False

    @property
    def key(self) -> str:
        return f"v1:report:{self.reference}"


@dataclass(slots=True)
class Reports:
    """Every report of a life, by the API and by the form, which has a gate of its own."""

    seed: int
    clock: SimulatedClock
    troubles: Troubles
    met: Counter[str]
    store: MemoryReports = field(default_factory=MemoryReports)
    book: dict[str, Reported] = field(default_factory=dict)
    sent: int = 0
    posted: int = 0
    tries: int = 0

    @property
    def answering(self) -> Answering:
        """What says that an incident's end is the outcome of its reports."""
        store = mortal(self.troubles, self.store)
        return Answering(store=store, now=lambda: self.clock.now)

    def next_due(self) -> datetime | None:
        """When a sweep next finds a report that nobody looked at, or one to be answered."""
        if not self.book:
            return None
        held = (self.store.get(name) for name in self.book)
        due = [each.due_at for each in held if each and each.due_at]
        due += [each.due_at for each in self.store.owed(at=_EVER, limit=1)]
        return min(due, default=None)

    def send(self, *, exposure: bool) -> str | None:
        """Somebody reports something; alleged exposure waits for nobody."""
        if self.sent >= MOST:
            return None
        self.sent += 1
        told = Told(reporter=Reporter.TEAM, title=f"hidden-report {self.sent}", exposure=exposure)
        self._try(lambda: self._desk().take(told, Via.API))
        self._book(exposure=exposure)
        self.met["reports"] += 1
        return f"a report {'alleges exposure' if exposure else 'waits for triage'}"

    def post(self, number: int, *, exposure: bool) -> str | None:
        """Strangers send some by the form at once."""
        number = min(number, POSTED - self.posted)
        for _ in range(number):
            self.posted += 1
            title = f"hidden-post {self.posted}"
            told = Told(reporter=Reporter.CUSTOMER, title=title, exposure=exposure)
            self._try(lambda told=told: self._form().take(told, self._somewhere()))  # type: ignore[misc]
            self._book(exposure=exposure)
        self.met["reports by the form"] += number
        return f"{number} reports by the form" if number else None

    def _book(self, *, exposure: bool) -> None:
        now = self.clock.now
        for each in self.store.listed(limit=99).items:
            rings_at = now if exposure else now + HOUR
            by_form = each.via is Via.FORM
            known = Reported(each.reference, rings_at, by_form)
            self.book.setdefault(each.reference, known)

    def _form(self) -> PublicForm:
        return PublicForm(desk=self._desk(), name_of=lambda address: address)

    def _somewhere(self) -> str:
        """Another address each time: what one may send is no trouble of this kind."""
        self.tries += 1
        return f"192.0.2.{self.tries % 250}"

    def answer(self, pick: int) -> str | None:
        """Somebody looks at one and says that it is nothing; in time it rings nobody."""
        now = self.clock.now
        waiting = [each for each in self.book.values() if each.rings_at and now < each.rings_at]
        if not waiting:
            return None
        one = waiting[pick % len(waiting)]
        self._try(lambda: self._answered(one.reference))
        one.rings_at = None
        self.met["reports answered in time"] += 1
        return f"{one.reference} is answered"

    def _answered(self, reference: str) -> None:
        """Once: whose answer was lost finds it answered."""
        known = self.store.get(reference)
        if known is not None and known.outcome is None:
            self._desk().answer(reference, Outcome.NO_PROBLEM, "ana")

    def _desk(self) -> ReportDesk:
        return ReportDesk(
            store=mortal(self.troubles, self.store),
            now=lambda: self.clock.now,
            wall=self.clock,
            ids=SeededIds(self.seed + self.sent + 7 * self.posted + len(self.book)),
            triage_minutes=lambda: 60,
        )

    @staticmethod
    def _try(ask: Callable[[], object]) -> None:
        for _ in range(_TRIES):
            try:
                ask()
            except (Died, Unavailable):
                continue
            return
        raise Fault(f"a report's call was given up after {_TRIES} tries")
