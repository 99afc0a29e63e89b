"""One run of the auditor, and the heartbeat that only a clean one sends.

What is wrong is logged and counted, but the alarm is the silence: it also rings when the auditor
itself did not run, was not allowed to read, or broke.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tocsin.notes import Event, Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tocsin.application.incidents.audit import Auditor
    from tocsin.notes import Notes
    from tocsin.people.ways import Unreachable
    from tocsin.ports.time import IncidentClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """`ping` tells a monitor outside the account, as far as there is one.

    `unreachable` answers who can be paged and could be missed. That is asked once an hour, in its
    first minute, and what it answered is told every minute until it is asked again, so that it
    neither clears nor rings each hour. It is no reason to call the paging broken. Nor is
    a published policy that cannot be read: `read_policy` reads it, and tells of it by itself.
    """

    auditor: Auditor
    clock: IncidentClock
    notes: Notes
    ping: Callable[[], bool]
    unreachable: Callable[[], Sequence[Unreachable]] = tuple
    read_policy: Callable[[], object] = tuple
    _missed: list[Sequence[Unreachable]] = field(default_factory=list, init=False)

    def run(self, *, has_time: Callable[[], bool]) -> dict[str, Any]:
        """Audits once.

        Returns:
            The report as JSON: `clean`, `looked_at`, `folded`, and `findings` with `problem`,
            `incident` and `detail`.

        Raises:
            StoreUnavailable: the board or the index did not answer: no heartbeat either.
        """
        report = self.auditor.run(has_time=has_time)
        for finding in report.findings:
            self.notes.warning(
                Event.AUDIT_FINDING,
                problem=str(finding.problem),
                incident=finding.incident,
                detail=finding.detail,
            )
            self.notes.count(Metric.AUDIT_FINDINGS, reason=str(finding.problem))
        self.notes.info(
            Event.AUDIT_DONE,
            looked_at=report.looked_at,
            folded=report.folded,
            findings=len(report.findings),
        )
        if report.clean:
            self.notes.count(Metric.AUDITS_CLEAN)
            if not self.ping():
                self.notes.warning(Event.DEAD_MAN_UNREACHED)
        self.read_policy()
        self._look_at_people()
        return {
            "clean": report.clean,
            "looked_at": report.looked_at,
            "folded": report.folded,
            "findings": [
                {"problem": str(one.problem), "incident": one.incident, "detail": one.detail}
                for one in report.findings
            ],
        }

    def _look_at_people(self) -> None:
        if not self.clock.incident_now().minute or not self._missed:
            self._missed[:] = [tuple(self.unreachable())]
        for one in self._missed[0]:
            self.notes.warning(
                Event.PERSON_UNREACHABLE, confirmed=one.confirmed, problems=list(one.problems)
            )
            self.notes.count(Metric.PEOPLE_UNREACHABLE)
