"""What must hold of whatever speaks of trouble, in whatever order it comes.

Written from semantics 13.90 to 13.99, 13.120, 13.121, 13.130 to 13.133, 13.143, 13.144, 13.150,
13.240, 13.241 and 13.270, and held against books of the simulation's own. Another source is another
pair of methods here and a book of its own beside the jobs'.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from tocsin.adapters.incidents.memory import MemoryIncidents
from tocsin.incidents.queries.reminders import week_begins
from tocsin.incidents.vocabulary import Resolution
from tocsin.simulation.fault import Fault
from tocsin.simulation.sources.reports import PAUSE

if TYPE_CHECKING:
    from tocsin.incidents.model.incident import Incident
    from tocsin.simulation.sources.findings import Finding
    from tocsin.simulation.sources.jobs import Job
    from tocsin.simulation.sources.reports import Reported
    from tocsin.simulation.world import World

_SWEPT = timedelta(minutes=3)
"""By when punctual sweeps have told of what is due: one comes every minute."""
_FLAPS, _NO_REST = 3, timedelta(minutes=75)
_TRIAGE = timedelta(hours=2)
_OWED = timedelta(minutes=2)
"""What whoever dies while closing leaves to the sweep."""
_ODD = "v1:cloudwatch:odd-thing-"
_HELD = timedelta(minutes=1)
"""How long a new dependency alert waits for a rule that dismisses it as it is created."""


@dataclass(slots=True)
class SourceLaws:
    """Looks at what incidents say of jobs and findings."""

    world: World

    def look(self) -> None:
        """Raises `Fault` for the first law that does not hold."""
        incidents = self.world.incidents()
        for job in self.world.jobs.jobs.values():
            job.look(self.world.now)
            self._job(job, incidents)
        for report in self.world.reports.book.values():
            self._report(report, incidents)
            self._answer(report, incidents)
        self._form()
        self._unknown(incidents)
        for finding in self.world.findings.found:
            if finding.told_of:
                self._finding(finding, incidents)

    def _job(self, job: Job, incidents: list[Incident]) -> None:
        known = [each for each in incidents if job.key in each.signals]
        if not job.ever and known:
            raise Fault(f"{job.name} never stayed away, and {known[0].id} was opened for it")
        if job.news is None or not self._swept_since(job.news):
            return
        if job.missing is not None:
            if not any(each.signals[job.key].last_at >= job.missing for each in known):
                raise Fault(f"{job.name} has been missing since {job.missing}: nobody heard of it")
            self.world.met["heartbeats seen missing"] += 1
        elif still := [each for each in known if each.open and each.signals[job.key].firing]:
            raise Fault(f"{job.name} is back since {job.news}, and {still[0].id} still fires")

    def _report(self, report: Reported, incidents: list[Incident]) -> None:
        known = self._of(report, incidents)
        if report.rings_at is None:
            if known:
                raise Fault(f"{report.reference} was answered in time, and {known[0].id} opened")
        elif not known and self._was_to_ring(report, report.rings_at):
            raise Fault(f"{report.reference} was to ring {report.rings_at}: nobody heard of it")
        elif known and known[0].opened_at > report.rings_at - _TRIAGE and not known[0].duplicate_of:
            self.world.met["reports heard"] += 1

    def _of(self, report: Reported, incidents: list[Incident]) -> list[Incident]:
        """What it opened or joined, by itself or in a bundle, and what that is a duplicate of."""
        kept = self.world.reports.store.get(report.reference)
        at = "" if kept is None else kept.incident
        by_id = {each.id: each for each in incidents}
        known = [each for each in incidents if report.key in each.signals]
        while (one := by_id.get(at)) is not None and one not in known:
            known.append(one)
            at = one.duplicate_of or ""
        return known

    def _was_to_ring(self, report: Reported, at: datetime) -> bool:
        """The form pages once in ten minutes, and troubles may have begun such a pause anew."""
        if not report.by_form:
            return self._swept_since(at)
        quiet = self.world.punctual_since
        return quiet is not None and self.world.now > max(quiet, at) + PAUSE + _SWEPT

    def _form(self) -> None:
        """In quiet times ten minutes lie between two pages by the form."""
        store, quiet = self.world.reports.store, self.world.punctual_since
        mine = (one for one in self.world.reports.book.values() if one.by_form)
        kept = (store.get(one.reference) for one in mine)
        rung = sorted({one.rung_at for one in kept if one is not None and one.rung_at is not None})
        for before, after in pairwise(rung):
            if quiet is not None and quiet < before and after - before < PAUSE:
                raise Fault(f"the form paged {before} and again {after}")
        self.world.met["pages by the form"] = len(rung)

    def _answer(self, report: Reported, incidents: list[Incident]) -> None:
        """The end of an incident is the outcome of its reports, as far as nobody has answered."""
        kept = self.world.reports.store.get(report.reference)
        if kept is None or report.rings_at is None:
            return
        known = self._of(report, incidents)
        if kept.outcome is not None:
            if all(one.open and one.cycle_started_at == one.opened_at for one in known):
                raise Fault(f"{kept.reference} is answered, and nothing of it was ever closed")
            self.world.met["reports answered by closing"] += 1
            return
        for one in known:
            ends = one.resolution in {Resolution.RESOLVED, Resolution.FALSE_POSITIVE}
            if ends and one.closed_at is not None and self._swept_since(one.closed_at + _OWED):
                raise Fault(f"{one.id} is closed as {one.resolution}, {kept.reference} unanswered")

    def _unknown(self, incidents: list[Incident]) -> None:
        """What no rule knows is listed in the week after it came, and the week is told of."""
        for incident in incidents:
            for key in incident.signals:
                if key.startswith(_ODD):
                    self._listed(key, incident)

    def _listed(self, key: str, incident: Incident) -> None:
        policy = self.world.runbooks.version(incident.policy_version)
        told_at = week_begins(policy.calendar, incident.opened_at)
        week = f"{told_at:%G-W%V}"
        if key not in {one.key for one in self.world.store.unknown(week)}:
            raise Fault(f"{key} is known to no rule, and the list of {week} lacks it")
        waits = week in MemoryIncidents.due(self.world.store, at=self.world.now, limit=99).weeks
        if waits and self._swept_since(told_at):
            raise Fault(f"the list of {week} was to be told {told_at}, and was not")
        self.world.met["unknown listed"] += 1

    def _finding(self, finding: Finding, incidents: list[Incident]) -> None:
        """The same end for any order: what is true of it is what incidents say."""
        known = [each for each in incidents if finding.key in each.signals]
        for each in known:
            fires = each.signals[finding.key].firing
            if each.open and fires != finding.fires and self._settled(finding):
                says = "fires" if fires else "is over"
                raise Fault(f"{each.id} says {finding.key} {says}, and it is not so")
        if known:
            self.world.met["findings seen true"] += 1
            return
        told = self._free_to_open(finding)
        if finding.fires and not finding.only_watched and told and self._swept_since(told + _HELD):
            raise Fault(f"I10: {finding.key} fires, and no incident ever heard of it")

    def _free_to_open(self, finding: Finding) -> datetime | None:
        """When what it was told by last could open something: after the works on it."""
        told = finding.heard_at
        return None if told is None else self.world.works.over_by(finding.source, told)

    def _settled(self, finding: Finding) -> bool:
        """What changes thrice within ten minutes is held until it is quiet, an hour at most."""
        told = finding.heard_at
        if told is None or len(finding.lately(self.world.now - _NO_REST)) < _FLAPS:
            return True
        return self._swept_since(told + _NO_REST)

    def _swept_since(self, at: datetime) -> bool:
        quiet = self.world.punctual_since
        return quiet is not None and quiet <= at and self.world.now > at + _SWEPT
