"""The second pair of eyes: finds what should have happened and did not, by another way.

The sweep finds its work in the due index. So the auditor does not believe the index: it walks the
board of open incidents, computes from each incident itself when it was next due, and compares.
What the index knows beside that is looked at too, because a closed incident may still wait for
something. Once a day every incident's timeline is folded and compared with what is stored; which
minute of the day is an incident's own follows from its id, so the work is spread and no state is
kept.

A key whose pointer says "open" of a closed incident is what a write that was cut off left behind.
The next alarm of it finds its way by itself (`receive`); such a pointer is listed and mended all
the same, which is the one thing that is written here. And what is overdue is tried, for nothing: an
incident whose tick is refused is told apart from a sweep that does not run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from zlib import crc32

from tocsin.errors import TocsinError
from tocsin.incidents.commands.base import Tick
from tocsin.incidents.events.closing import DuplicateAbsorbed
from tocsin.incidents.events.evolve import evolve
from tocsin.incidents.events.fold import event_of, fold
from tocsin.incidents.events.relations import KeysGiven, KeysTaken
from tocsin.incidents.events.snapshot import snapshot_text
from tocsin.incidents.queries.agenda import next_due
from tocsin.incidents.rules.decide import decide
from tocsin.incidents.timeline.entry import Actor, first_broken_link
from tocsin.incidents.vocabulary import ActorKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.model.outbox import OutboxItem
    from tocsin.incidents.runbook.policy import Policy
    from tocsin.ports.incidents import AuditStore, IncidentStore
    from tocsin.ports.runbooks import PolicySource
    from tocsin.ports.signals import Pointer
    from tocsin.ports.time import IncidentClock


ATTENTION = timedelta(seconds=120)

"""Within this of being due, everything is acted on (I7)."""

OUTBOX_AGE = timedelta(minutes=5)

"""A message that has not left by then is stuck, however often it was tried."""

PAGE = 200

AUDITOR = Actor(ActorKind.SYSTEM, "auditor")

_WITH_KEYS = frozenset({DuplicateAbsorbed.type, KeysGiven.type, KeysTaken.type})

_MINUTES_A_DAY = 24 * 60


class Problem(StrEnum):
    """What can be wrong."""

    OVERDUE = "overdue"
    DUE_MARK = "due_mark"
    UNSENT = "unsent"
    FOLD = "fold"
    UNREAD = "unread"
    REFUSED = "refused"
    POINTER = "pointer"
    UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong with one incident; `detail` names no person."""

    problem: Problem
    incident: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """One run: how many incidents were looked at and folded, and what is wrong."""

    looked_at: int
    folded: int
    findings: tuple[Finding, ...]

    @property
    def clean(self) -> bool:
        return not self.findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Auditor:
    """The ports of an audit; `due_second` is how the index writes a time."""

    store: IncidentStore
    marks: AuditStore
    policies: PolicySource
    clock: IncidentClock
    due_second: Callable[[datetime], int]

    def run(self, *, has_time: Callable[[], bool]) -> AuditReport:
        """Looks at everything; what there was no time for is a finding too."""
        now = self.clock.incident_now()
        findings: list[Finding] = []
        looked_at = folded = 0
        for incident_id in self._wanted(now):
            if not has_time():
                findings.append(_finding(Problem.UNFINISHED, incident_id, f"after {looked_at}"))
                break
            looked_at += 1
            try:
                findings += self._look(incident_id, now)
                if is_its_minute(incident_id, now):
                    folded += 1
                    findings += self._fold(incident_id)
                    findings += self._pointers(incident_id)
            except TocsinError as error:
                findings.append(_finding(Problem.UNREAD, incident_id, error.code))
            except Exception as error:  # noqa: BLE001 - one that is broken hides none of the others
                findings.append(_finding(Problem.UNREAD, incident_id, type(error).__name__))
        return AuditReport(looked_at=looked_at, folded=folded, findings=tuple(findings))

    def _wanted(self, now: datetime) -> Iterator[str]:
        """Every open incident, what the index has as long overdue, and those whose minute it is.

        Incidents closed this month and the last one are folded once a day as well.
        """
        due = self.store.due(at=now - ATTENTION, limit=PAGE)
        seen: set[str] = set()
        late = (*due.incidents, *(key.incident for key in due.outbox))
        for incident_id in (*late, *self._listed(None)):
            if incident_id not in seen:
                seen.add(incident_id)
                yield incident_id
        for month in _months(now):
            for incident_id in self._listed(month):
                if incident_id not in seen and is_its_minute(incident_id, now):
                    seen.add(incident_id)
                    yield incident_id

    def _listed(self, month: str | None) -> Iterator[str]:
        cursor: str | None = None
        while True:
            page = self.store.board(closed_in=month, limit=PAGE, cursor=cursor)
            yield from (line.id for line in page.items)
            if (cursor := page.cursor) is None:
                return

    def _look(self, incident_id: str, now: datetime) -> Iterator[Finding]:
        if (found := self.marks.marks(incident_id)) is None:
            yield _finding(Problem.UNREAD, incident_id, "listed, and not there")
            return
        policy = self.policies.version(found.incident.policy_version)
        try:
            due = next_due(found.incident, policy)
            if due is not None and due < now - ATTENTION:
                late = int((now - due).total_seconds())
                yield _finding(Problem.OVERDUE, incident_id, f"by {late} s")
                self._try(found.incident, policy, now)
        except Exception as error:  # noqa: BLE001 - whatever it is, the sweep meets it every minute
            what = error.code if isinstance(error, TocsinError) else type(error).__name__
            yield _finding(Problem.REFUSED, incident_id, what)
            return
        if found.due != (None if due is None else self.due_second(due)):
            yield _finding(Problem.DUE_MARK, incident_id, f"the index has {found.due}")
        for item in found.unsent:
            asked_at = self._asked_at(item)
            if asked_at < now - OUTBOX_AGE:
                age = int((now - asked_at).total_seconds())
                where = f"{item.kind} of entry {item.seq}, {age} s old, tried {item.attempts} times"
                yield _finding(Problem.UNSENT, incident_id, where)

    def _try(self, incident: Incident, policy: Policy, now: datetime) -> None:
        """Decides the tick that is due and writes nothing.

        Raises:
            Exception: what the sweep would meet.
        """
        tick = Tick(incident_id=incident.id, command_id="", actor=AUDITOR, correlation_id="")
        after: Incident | None = incident
        for event in decide(incident, tick, policy, now):
            after = evolve(after, event)
        if after is not None:
            snapshot_text(after)

    def _pointers(self, incident_id: str) -> Iterator[Finding]:
        """The keys it ever had, as far as their pointers say open of what is closed."""
        incident = self.store.load(incident_id)
        keys = set[str]() if incident is None else set(incident.signals)
        for entry in self.store.entries(incident_id):
            if entry.type in _WITH_KEYS:
                event: Any = event_of(entry)
                keys |= set(event.keys)
        for key in sorted(keys):
            pointer = self.store.pointer(key)
            if pointer is None or not pointer.open:
                continue
            owner = self.store.load(pointer.incident)
            if owner is not None and owner.open:
                continue
            mended = self.marks.mend(self._closed(pointer, owner))
            how = "mended" if mended else "somebody was faster"
            yield _finding(
                Problem.POINTER, incident_id, f"open to closed {pointer.incident}, {how}"
            )

    def _closed(self, pointer: Pointer, owner: Incident | None) -> Pointer:
        until = None
        if owner is not None and owner.closed_at is not None and owner.duplicate_of is None:
            window = self.policies.version(owner.policy_version).limits.reopen_window_minutes
            until = owner.closed_at + timedelta(minutes=window)
        return replace(pointer, open=False, reopen_until=until, over=pointer)

    def _asked_at(self, item: OutboxItem) -> datetime:
        """When the entry was recorded that asked for the message; its due time moves on."""
        entries = self.store.entries(item.incident, after=item.seq - 1, limit=1)
        return entries[0].recorded_at if entries else item.due_at

    def _fold(self, incident_id: str) -> Iterator[Finding]:
        """Compared with a snapshot that is not older than the timeline: a writer may be at it."""
        for _ in range(2):
            stored = self.store.load(incident_id)
            timeline = self.store.entries(incident_id)
            if stored is not None and timeline and timeline[-1].seq == stored.version:
                break
        if stored is None or not timeline:
            yield _finding(Problem.FOLD, incident_id, "nothing to fold")
        elif timeline[0].seq != 1 or (broken := first_broken_link(timeline)) is not None:
            at = timeline[0].seq if timeline[0].seq != 1 else broken
            yield _finding(Problem.FOLD, incident_id, f"the chain breaks at entry {at}")
        elif fold(timeline) != stored:
            yield _finding(Problem.FOLD, incident_id, f"not what version {stored.version} says")


def is_its_minute(incident_id: str, now: datetime) -> bool:
    """Whether this minute of the day (UTC) is the one in which the incident is folded."""
    return crc32(incident_id.encode()) % _MINUTES_A_DAY == now.hour * 60 + now.minute


def _months(now: datetime) -> tuple[str, str]:
    before = now.replace(day=1) - timedelta(days=1)
    return f"{now:%Y%m}", f"{before:%Y%m}"


def _finding(problem: Problem, incident_id: str, detail: str) -> Finding:
    return Finding(problem=problem, incident=incident_id, detail=detail)
