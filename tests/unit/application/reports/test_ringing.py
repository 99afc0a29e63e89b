"""Reports in any order, and a sweep that dies anywhere: each rings once, the form not too often."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.harness.fakes.ids import SeededIds
from tests.harness.worlds.world import World
from tocsin.application.reports.desk import ReportDesk, Told
from tocsin.application.reports.ringing import Ringer
from tocsin.incidents.model.reports import FORM_PAUSE, Gate, Outcome, Report, Reporter, Via
from tocsin.runtime.wiring.incidents import Application

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.adapters.reports.memory import MemoryReports
    from tocsin.application.incidents.outcome import Outcome as Came
    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.model.signals import Signal

HOUR = 60


class Died(BaseException):
    """The process is gone."""


@dataclass
class Mortal:
    """A store whose process dies at a write, before or after it."""

    store: MemoryReports
    dies_at: int
    after: bool
    steps: int = 0

    def save(self, report: Report, *, expected: int) -> None:
        self._step(lambda: self.store.save(report, expected=expected))

    def save_gate(self, gate: Gate, *, expected: int) -> None:
        self._step(lambda: self.store.save_gate(gate, expected=expected))

    def _step(self, write: Any) -> None:
        self.steps += 1
        if self.steps == self.dies_at and not self.after:
            raise Died
        write()
        if self.steps == self.dies_at:
            raise Died

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


def desk(world: World) -> ReportDesk:
    return ReportDesk(
        store=world.reports,
        now=world.clock.incident_now,
        wall=world.wall,
        ids=SeededIds(len(world.reports.listed(limit=500).items)),
        triage_minutes=lambda: HOUR,
    )


def take(world: World, via: Via, *, exposure: bool) -> Report:
    told = Told(reporter=Reporter.CUSTOMER, title="it is down", exposure=exposure)
    return desk(world).take(told, via)


def ring(world: World, *, dies_at: int = 0, after: bool = False) -> None:
    store = Mortal(world.reports, dies_at, after)
    Ringer(engine=world.application, store=store).ring_due(has_time=lambda: True)


def incidents(world: World) -> list[Incident]:
    lines = world.store.board(limit=200).items
    return [found for line in lines if (found := world.store.load(line.id)) is not None]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("dies_at", [1, 2, 3, 4])
@pytest.mark.parametrize("number", [1, 2])
def test_whoever_dies_leaves_it_to_the_next_sweep(
    number: int, dies_at: int, *, after: bool
) -> None:
    """The gate, each report, and the gate again: a death at any of these writes costs nothing."""
    world = World()
    for _ in range(number):
        take(world, Via.FORM, exposure=True)
    if dies_at <= number + 2:
        with pytest.raises(Died):
            ring(world, dies_at=dies_at, after=after)
    for _ in range(30):
        world.jump(1, sweep=False)
        ring(world)
    (opened,) = incidents(world)
    assert len(world.timeline(opened)) == _entries_of_an_undisturbed_one(number)
    assert all(one.incident == opened.id for one in world.reports.listed(limit=9).items)


def _entries_of_an_undisturbed_one(number: int) -> int:
    world = World()
    for _ in range(number):
        take(world, Via.FORM, exposure=True)
    ring(world)
    (opened,) = incidents(world)
    return len(world.timeline(opened))


def test_one_that_breaks_keeps_no_other_unheard(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    broken, well = (take(world, Via.API, exposure=True) for _ in range(2))
    receive = Application.receive

    def breaks(self: Application, signals: Sequence[Signal]) -> list[Came]:
        if broken.reference in signals[0].id:
            raise ValueError("nobody meant this")
        return receive(self, signals)

    monkeypatch.setattr(Application, "receive", breaks)
    ringer = Ringer(engine=world.application, store=world.reports)
    rung = ringer.ring_due(has_time=lambda: True)
    assert rung.failed == ((broken.reference, "ValueError: nobody meant this"),)
    found = {one.reference: one.rung_at for one in world.reports.listed(limit=9).items}
    assert (found[broken.reference], bool(found[well.reference])) == (None, True)


def test_two_sweeps_at_once_ring_once() -> None:
    """The gate is written over what was seen: who comes second rings nothing."""
    world = World()
    take(world, Via.FORM, exposure=True)
    first = Ringer(engine=world.application, store=world.reports)

    @dataclass
    class Overtaken(Mortal):
        def save_gate(self, gate: Gate, *, expected: int) -> None:
            if self.steps == 0:
                self.steps = 1
                first.ring_due(has_time=lambda: True)
            self.store.save_gate(gate, expected=expected)

    second = Overtaken(world.reports, 0, after=False)
    Ringer(engine=world.application, store=second).ring_due(has_time=lambda: True)
    assert len(incidents(world)) == 1


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["form", "form exposure", "api", "api exposure", "sweep", "die", "answer"]),
        st.integers(0, 12),
        st.integers(1, 6),
        st.booleans(),
    ),
    min_size=3,
    max_size=30,
)


@settings(max_examples=30)
@given(ACTS)
def test_in_any_order_each_rings_once_and_the_form_once_in_ten_minutes(
    acts: list[tuple[str, int, int, bool]],
) -> None:
    world = World()
    for act, minutes, step, after in acts:
        world.jump(minutes, sweep=False)
        _act(world, act, step, after=after)
    for _ in range(12):
        world.jump(10, sweep=False)
        ring(world)
    kept = world.reports.listed(limit=500).items
    silent = {one.reference for one in kept if one.rung_at is None}
    assert silent == {
        one.reference for one in kept if one.outcome is not None and one.rung_at is None
    }
    event(f"{min(len(kept), 10)} reports")
    by_form = sorted(
        world.timeline(found)[0].recorded_at
        for found in incidents(world)
        if any(one.incident == found.id and one.via is Via.FORM for one in kept)
    )
    assert all(b - a >= FORM_PAUSE for a, b in pairwise(by_form))
    opened = {one.incident for one in kept if one.incident}
    assert {found.id for found in incidents(world)} == opened
    assert all(found.opened_at in {one.received_at for one in kept} for found in incidents(world))


def _act(world: World, act: str, step: int, *, after: bool) -> None:
    match act:
        case "sweep":
            ring(world)
        case "die":
            try:
                ring(world, dies_at=step, after=after)
            except Died:
                event("died")
        case "answer":
            waiting = [one for one in world.reports.listed(limit=500).items if not one.outcome]
            if waiting:
                desk(world).answer(waiting[0].reference, Outcome.NO_PROBLEM, "ana")
        case _:
            take(world, Via(act.split(maxsplit=1)[0]), exposure="exposure" in act)


def test_a_report_that_was_opened_by_hand_rings_no_more() -> None:
    world = World()
    report = take(world, Via.FORM, exposure=False)
    ringer = Ringer(engine=world.application, store=world.reports)
    opened = ringer.ring(replace(report, severity=None))
    for _ in range(2 * HOUR):
        world.jump(1, sweep=False)
        ring(world)
    assert [found.id for found in incidents(world)] == [opened.incident]
    assert timedelta(0) <= world.clock.now - opened.received_at
