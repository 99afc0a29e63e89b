"""The engine of incidents: commands, signals and passing time, over one set of ports.

Every way in goes through here, so that nobody can close an incident without its chain verified, or
split and merge by half.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tocsin.application.incidents.close import close, reopen
from tocsin.application.incidents.execute import Ports, carry_out
from tocsin.application.incidents.receive import receive
from tocsin.application.incidents.relations import merge, split
from tocsin.application.incidents.sweep import AT_ONCE, stop_drills, sweep, tick_all
from tocsin.application.signals import silence
from tocsin.application.signals.weekly import by_key
from tocsin.application.signals.work import follow_fix, see, tell_fix
from tocsin.incidents.commands.closing import Close, Reopen
from tocsin.incidents.commands.fix import LinkFix
from tocsin.incidents.commands.relations import Merge, Split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tocsin.application.incidents.outcome import Outcome, SweepReport
    from tocsin.application.incidents.sweep import Ticked
    from tocsin.incidents.commands.base import Command
    from tocsin.incidents.model.signals import Signal
    from tocsin.incidents.model.work import Work
    from tocsin.ports.incidents import DueQueue


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine(Ports):
    """Carries out what people, signals and time ask of incidents.

    `awaited` is what this process has seen the runbook expect to run.
    """

    awaited: silence.Awaited = field(default_factory=silence.Awaited)

    def execute(self, command: Command) -> Outcome:
        """Carries the command out, or finds that it was carried out before.

        Raises:
            IdempotencyKeyReused: its id was used for something else.
            VersionConflict: it lost every one of the bounded races.
            TocsinError: the command is refused; nothing has changed.
        """
        match command:
            case Close():
                return close(command, self)
            case Reopen():
                return reopen(command, self)
            case Split():
                return split(command, self)
            case Merge():
                return merge(command, self)
            case LinkFix():
                follow_fix(command, self)
                return tell_fix(command, carry_out(command, self), self, self.execute)
            case _:
                return carry_out(command, self)

    def receive(self, signals: Sequence[Signal]) -> list[Outcome]:
        """Receives a batch; one outcome per dedup key that led to something.

        Raises:
            SignalsNotReceived: after every key was tried; `failed` maps signal ids to errors.
        """
        return receive(signals, self)

    def see(self, work: Work) -> list[Outcome]:
        """Tells of work on incidents those it names and those that follow its commit.

        Raises:
            StoreUnavailable: it is to be told again.
            VersionConflict: alike.
            SignalsNotReceived: alike.
        """
        return [*silence.heard_of(work, self), *see(work, self, self.execute)]

    def expect_runs(self) -> None:
        """Begins to wait for what the runbook expects to run.

        Raises:
            StoreUnavailable: it is looked at again.
        """
        silence.expect(self, self.awaited)

    def sweep(self, *, limit: int = AT_ONCE, queue: DueQueue | None = None) -> SweepReport:
        """Ticks up to `limit` due incidents, hands others on, and names unsent messages.

        Raises:
            StoreUnavailable: the index itself did not answer.
        """
        return sweep(self, limit=limit, queue=queue)

    def tick(self, incidents: Iterable[str]) -> Ticked:
        """Lets time pass for some incidents that were found due."""
        return tick_all(incidents, self)

    def tell_week(self, week: str, tell: Callable[[int], None]) -> None:
        """Tells of how many keys no rule knew in a week, and puts down that it was told.

        Raises:
            StoreUnavailable: it is told once more.
        """
        tell(len(by_key(self.store.unknown(week))))
        self.store.week_told(week, at=self.clock.incident_now())

    def stop_drills(self) -> Ticked:
        """Ends every drill while a real critical incident is open.

        Raises:
            StoreUnavailable: the board or an incident could not be read.
        """
        return stop_drills(self)
