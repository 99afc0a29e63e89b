"""The engine as a stage has it, with what its sweep tells of besides, in danger as all is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tocsin.application.heartbeats.keep import Listening, Pulse
from tocsin.application.incidents.engine import Engine
from tocsin.application.releases.tell import Teller, Told
from tocsin.application.reports.ringing import Ringer, Rung
from tocsin.incidents.commands.closing import Close
from tocsin.simulation.billing.mortal import mortal

if TYPE_CHECKING:
    from tocsin.adapters.releases.memory import MemoryReleases
    from tocsin.application.incidents.outcome import Outcome
    from tocsin.incidents.commands.base import Command
    from tocsin.simulation.sources.jobs import Jobs
    from tocsin.simulation.sources.reports import Reports


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole(Engine):
    """The engine, with the releases that its sweep tells of."""

    releases: MemoryReleases
    jobs: Jobs
    reports: Reports

    def tell_releases(self, *, has_time: Any) -> Told:
        return Teller(engine=self, tellings=self.releases).tell_waiting(has_time=has_time)

    def listen(self, *, has_time: Any) -> Pulse:
        if not self.jobs.jobs:
            return Pulse()
        store = mortal(self.jobs.troubles, self.jobs.store)
        return Listening(engine=self, store=store).listen(has_time=has_time)

    def ring_reports(self, *, has_time: Any) -> Rung:
        if not self.reports.book:
            return Rung()
        store = mortal(self.jobs.troubles, self.reports.store)
        rung = Ringer(engine=self, store=store).ring_due(has_time=has_time)
        left = self.reports.answering.finish(self.store, has_time=has_time)
        return replace(rung, failed=(*rung.failed, *left))

    def execute(self, command: Command) -> Outcome:
        if not isinstance(command, Close) or not self.reports.book:
            return Engine.execute(self, command)
        return self.reports.answering.closing(
            command, lambda close: Engine.execute(self, close), self.store
        )

    def reporters_waiting(self) -> tuple[str, ...]:
        return ()
