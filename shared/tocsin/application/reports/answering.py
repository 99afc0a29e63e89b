"""Saying what came of reports: by a person, or by the end of the incident that they opened.

An incident that is closed answers the reports it was opened by, in the words of how it was closed,
unless somebody has said already what came of one. A duplicate answers nothing: the reports are its
target's by then. That they are to be answered is put down before the incident is closed: whoever
dies in between leaves it to the next sweep.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from tocsin.application.incidents.receive import goes_on_as
from tocsin.errors import ConditionFailed, IllegalTransition, UnknownName
from tocsin.incidents.model.correspondents import with_outcome
from tocsin.incidents.model.reports import (
    OWED_FOR,
    Outcome,
    Owed,
    answered,
    is_reference,
    reports_in,
)
from tocsin.incidents.vocabulary import Kind, Resolution

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from tocsin.application.incidents.outcome import Outcome as Result
    from tocsin.incidents.commands.closing import Close
    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.model.reports import Report
    from tocsin.ports.incidents import IncidentStore
    from tocsin.ports.reports import ReportStore

RACES = 5
AT_ONCE = 50
PAGE, PAGES = 100, 50
"""Reports looked through for those of a bundle, which no key names one by one."""
OUTCOMES = MappingProxyType(
    {Resolution.RESOLVED: Outcome.FIXED, Resolution.FALSE_POSITIVE: Outcome.NO_PROBLEM}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """Outcomes of reports; `now` is incident time."""

    store: ReportStore
    now: Callable[[], datetime]

    def known(self, reference: str) -> Report:
        """Raises `UnknownName` if there is no such report."""
        found = self.store.get(reference) if is_reference(reference) else None
        if found is None:
            raise UnknownName(f"there is no report {reference[:40]!r}", kind="report")
        return found

    def answer(self, reference: str, outcome: Outcome, person: str) -> Report:
        """Says what came of it; who waits for that with a confirmed address is written to.

        Raises:
            UnknownName: there is no such report.
            IllegalTransition: it is answered so already.
        """
        for race in range(RACES):
            report = self.known(reference)
            if report.outcome is outcome:  # whoever said so may have died before this
                self._tell_correspondent(reference, outcome)
            after = replace(answered(report, outcome, person, self.now()), ver=report.ver + 1)
            try:
                self.store.save(after, expected=report.ver)
            except ConditionFailed:
                if race == RACES - 1:
                    raise
            else:
                self._tell_correspondent(reference, outcome)
                return after
        raise AssertionError("the last race returns or raises")

    def _tell_correspondent(self, reference: str, outcome: Outcome) -> None:
        """Lets who waits for it be told; whoever sent spam is told nothing."""
        for race in range(RACES):
            if (one := self.store.correspondent(reference)) is None:
                return
            if outcome is Outcome.SPAM:
                self.store.forget(one)
                return
            if one.outcome is outcome:
                return
            after = replace(with_outcome(one, outcome, self.now()), ver=one.ver + 1)
            try:
                self.store.save_correspondent(after, expected=one.ver)
            except ConditionFailed:
                if race == RACES - 1:
                    raise
            else:
                return

    def closing(
        self, command: Close, carry: Callable[[Close], Result], incidents: IncidentStore
    ) -> Result:
        """Has an incident closed, and answers its reports.

        Raises:
            TocsinError: as `carry`; or reports could not be answered, which the sweep does then.
        """
        owed = self._owed(command, incidents)
        result = carry(command)
        self.close(result.incident, command.actor.id, incidents)
        if owed is not None:
            self.store.settle(owed)
        return result

    def finish(
        self, incidents: IncidentStore, *, has_time: Callable[[], bool]
    ) -> tuple[tuple[str, str], ...]:
        """Answers what those who closed incidents have left; what of it failed, and why.

        Raises:
            StoreUnavailable: the store did not answer; what is left is found again.
        """
        failed: list[tuple[str, str]] = []
        for owed in self.store.owed(at=self.now(), limit=AT_ONCE):
            if not has_time():
                break
            try:
                incident = incidents.load(owed.incident)
                if incident is not None:
                    self.close(incident, owed.by, incidents)
                self.store.settle(owed)
            except Exception as error:  # noqa: BLE001 - one must never keep the others waiting
                failed.append((owed.incident, f"{type(error).__name__}: {error}"))
        return tuple(failed)

    def _owed(self, command: Close, incidents: IncidentStore) -> Owed | None:
        """Puts down that reports are to be answered, where there are any."""
        incident = incidents.load(command.incident_id)
        if incident is None or reports_in(incident.signals) == (frozenset(), None):
            return None
        due_at = self.now() + OWED_FOR
        owed = Owed(incident=incident.id, by=command.actor.id, due_at=due_at)
        self.store.owe(owed)
        return owed

    def close(self, incident: Incident, person: str, incidents: IncidentStore) -> None:
        """Answers what opened or joined an incident that is closed, as far as nobody has."""
        outcome = None if incident.resolution is None else OUTCOMES.get(incident.resolution)
        if incident.open or incident.kind is Kind.DRILL or outcome is None:
            return
        for report in self._of(incident, incidents):
            try:
                if report.outcome is None:
                    self.answer(report.reference, outcome, person)
                else:
                    self._tell_correspondent(report.reference, report.outcome)
            except (IllegalTransition, UnknownName):
                continue  # somebody has said so at the same time

    def _of(self, incident: Incident, incidents: IncidentStore) -> Iterator[Report]:
        single, since = reports_in(incident.signals)
        found = (self.store.get(reference) for reference in single)
        yield from (one for one in found if one is not None)
        if since is None:
            return
        ends: dict[str, bool] = {}
        cursor: str | None = None
        for _ in range(PAGES):
            page = self.store.listed(limit=PAGE, cursor=cursor)
            for report in page.items:
                if report.received_at < since:
                    return
                if (of := report.incident) and of not in ends:
                    last = goes_on_as(of, incidents)
                    ends[of] = last is not None and last.id == incident.id
                if of and ends[of] and report.reference not in single:
                    yield report
            if (cursor := page.cursor) is None:
                return
