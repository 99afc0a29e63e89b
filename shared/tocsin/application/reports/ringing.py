"""Letting incidents hear of reports: at once, when nobody has triaged one in time, or in a bundle.

The store decides: what has not rung stays due, and the same report is one signal by its number, so
that whoever dies in between leaves it to the next sweep. The public form has a gate besides. What
it lets through is written down before it rings, and taken up again by the next sweep.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tocsin.errors import ConditionFailed
from tocsin.incidents.model.reports import (
    BUNDLE,
    FORM_PAUSE,
    Gate,
    Via,
    bundle_of,
    rung,
    signals_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tocsin.application.incidents.engine import Engine
    from tocsin.incidents.model.reports import Report
    from tocsin.incidents.model.signals import Signal
    from tocsin.ports.reports import ReportStore

AT_ONCE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """What became of the reports of a sweep: how many rang, and which could not."""

    reports: int = 0
    failed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ringer:
    """Turns reports into signals."""

    engine: Engine
    store: ReportStore

    def ring(self, report: Report) -> Report:
        """Lets incidents hear of it now; as it is then.

        Raises:
            SignalsNotReceived: no incident could; it stays due.
        """
        return self._rung([report], signals_of(report))[0]

    def ring_due(self, *, has_time: Callable[[], bool]) -> Rung:
        """What is due, whatever happens to the others.

        Raises:
            StoreUnavailable: the store did not answer; what is left is found again.
        """
        failed: list[tuple[str, str]] = []
        done = 0
        for report in self.store.due(Via.API, at=self.engine.clock.incident_now(), limit=AT_ONCE):
            if not has_time():
                return Rung(reports=done, failed=tuple(failed))
            try:
                self.ring(report)
                done += 1
            except Exception as error:  # noqa: BLE001 - one must never keep the others unheard
                failed.append((report.reference, f"{type(error).__name__}: {error}"))
        return Rung(reports=done + self._ring_form(), failed=tuple(failed))

    def _ring_form(self) -> int:
        """What came by the form, through its gate: one by itself, several as a bundle."""
        now = self.engine.clock.incident_now()
        if not self.store.due(Via.FORM, at=now, limit=1):
            return 0
        gate = self.store.gate()
        if gate is None or not gate.ringing:
            opened = self._open_gate(gate)
            if opened is None:
                return 0
            gate = opened
        found = [self.store.get(reference) for reference in gate.ringing]
        reports = tuple(each for each in found if each is not None)
        if reports:
            alone = len(gate.ringing) == 1
            self._rung(reports, signals_of(reports[0]) if alone else bundle_of(reports, gate.flood))
        closed = replace(gate, ringing=(), until=now + FORM_PAUSE, ver=gate.ver + 1)
        try:
            self.store.save_gate(closed, expected=gate.ver)
        except ConditionFailed:
            return 0  # another sweep has done the same
        return len(reports)

    def _open_gate(self, gate: Gate | None) -> Gate | None:
        """Lets through what waits; None while nothing does, or it is too early for another page."""
        now = self.engine.clock.incident_now()
        if gate is not None and now < gate.until:
            return None
        due = self.store.due(Via.FORM, at=now, limit=BUNDLE)
        if not due:
            return None
        waited = gate is not None and min(each.due_at or now for each in due) < gate.until
        opened = Gate(
            until=now + FORM_PAUSE,
            flood=gate.flood if gate is not None and waited else due[0].reference,
            ringing=tuple(report.reference for report in due),
            ver=1 if gate is None else gate.ver + 1,
        )
        try:
            self.store.save_gate(opened, expected=opened.ver - 1)
        except ConditionFailed:
            return None
        return opened

    def _rung(self, reports: Sequence[Report], signals: Sequence[Signal]) -> list[Report]:
        """Rings, and writes down that it rang; what somebody answered meanwhile stays answered."""
        self.engine.receive(signals)
        pointer = self.engine.store.pointer(signals[0].key)
        incident = "" if pointer is None else pointer.incident
        return [self._kept(report, incident) for report in reports]

    def _kept(self, report: Report, incident: str) -> Report:
        for _ in range(AT_ONCE):
            known = self.store.get(report.reference) or report
            if known.rung_at is not None:
                return known
            after = rung(known, incident, self.engine.clock.incident_now())
            if report.severity is not None:
                after = replace(after, severity=report.severity)
            after = replace(after, ver=known.ver + 1)
            try:
                self.store.save(after, expected=known.ver)
            except ConditionFailed:
                continue
            return after
        raise ConditionFailed
