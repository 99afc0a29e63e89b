"""Random lives of containment: people, strangers, kills, time; nobody's change is overwritten.

The adversary asks for actions, agrees, carries out, undoes, changes the same targets by hand, kills
processes on either side of a change and lets time pass with a sweep a minute. After each step: what
another set last stands there until somebody has asked anew and seen it; what nobody else touched is
undone to exactly what it was; a block is gone two sweeps after its end. Counters prove that the
interesting states were reached.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.harness.fakes.crashes import Killed
from tests.harness.fakes.targets import KEY, LIST
from tests.harness.worlds.containing import ANA_IS, BO_IS, CY_IS, INPUTS, Containing
from tocsin.containment.registry import ACTIONS
from tocsin.containment.runs import BUSY, IN_FORCE, OVER, WAITING, Purpose, RunState
from tocsin.errors import TocsinError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.containment.runs import Run

REACHED: Counter[str] = Counter()
RANGE = INPUTS["ip-block"]["addresses"]
MINUTE = timedelta(minutes=1)
actions = st.sampled_from(ACTIONS.names)
picks = st.integers(min_value=0, max_value=30)


class ContainmentMachine(RuleBasedStateMachine):
    """One account, one incident, three people and a stranger."""

    def __init__(self) -> None:
        super().__init__()
        self.world = Containing()
        self.world.under(per_hour=10_000, per_incident=10_000)
        self.asked = 0
        self.by_another: dict[str, object] = {}
        self.not_told_apart: set[str] = set()
        self.sweeps_after_end: Counter[str] = Counter()
        self.started_at: dict[str, object] = {name: self.value(name) for name in ACTIONS.names}

    @rule(action=actions, pick=picks)
    def ask_only(self, action: str, pick: int) -> None:
        if pick % 4 == 0:
            self.ask(action)

    def ask(self, action: str) -> None:
        self.asked += 1
        # Whoever asks looks: from here on what stands there is known, and may be changed.
        if self.attempt(lambda: self.planned(action)) == "done":
            self.by_another.pop(action, None)
            self.not_told_apart.discard(action)
            ours = [run for run in self.all() if run.action == action]
            if not any(run.state in {*IN_FORCE, *BUSY} for run in ours):
                self.started_at[action] = self.value(action)  # else it is what one of ours left

    def planned(self, action: str) -> Run:
        lasts = timedelta(minutes=30 if self.asked % 3 else 75) if action == "ip-block" else None
        return self.world.plan(action, key=f"k{self.asked}", lasts=lasts)

    @rule(action=actions)
    def contain(self, action: str) -> None:
        """Asked for and carried out in one go, as most are."""
        self.ask(action)
        if found := self.all():
            self.execute_run(found[-1])

    @rule(pick=picks)
    def execute(self, pick: int) -> None:
        if run := self.picked(pick, *WAITING, *BUSY):
            self.execute_run(run)

    def execute_run(self, run: Run) -> None:
        self.attempt(lambda: self.world.desk.execute(ANA_IS, self.world.incident, run.id))
        after = self.world.now(run).state
        REACHED["executed"] += after is RunState.EXECUTED is not run.state

    @rule(pick=picks, agreed=st.booleans())
    def undo(self, pick: int, *, agreed: bool) -> None:
        if run := self.picked(pick, *IN_FORCE):
            self.attempt(lambda: self.world.undo(run))
            if agreed and self.world.now(run).undo_asked:
                self.agree_to(run)
                self.attempt(lambda: self.world.undo(run))
            now = self.world.now(run)
            REACHED["undone by a person"] += now.state is RunState.UNDONE
            REACHED["undo met another's change"] += now.state is RunState.CONFLICT

    @rule(action=actions, pick=picks)
    def undone_over_anothers(self, action: str, pick: int) -> None:
        self.contain(action)
        self.stranger(action, pick)
        self.undo(pick, agreed=True)

    @rule(pick=picks)
    def agree(self, pick: int) -> None:
        if run := self.picked(pick, *IN_FORCE):
            self.agree_to(run)

    def agree_to(self, run: Run) -> None:
        self.attempt(lambda: self.world.agree(run, Purpose.UNDO, BO_IS))

    @rule(pick=picks)
    def verify(self, pick: int) -> None:
        if run := self.picked(pick, RunState.EXECUTED):
            said = {"sessions": "ended", "new_sessions": "trust is right"}
            self.attempt(lambda: self.world.desk.verify(CY_IS, self.world.incident, run.id, said))

    @rule(pick=picks)
    def let_go(self, pick: int) -> None:
        if run := self.picked(pick, RunState.CONFLICT):
            self.attempt(
                lambda: self.world.desk.let_go(
                    CY_IS, self.world.incident, run.id, reason="right as it is"
                )
            )

    @rule(action=actions, pick=picks)
    def stranger(self, action: str, pick: int) -> None:
        """Somebody sets the target by hand, also to what it is or was."""
        account = self.world.account
        match action:
            case "access-key-off":
                account.keys[KEY] = ("Active", "Inactive")[pick % 2]
            case "role-sessions-revoked":
                account.policies["worker"] = f'{{"by": "another {pick % 9}"}}'
            case "lambda-alias-rollback":
                account.aliases["api:live"] = {"version": ("7", "8", "6")[pick // 3 % 3]}
            case _:
                change = account.lists[LIST].add if pick % 2 else account.lists[LIST].discard
                change(RANGE)
                account.lists[LIST].add(f"198.51.100.{pick}/32")
        # Set to just what a run found or left: nothing tells the two apart.
        runs = [run for run in self.all() if run.action == action]
        ours = [self.as_value(run, each) for run in runs for each in (run.seen.owned, run.wanted)]
        self.by_another.pop(action, None)
        if self.value(action) not in ours:
            self.by_another[action] = self.value(action)
            REACHED["another's change"] += 1
        else:
            REACHED["the same as ours"] += 1
            self.not_told_apart.add(action)

    @rule(point=st.sampled_from(["before change", "after change"]), pick=picks)
    def kill_the_next(self, point: str, pick: int) -> None:
        self.world.crashes.cancel()
        if pick % 2:
            self.world.crashes.plan(point)

    @rule(point=st.sampled_from(["", "before change", "after change"]))
    def block_until_it_ends(self, point: str) -> None:
        """A whole life of a block, its sweep perhaps killed once."""
        self.contain("ip-block")
        self.world.crashes.cancel()
        if point:
            self.world.crashes.plan(point)
        self.time_passes(30)

    @rule(minutes=st.sampled_from([1, 5, 30, 90]))
    def time_passes(self, minutes: int) -> None:
        self.world.later(MINUTE * (minutes - 1))
        for _ in range(2):
            self.world.later(MINUTE)
            self.sweep()

    def sweep(self) -> None:
        now = self.world.world.wall.wall_now()
        ended = [run for run in self.all() if run.expires_at and run.expires_at <= now]
        died = self.attempt(self.world.desk.sweep) == "killed"
        REACHED["warned"] += any(run.warned_at for run in self.all())
        for run in ended:
            # A sweep that was killed has not been one: the next two are.
            after = self.world.now(run)
            self.sweeps_after_end[run.id] += not died
            lifted = after.state in (*OVER, RunState.CONFLICT)
            REACHED["ended by itself"] += lifted and run.state not in (*OVER, RunState.CONFLICT)
            assert lifted or self.sweeps_after_end[run.id] <= 2, after

    @invariant()
    def what_another_set_last_stands_there(self) -> None:
        for action, value in self.by_another.items():
            assert self.value(action) == value

    @invariant()
    def what_is_undone_is_what_it_was(self) -> None:
        """With nothing in force and nobody else there, it is what it was when it was asked."""
        for action in ACTIONS.names:
            runs = [run for run in self.all() if run.action == action]
            quiet = all(run.state in (*OVER, RunState.PLANNED) for run in runs)
            if runs and quiet and action not in {*self.by_another, *self.not_told_apart}:
                assert self.value(action) == self.started_at[action] or any(
                    run.state is RunState.FAILED for run in runs
                )
                REACHED["all as it was"] += any(run.state is RunState.UNDONE for run in runs)

    @invariant()
    def one_run_holds_a_target(self) -> None:
        live = [run.slot for run in self.all() if run.state in IN_FORCE]
        assert len(live) == len(set(live))

    def attempt(self, step: Callable[[], object]) -> str:
        try:
            step()
        except Killed:
            REACHED["killed"] += 1
            return "killed"
        except TocsinError as refused:
            REACHED[refused.code] += 1
            return "refused"
        return "done"

    def all(self) -> tuple[Run, ...]:
        return self.world.runs.of(self.world.incident)

    def picked(self, pick: int, *states: RunState) -> Run | None:
        found = [run for run in self.all() if run.state in states]
        return found[pick % len(found)] if found else None

    def value(self, action: str) -> object:
        account = self.world.account
        match action:
            case "access-key-off":
                return account.keys[KEY]
            case "role-sessions-revoked":
                return account.policies.get("worker")
            case "lambda-alias-rollback":
                return tuple(sorted(account.aliases["api:live"].items()))
            case _:
                return RANGE in account.lists[LIST]

    @staticmethod
    def as_value(run: Run, owned: Mapping[str, str]) -> object:
        """A stored state as `value` has it."""
        match run.action:
            case "access-key-off":
                return owned.get("status")
            case "role-sessions-revoked":
                return owned.get("policy")
            case "lambda-alias-rollback":
                return tuple(sorted(owned.items()))
            case _:
                return bool(owned)


@pytest.mark.parametrize("examples", [25, pytest.param(1_500, marks=pytest.mark.full)])
def test_i11_nobodys_change_is_overwritten_and_no_block_outlives_its_end(examples: int) -> None:
    REACHED.clear()
    drawn = settings(
        max_examples=examples,
        stateful_step_count=40,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate, Phase.shrink],
    )
    run_state_machine_as_test(ContainmentMachine, settings=drawn)
    for state in (
        "executed",
        "undone by a person",
        "ended by itself",
        "warned",
        "undo met another's change",
        "another's change",
        "killed",
        "all as it was",
        "approval_required",
    ):
        assert REACHED[state] > 0, (state, REACHED)
