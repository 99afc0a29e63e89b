"""What must hold of whatever speaks of trouble, in whatever order it comes.

Written from semantics 13.90 to 13.99, 13.120 and 13.121, and held against books of the simulation's
own. Another source is another pair of methods here and a book of its own beside the jobs'.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tocsin.simulation.fault import Fault

if TYPE_CHECKING:
    from tocsin.incidents.model.incident import Incident
    from tocsin.simulation.sources.findings import Finding
    from tocsin.simulation.sources.jobs import Job
    from tocsin.simulation.world import World

_SWEPT = timedelta(minutes=3)
"""By when punctual sweeps have told of what is due: one comes every minute."""
_FLAPS, _NO_REST = 3, timedelta(minutes=75)
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
        told = finding.heard_at
        if finding.fires and not finding.only_watched and told and self._swept_since(told + _HELD):
            raise Fault(f"I10: {finding.key} fires, and no incident ever heard of it")

    def _settled(self, finding: Finding) -> bool:
        """What changes thrice within ten minutes is held until it is quiet, an hour at most."""
        told = finding.heard_at
        if told is None or len(finding.lately(self.world.now - _NO_REST)) < _FLAPS:
            return True
        return self._swept_since(told + _NO_REST)

    def _swept_since(self, at: datetime) -> bool:
        quiet = self.world.punctual_since
        return quiet is not None and quiet <= at and self.world.now > at + _SWEPT
