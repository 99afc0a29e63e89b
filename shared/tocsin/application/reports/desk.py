"""Taking reports, showing them, and saying what came of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.application.reports.answering import Answering
from tocsin.errors import BadInput, ConditionFailed
from tocsin.incidents.model.correspondents import UNCONFIRMED, Correspondent
from tocsin.incidents.model.reports import (
    Report,
    Via,
    plain_line,
    plain_text,
    reference_of,
)
from tocsin.people.ways import WayKind, checked_address

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tocsin.incidents.model.reports import Outcome, Reporter
    from tocsin.incidents.vocabulary import Severity
    from tocsin.ports.reports import ReportStore
    from tocsin.ports.time import Ids, WallClock

RACES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What somebody tells; nothing of it has been looked at."""

    reporter: Reporter
    title: str
    detail: str = ""
    exposure: bool = False
    severity: Severity | None = None
    service: str = ""
    environment: str = "production"
    contact: str = ""
    by: str = ""
    suspect: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDesk:
    """Reports of one stage; `now` is incident time, `triage_minutes` the runbook's."""

    store: ReportStore
    now: Callable[[], datetime]
    wall: WallClock
    ids: Ids
    triage_minutes: Callable[[], int]

    def take(self, told: Told, via: Via, *, admit: Callable[[], None] = lambda: None) -> Report:
        """Keeps what is told; it came now, whatever it says itself.

        `admit` is asked once what is told can be kept, and may refuse it.

        Raises:
            BadInput: nothing is told, or the address to write back to is none.
            PayloadTooLarge: more is told than the record takes.
        """
        now = self.now()
        for race in range(RACES):
            report = Report(
                reference=reference_of(now, self.ids.salt()),
                received_at=now,
                triage_due=now + timedelta(minutes=self.triage_minutes()),
                via=via,
                reporter=told.reporter,
                title=plain_line("title", told.title),
                detail=plain_text("detail", told.detail),
                exposure=told.exposure,
                severity=told.severity,
                service=plain_line("service", told.service) if told.service.strip() else None,
                environment=plain_line("environment", told.environment),
                by=told.by,
                suspect=told.suspect,
            )
            correspondent = self._correspondent(report, told.contact, now)
            if race == 0:
                admit()
            try:
                self.store.put(report, correspondent)
            except ConditionFailed:
                if race == RACES - 1:
                    raise
            else:
                return report
        raise AssertionError("the last race returns or raises")

    def known(self, reference: str) -> Report:
        """Raises `UnknownName` if there is no such report."""
        return Answering(store=self.store, now=self.now).known(reference)

    def answer(self, reference: str, outcome: Outcome, person: str) -> Report:
        """Says what came of it; who waits for that with a confirmed address is written to.

        Raises:
            UnknownName: there is no such report.
            IllegalTransition: it is answered so already.
        """
        return Answering(store=self.store, now=self.now).answer(reference, outcome, person)

    def _correspondent(self, report: Report, contact: str, now: datetime) -> Correspondent | None:
        """One that fills in what people do not see is written nothing."""
        if not contact.strip():
            return None
        try:
            address = checked_address(WayKind.MAIL, contact)
        except BadInput as wrong:
            raise BadInput("that is no mail address", field="contact") from wrong
        if report.suspect:
            return None
        until = self.wall.wall_now() + UNCONFIRMED
        return Correspondent(reference=report.reference, address=address, until=until, due_at=now)
