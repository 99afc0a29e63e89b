"""A simulated life replays exactly, and what breaks in it is told in a few lines."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from tocsin.application.incidents.execute import carry_out
from tocsin.cli.main import run
from tocsin.errors import IllegalTransition
from tocsin.incidents.commands.opening import OpenIncident
from tocsin.simulation import life as lives
from tocsin.simulation.fault import Fault
from tocsin.simulation.laws import Laws
from tocsin.simulation.lives import Simulated
from tocsin.simulation.troubles import Trouble
from tocsin.simulation.world import World

if TYPE_CHECKING:
    import pytest

LENGTH = 25


def test_a_seed_is_a_life() -> None:
    once, again = (lives.live(7, length=LENGTH) for _ in range(2))
    assert once.fault is None
    assert once == again
    assert once.story != lives.live(8, length=LENGTH).story


def test_what_breaks_is_told_as_short_as_it_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """A law that two incidents break is broken by a story that opens two, and little else."""

    def two_are_too_many(laws: Laws) -> None:
        if len(laws.world.incidents()) > 1:
            raise Fault("too many incidents")

    monkeypatch.setattr(Laws, "look", two_are_too_many)
    monkeypatch.setattr(lives, "_TRIES", 30)
    found = lives.live(5, length=40)
    assert found.fault == "too many incidents"
    assert len(found.story) <= 3
    assert lives.live(5, length=40).story == found.story


def test_an_error_that_nobody_designed_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object) -> None:
        raise ZeroDivisionError("nobody thought of this")

    monkeypatch.setattr("tocsin.application.incidents.execute.decide", broken)
    found = lives.live(1, length=40)
    assert found.fault is not None
    assert "nobody thought of this" in found.fault


def test_a_refusal_that_changes_something_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command but the opening is refused, and its world has lost a due mark by then."""
    worlds: list[World] = []
    begin = World.__post_init__

    def noted(world: World) -> None:
        begin(world)
        worlds.append(world)

    def refused_too_late(command: object, *_args: object, **_kept: object) -> object:
        if isinstance(command, OpenIncident):
            return carry_out(command, *_args, **_kept)  # type: ignore[arg-type] # as they came
        worlds[-1].store._due.clear()
        raise IllegalTransition("too late")

    monkeypatch.setattr(World, "__post_init__", noted)
    monkeypatch.setattr("tocsin.application.incidents.engine.carry_out", refused_too_late)
    found = lives.live(1, length=40)
    assert found.fault is not None
    assert "yet something changed" in found.fault


def test_lives_reach_what_they_are_for() -> None:
    lived = (lives.live(seed, length=LENGTH) for seed in (1, 2, 4, 5))
    reached = sum((each.reached for each in lived), Counter[str]())
    assert {"opened", "paged", "acknowledged", "signals_merged", "refusals"} <= reached.keys()
    assert {each.name for each in Trouble} & reached.keys()


def test_the_command_shows_what_was_reached_and_how_fast(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["simulate", "--seeds", "2", "--length", "6", "--processes", "1"]) == 0
    said = capsys.readouterr().out
    assert "2 lives, 12 steps" in said
    assert "years a minute" in said


def test_the_command_tells_the_story_of_what_broke(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_seeds: object, **_how: object) -> Simulated:
        fault = lives.Lived(seed=9, steps=3, days=1.0, fault="I1: two", story=("ana opens A",))
        return Simulated(lives=1, steps=3, years=0.1, seconds=1.0, faults=(fault,))

    monkeypatch.setattr("tocsin.simulation.lives.simulate", broken)
    assert run(["simulate", "--seeds", "1"]) == 1
    said = capsys.readouterr().out
    assert "seed 9: I1: two" in said
    assert "  ana opens A" in said
    assert run(["simulate", "--seeds", "1", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["faults"] == [{"seed": 9, "fault": "I1: two", "story": ["ana opens A"]}]


def test_an_owner_is_told_since_when_a_deadline_is_overdue() -> None:
    """A role of an unanswered critical was given 78 minutes late: "acknowledge by 22:04"."""
    assert lives.live(65).fault is None
