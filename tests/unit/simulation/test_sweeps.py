"""Late, doubled and punctual sweeps are compared where a life ends, and what differs is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tocsin.incidents.commands.opening import OpenIncident
from tocsin.incidents.vocabulary import Category, ClockName, Severity
from tocsin.simulation.desk import Desk
from tocsin.simulation.fault import Fault
from tocsin.simulation.surroundings import SimulatedClock
from tocsin.simulation.sweeps import LateSweep
from tocsin.simulation.world import World

if TYPE_CHECKING:
    from tocsin.incidents.model.incident import Incident

DAY = 1_440


def opened() -> World:
    """A critical that nobody answers."""
    world = World(3, SimulatedClock(datetime(2026, 9, 8, 14, tzinfo=UTC)))
    critical = {"severity": Severity.CRITICAL, "category": Category.PRODUCTION}
    Desk(world).ask(OpenIncident, "INC-0001", "ana", title="hidden-1", **critical)
    return world


def test_an_incident_stands_where_it_stands_whenever_it_was_swept() -> None:
    world = opened()
    late = LateSweep(world)
    late.begin()
    world.pass_time(DAY, punctual=True)
    assert late.look() == 1
    assert world.incidents()[0].clocks[ClockName.ACKNOWLEDGE].missed_at is not None


def test_what_a_late_sweep_puts_elsewhere_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    world = opened()
    late = LateSweep(world)
    late.begin()
    world.pass_time(DAY, punctual=True)
    swept = LateSweep._swept_once

    def later(self: LateSweep, incident: Incident) -> Incident:
        found = swept(self, incident)
        clock = found.clocks[ClockName.CONTAIN]
        moved = {**found.clocks, ClockName.CONTAIN: replace(clock, missed_at=world.now)}
        return replace(found, clocks=moved)

    monkeypatch.setattr(LateSweep, "_swept_once", later)
    with pytest.raises(Fault, match="swept late and in time: contain of INC-0001 is"):
        late.look()


def test_a_second_sweep_that_moves_something_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    world = opened()
    late = LateSweep(world)
    late.begin()
    world.pass_time(60, punctual=True)

    def restless(self: World) -> None:
        self.clock.now = datetime(2026, 9, 12, tzinfo=UTC)
        self.sweeper.run(has_time=lambda: True)

    monkeypatch.setattr(World, "sweep", restless)
    with pytest.raises(Fault, match="swept twice and once: "):
        late.look()
