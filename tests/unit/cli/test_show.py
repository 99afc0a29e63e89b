"""`tocsin show`: in the first hour, and on request, what is needed first comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.harness.worlds.terminal import Terminal


def test_the_first_hour_shows_what_is_needed_first_and_later_only_on_request(
    terminal: Terminal,
) -> None:
    line = ("open", "checkout is down", "--severity", "high", "--category", "production")
    incident = terminal.json(*line)["id"]
    first = "HIGH INC-1: checkout is down"
    shown = terminal.text("show", incident)
    assert shown.startswith(first)
    assert shown.startswith(terminal.text("first", incident))
    assert "first" not in terminal.json("show", incident)
    assert terminal.json("show", incident, "--first")["first"]["brief"]["incident"] == incident
    terminal.world.jump(61)
    assert first not in terminal.text("show", incident)
    assert terminal.text("show", incident, "--first").startswith(first)


def test_a_flag_is_recorded_and_listed(terminal: Terminal) -> None:
    line = ("releases", "flag", "checkout", "new-tax=on", "--at", "2026-09-08T09:55-04:00")
    assert terminal.text(*line) == "checkout new-tax=on recorded\n"
    (kept,) = terminal.json("releases", "list", "checkout")
    assert (kept["kind"], kept["regular"]) == ("flag", False)
    assert kept["shipped_at"] == "2026-09-08T13:55:00.000Z"
