"""What carrying a run out takes, whoever asks: the looks, the writes, the repair of what was left.

A step reads the run, looks at the target, writes what it is going to do, does it, and writes that
it is done. Whoever finds a run whose doer is gone looks at the target: what stands there says what
is left to do (`runs.next_step`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.application.containment.tell import tell
from tocsin.containment import runs
from tocsin.containment.registry import ACTIONS
from tocsin.containment.runs import Next, Run, RunState
from tocsin.containment.states import named
from tocsin.errors import (
    ConditionFailed,
    Conflict,
    IllegalTransition,
    NotAllowed,
    NotFound,
    UnknownIncident,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tocsin.application.incidents.engine import Engine
    from tocsin.containment.guards import Rules
    from tocsin.containment.registry import Action
    from tocsin.containment.states import Behaviour, State
    from tocsin.incidents.model.incident import Incident
    from tocsin.ports.containment import RunStore, Target, Targets
    from tocsin.ports.time import WallClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """The ports that containing takes. Every time is a real one: sessions know no other."""

    engine: Engine
    runs: RunStore
    targets: Targets
    rules: Rules
    wall: WallClock

    def go_on(self, run: Run, *, mine: bool = False) -> Run:
        """Does what is left of a run in the middle; `mine`: the caller has just begun it."""
        _, behaviour, target = self.of(run.action)
        now = self.wall.wall_now()
        if not mine and run.busy_until and now < run.busy_until:
            raise Conflict(f"somebody is at {run.id} until {run.busy_until:%H:%M:%S} UTC")
        if (before := run.before) is None:
            raise IllegalTransition(f"{run.id} has not begun")
        undoing = run.state is RunState.UNDOING
        seen = self._found(target, run)
        match runs.next_step(run, seen.owned):
            case Next.CONFLICT:
                raise self.conflict_of(run, seen.owned)
            case Next.APPLY:
                if undoing and (why := behaviour.restorable(before.owned, seen)):
                    self.told(self.save(runs.in_conflict(run, seen.owned)))
                    raise Conflict(f"{why}: {runs.both_states(run, seen.owned)}", run=run.id)
                self._change(target, run, seen, before.owned if undoing else run.wanted)
            case Next.RECORD:
                pass
        now = self.wall.wall_now()
        if undoing:
            return self.release(runs.undone(run, now))
        return self.told(self.save(runs.executed(run, now)))

    def _found(self, target: Target, run: Run) -> State:
        """The target, or the end of a run whose target is gone."""
        before = run.before.owned if run.before else None
        try:
            return target.look(run.inputs, restoring=before)
        except NotFound:
            if run.state is RunState.EXECUTING:
                self.release(runs.failed(run, f"{named(run.target)} is gone"))
            else:
                self.told(self.save(runs.in_conflict(run, {})))
            raise

    def _change(self, target: Target, run: Run, seen: State, owned: Mapping[str, str]) -> None:
        try:
            target.change(run.inputs, seen, owned)
        except NotAllowed as error:
            if run.state is RunState.EXECUTING:
                self.release(runs.failed(run, error.detail))
            else:
                self.save(runs.in_conflict(run, seen.owned))
            raise
        except Conflict as error:
            now = target.look(run.inputs).owned
            if now != owned:
                raise self.conflict_of(run, now) from error

    def conflict_of(self, run: Run, found: Mapping[str, str]) -> Conflict:
        self.told(self.save(runs.in_conflict(run, found)))
        return runs.conflict(run, found)

    def run(self, incident: str, run: str) -> Run:
        """One run.

        Raises:
            NotFound: there is none of that id.
        """
        if (found := self.runs.get(incident, run)) is None:
            raise NotFound(f"there is no run {run} of {incident}")
        return found

    @staticmethod
    def meaning(name: str) -> tuple[Action, Behaviour]:
        """An action without its target: nothing is reached for it."""
        return ACTIONS.entry(name), ACTIONS.module(name).BEHAVIOUR

    def of(self, name: str) -> tuple[Action, Behaviour, Target]:
        module = ACTIONS.module(name)
        return ACTIONS.entry(name), module.BEHAVIOUR, self.targets.of(name)

    def incident_of(self, incident: str) -> Incident:
        if (found := self.engine.store.load(incident)) is None:
            raise UnknownIncident(f"there is no incident {incident}")
        return found

    def claim(self, run: Run, now: datetime) -> None:
        """The run and its hold on the target, in one write.

        Raises:
            Conflict: another run was begun at this moment; try again.
        """
        held = self.runs.ledger().claimed(run, self.rules, now)
        try:
            self.runs.save(run, ledger=held)
        except ConditionFailed as lost:
            raise Conflict("somebody began at the same moment: try again") from lost

    def release(self, run: Run) -> Run:
        for _ in range(3):
            try:
                self.runs.save(run, ledger=self.runs.ledger().released(run))
            except ConditionFailed:
                continue
            return self.told(run)
        raise Conflict("somebody wrote at the same moment: try again")

    def save(self, run: Run) -> Run:
        self.runs.save(run)
        return run

    def told(self, run: Run) -> Run:
        after = tell(run, self.engine)
        return run if after is run else self.save(after)
