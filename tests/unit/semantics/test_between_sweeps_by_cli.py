"""What is shown between two sweeps is what the next one will find (semantics 1, 2 and 6), typed.

The clock is moved without a sweep: `terminal.world.clock.now` alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.harness.worlds.told import ANA, DI, T0, Told

if TYPE_CHECKING:
    from tests.harness.worlds.terminal import Terminal

URL = ("--url", "https://example.com/run")


def paused(terminal: Terminal) -> Told:
    """A high whose fix, due Friday 10:00, is paused on Tuesday from 16:00 to 17:00."""
    told = Told(terminal).open(T0, "high")
    told.acknowledge(T0, DI)
    told.say("09-08 16:00", DI, "pause", "60", "--reason", "a part has to come")
    return told


def unswept(told: Told, at: str) -> None:
    told.world.clock.now = told.instant(at)


def test_a_pause_that_ran_out_shows_the_deadline_it_moved(terminal: Terminal) -> None:
    told = paused(terminal)
    unswept(told, "09-08 17:30")
    clock = told.clock("fix")
    assert (told.due("fix"), clock["paused_until"]) == ("09-11 11:00", None)
    assert clock["seconds_left"] == (65 * 60 + 30) * 60, "from Tue 17:30 to Fri 11:00"
    counted = terminal.text("clocks", told.id, "--explain")
    assert (
        "paused for 60 business minutes: 2026-09-11T14:00:00.000Z to 2026-09-11T15:00:00.000Z"
        in counted
    )
    first = terminal.text("first", told.id)
    assert "fix: 2d17h30m left (due 09-11 15:00Z)" in first
    shown, version = told.due("fix"), told.show()["version"]
    told.until("09-08 17:31")
    assert told.due("fix") == shown, "the sweep finds what was shown"
    assert told.show()["version"] > version, "and looking had written nothing"


def test_a_clock_that_is_paused_stands_still(terminal: Terminal) -> None:
    told = paused(terminal)
    for at in ("09-08 16:20", "09-08 17:00"):
        unswept(told, at)
        if at == "09-08 16:20":
            assert told.clock("fix")["seconds_left"] == 66 * 3600, "from Tue 16:00 to Fri 10:00"
            until = "paused until 2026-09-08T21:00:00.000Z"
            assert f"2d18h, {until}" in terminal.text("clocks", told.id)
            first = terminal.text("first", told.id)
            assert "fix: 2d18h left, paused until 09-08 21:00Z" in first
    assert told.clock("fix")["seconds_left"] == 66 * 3600, "counts on at 17:00, to Fri 11:00"


def test_a_deadline_that_passed_is_missed_for_whoever_looks_first(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "critical")
    unswept(told, "09-08 10:15")
    assert told.result("acknowledge") == "running", "equal is met"
    unswept(told, "09-08 10:16")
    assert told.result("acknowledge") == "missed"
    assert told.wall(told.clock("acknowledge")["missed_at"]) == "09-08 10:15"
    assert told.wall(told.show()["round"]["missed_at"]) == "09-08 10:15"


def test_a_report_received_long_ago_is_late_in_the_answer_that_opens_it(terminal: Terminal) -> None:
    told = Told(terminal)
    told.begin("09-08 18:00")
    received = ("--received-at", told.instant("09-08 11:00").isoformat())
    opened = terminal.json(
        *("open", "customers cannot pay", "--severity", "critical", *received, "--as", ANA)
    )
    told.id = opened["id"]
    assert told.wall(opened["round"]["missed_at"]) == "09-08 11:15"
    results = {name: told.result(name) for name in ("acknowledge", "contain", "fix")}
    assert results == {"acknowledge": "missed", "contain": "missed", "fix": "running"}


def test_containment_is_lost_ten_minutes_after_the_firing_for_whoever_looks(
    terminal: Terminal,
) -> None:
    told = Told(terminal)
    told.begin(T0)
    incident = terminal.world.alarm("api-5xx-high")
    assert incident is not None
    told.id = incident.id
    told.acknowledge("09-08 10:01", DI)
    terminal.world.alarm("api-5xx-high", state="OK")
    told.contain("09-08 11:00")
    told.until("09-08 12:00")
    terminal.world.alarm("api-5xx-high")
    unswept(told, "09-08 12:11")
    shown = told.show()
    assert (shown["state"], told.wall(shown["containment"]["lost_at"])) == (
        "acknowledged",
        "09-08 12:10",
    )


def test_a_low_without_a_planned_release_shows_unscheduled_everywhere(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "low")
    clock = told.clock("fix")
    assert (clock["unscheduled"], clock["due_at"], clock["attainment"]) == (True, None, "running")
    assert told.clock("contain")["unscheduled"] is False
    assert "fix: unscheduled (no release is planned)" in terminal.text("first", told.id)
    listed = terminal.text("checklist", told.id)
    assert "Post-Containment, by the next release: unscheduled" in listed
    shown = terminal.run("severity", told.id, "high", "--as", DI)[1]
    assert "the next release: unscheduled" in shown
    told.contain("09-08 11:00")
    assert "no release is planned (tocsin releases record)" in terminal.text("checklist", told.id)
    told.release("R42", cut="09-09 12:00", planned="09-10 15:00")
    clock = told.clock("fix")
    assert (clock["unscheduled"], told.due("fix")) == (False, "09-10 15:00")
    assert "unscheduled" not in terminal.text("first", told.id)


def test_a_run_of_a_commit_that_nobody_linked_is_asked_about(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "high")
    told.acknowledge(T0, DI)
    asked = f"is not linked; if it is the fix: tocsin fix link {told.name}"
    run = ("quality", "success", *URL, "--as", ANA)
    answer = terminal.text("fix", "run", told.id, "c0ffee", *run)
    assert f"c0ffee was reported and {asked} c0ffee" in answer
    deploy = ("success", "--whole-scope", *URL, "--as", ANA)
    answer = terminal.text("fix", "deploy", told.id, "decade", *deploy)
    assert f"decade was reported and {asked} decade" in answer
    assert told.show()["unlinked"] == ["decade", "c0ffee"], "the newest first"
    first = terminal.text("first", told.id)
    assert f"Is decade the fix? tocsin fix link {told.name} decade --url URL" in first
    told.say("09-08 11:00", ANA, "fix", "facade", *URL, step="link")
    assert told.show()["unlinked"] == ["decade", "c0ffee"], "nothing was seen of facade yet"
    told.say("09-08 11:01", ANA, "fix", "decade", *URL, step="link")
    assert told.show()["unlinked"] == [], "its deploy counts, the other one is other work"
    assert "the fix? tocsin" not in terminal.text("first", told.id)
