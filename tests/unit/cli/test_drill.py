"""`tocsin drill` lists what there is and refuses what there is not, without touching a cloud."""

from __future__ import annotations

import json

import pytest

from tocsin.cli.main import BAD_INPUT, NOT_FOUND, OK, run
from tocsin.drills.sabotage.switches import SWITCHES


def test_the_drills_and_the_switches_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["drill", "list", "--json"]) == OK
    assert list(json.loads(capsys.readouterr().out)) == ["demo"]
    assert run(["drill", "sabotage", "--list", "--json"]) == OK
    listed = json.loads(capsys.readouterr().out)
    assert {one["name"]: set(one["reds"]) for one in listed} == {
        switch.name: switch.reds for switch in SWITCHES
    }


def test_the_switches_are_shown_to_people_with_what_they_turn_red(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["drill", "sabotage", "stale-applied", "--list"]) == OK
    shown = capsys.readouterr().out
    assert "projection.stale_ignored" in shown
    assert "notifier-off" not in shown


@pytest.mark.parametrize(
    ("line", "code"),
    [(["drill", "run", "nothing"], BAD_INPUT), (["drill", "sabotage", "nothing"], NOT_FOUND)],
)
def test_what_does_not_exist_is_refused_before_anything_is_started(
    line: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(line) == code
    assert "demo" in (err := capsys.readouterr().err) or "notifier-off" in err
