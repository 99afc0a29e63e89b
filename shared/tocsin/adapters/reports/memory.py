"""Reports in memory: the twin of `reports.store`. It keeps the stored forms."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from tocsin.adapters.reports.store import checked, read, stored
from tocsin.errors import ConditionFailed
from tocsin.incidents.model.correspondents import Correspondent
from tocsin.incidents.model.reports import Gate, Owed, Report
from tocsin.ports.reports import ReportPage

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.incidents.model.reports import Via


class MemoryReports:
    """A `ReportStore` that forgets everything with the process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._reports: dict[str, str] = {}
        self._mails: dict[str, str] = {}
        self._owed: dict[str, str] = {}
        self._gate: str | None = None
        self._taken: dict[str, int] = {}

    def put(self, report: Report, correspondent: Correspondent | None = None) -> None:
        with self._lock:
            if report.reference in self._reports:
                raise ConditionFailed
            self._reports[report.reference] = stored(report)
            if correspondent is not None:
                self._mails[report.reference] = stored(correspondent)

    def get(self, reference: str) -> Report | None:
        text = self._reports.get(reference)
        return None if text is None else read(Report, text)

    def save(self, report: Report, *, expected: int) -> None:
        with self._lock:
            known = self.get(report.reference)
            if known is None or known.ver != expected:
                raise ConditionFailed
            self._reports[report.reference] = stored(report)

    def listed(self, *, limit: int, cursor: str | None = None) -> ReportPage:
        after = checked(cursor)
        names = [
            name for name in sorted(self._reports, reverse=True) if after is None or name < after
        ]
        found = tuple(read(Report, self._reports[name]) for name in names[:limit])
        return ReportPage(found, found[-1].reference if len(names) > limit else None)

    def due(self, via: Via, *, at: datetime, limit: int) -> tuple[Report, ...]:
        due = [
            (one.due_at, one)
            for one in (read(Report, text) for text in self._reports.values())
            if one.via is via and one.due_at is not None and one.due_at <= at
        ]
        return tuple(one for _, one in sorted(due, key=lambda pair: pair[0]))[:limit]

    def gate(self) -> Gate | None:
        return None if self._gate is None else read(Gate, self._gate)

    def save_gate(self, gate: Gate, *, expected: int) -> None:
        with self._lock:
            known = self.gate()
            if (0 if known is None else known.ver) != expected:
                raise ConditionFailed
            self._gate = stored(gate)

    def correspondent(self, reference: str) -> Correspondent | None:
        text = self._mails.get(reference)
        return None if text is None else read(Correspondent, text)

    def save_correspondent(self, one: Correspondent, *, expected: int) -> None:
        with self._lock:
            known = self.correspondent(one.reference)
            if known is None or known.ver != expected:
                raise ConditionFailed
            self._mails[one.reference] = stored(one)

    def forget(self, one: Correspondent) -> None:
        self._mails.pop(one.reference, None)

    def to_be_written_to(self, *, at: datetime, limit: int) -> tuple[str, ...]:
        found = (read(Correspondent, text) for text in self._mails.values())
        due = [(one.due_at, one.reference) for one in found if one.due_at and one.due_at <= at]
        return tuple(reference for _, reference in sorted(due))[:limit]

    def owe(self, one: Owed) -> None:
        self._owed[one.incident] = stored(one)

    def owed(self, *, at: datetime, limit: int) -> tuple[Owed, ...]:
        found = sorted((read(Owed, text) for text in self._owed.values()), key=lambda o: o.due_at)
        return tuple(one for one in found if one.due_at <= at)[:limit]

    def settle(self, one: Owed) -> None:
        with self._lock:
            if self._owed.get(one.incident) == stored(one):
                del self._owed[one.incident]

    def take(self, what: str, *, most: int, until: datetime) -> bool:  # noqa: ARG002 -- forgets with the process
        with self._lock:
            if self._taken.get(what, 0) >= most:
                return False
            self._taken[what] = self._taken.get(what, 0) + 1
            return True
