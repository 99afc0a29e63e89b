"""The tables of what the words mean, typed on the command line with the clock that can be moved.

Each row and each example with a time is a test of that name. Times are on the wall of the team, in
2026; what is read back is what `tocsin clocks` answers.
"""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from tests.harness.worlds.alarms import notification
from tests.harness.worlds.stories import with_calendar
from tests.harness.worlds.terminal import Terminal
from tests.harness.worlds.told import ANA, BO, DI, ED, T0, Told
from tests.harness.worlds.world import World
from tocsin.policy.compiled.policies import default

EASTER = frozenset({date(2026, 4, 3), date(2026, 4, 6)})
GANDHI = frozenset({date(2026, 10, 2)})


def test_b1_medium_opened_on_friday_evening(terminal: Terminal) -> None:
    told = Told(terminal).open("09-04 17:50", "medium")
    assert told.dues() == ("09-08 17:50", "09-10 17:50", "09-21 17:50")


def test_b2_medium_opened_on_saturday_night(terminal: Terminal) -> None:
    told = Told(terminal).open("09-05 03:00", "medium")
    assert told.dues() == ("09-08 18:00", "09-10 18:00", "09-21 18:00")


def test_b3_high_mixes_elapsed_and_business_time(terminal: Terminal) -> None:
    told = Told(terminal).open("09-04 17:50", "high")
    assert told.dues() == ("09-04 18:50", "09-05 17:50", "09-10 17:50")


def test_b4_critical_runs_through_the_weekend(terminal: Terminal) -> None:
    told = Told(terminal).open("09-04 17:50", "critical")
    assert told.dues() == ("09-04 18:05", "09-04 21:50", "09-05 17:50")


def test_b5_low_waits_for_the_next_release(terminal: Terminal) -> None:
    told = Told(terminal).open("09-04 17:50", "low")
    assert told.dues() == ("09-09 17:50", "09-21 17:50", "-")
    assert "unscheduled" in terminal.text("clocks", told.id)


def elsewhere(
    zone: str,
    closed: frozenset[date],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Told:
    policy = with_calendar(default(), zone=zone, closed_dates=closed)
    return Told(Terminal(World(policy=policy), capsys, monkeypatch), ZoneInfo(zone))


def test_b6_medium_in_berlin_over_easter(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = elsewhere("Europe/Berlin", EASTER, capsys, monkeypatch).open("04-02 17:00", "medium")
    assert told.dues() == ("04-07 17:00", "04-09 17:00", "04-20 17:00")


def test_b7_critical_in_berlin_before_the_clocks_go_forward(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = elsewhere("Europe/Berlin", EASTER, capsys, monkeypatch).open("03-29 00:30", "critical")
    assert told.dues() == ("03-29 00:45", "03-29 05:30", "03-30 01:30")


def test_b8_medium_in_kolkata_over_a_friday_holiday(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = elsewhere("Asia/Kolkata", GANDHI, capsys, monkeypatch).open("10-01 10:15", "medium")
    assert told.dues() == ("10-05 10:15", "10-07 10:15", "10-16 10:15")


def test_a_deadline_is_explained_so_that_it_can_be_counted_again(terminal: Terminal) -> None:
    told = Told(terminal).open("09-04 17:50", "medium")
    shown = terminal.text("clocks", told.id, "--explain")
    explained = terminal.json("clocks", told.id, "--explain")
    fix = {one["clock"]: one["explanation"] for one in explained["clocks"]}["fix"]
    assert sum(one["minutes"] for one in fix["stretches"]) == 10 * 540
    assert fix["stretches"][-1]["end"] == "2026-09-21T21:50:00.000Z"
    assert all(one["day"] != "2026-09-07" for one in fix["stretches"])
    assert "America/New_York" in shown
    assert "2026-09-21T21:50:00.000Z" in shown


def test_pause_of_four_business_hours_moves_the_fix_from_ten_to_two(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "high")
    told.acknowledge(T0)
    assert told.due("fix") == "09-11 10:00"
    told.say("09-08 16:00", DI, "pause", "1440", "--reason", "the provider has to answer")
    told.say("09-09 11:00", DI, "resume")
    assert told.due("fix") == "09-11 14:00"
    assert told.due("contain") == "09-09 10:00"


def test_a_pause_ends_by_itself_after_24_hours_at_most(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "high")
    told.acknowledge(T0)
    words = ("pause", told.id, "1441", "--reason", "longer", "--as", DI)
    assert terminal.refused(*words)[0] == 3


def test_r1_raised_while_unacknowledged(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "high")
    assert told.round_due() == "09-08 11:00"
    told.say("09-08 10:30", "eve", "severity", "critical")
    assert (told.due("acknowledge"), told.round_due()) == ("09-08 10:45", "09-08 10:45")
    assert (told.due("contain"), told.due("fix")) == ("09-08 14:00", "09-09 10:00")


def test_r2_raised_five_hours_after_it_was_acknowledged(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "high")
    told.acknowledge("09-08 10:20")
    for at in ("09-08 12:00", "09-08 14:00"):
        told.say(at, ANA, "note", "still looking")
    told.say("09-08 15:00", ANA, "severity", "critical")
    assert told.round_due() == "09-08 15:15"
    assert (told.due("contain"), told.result("contain")) == ("09-08 14:00", "late_on_raise")
    assert told.recovery("contain") == "09-08 19:00"
    assert told.due("fix") == "09-09 10:00"


def test_r3_medium_raised_to_high_a_day_later(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "medium")
    told.acknowledge(T0)
    told.say("09-09 16:00", ANA, "severity", "high")
    assert told.round_due() == "09-09 17:00"
    assert (told.due("contain"), told.result("contain")) == ("09-09 10:00", "late_on_raise")
    assert told.recovery("contain") == "09-10 16:00"
    assert told.due("fix") == "09-11 10:00"


def test_r4_lowered_to_medium_and_raised_again(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "critical")
    told.acknowledge(T0)
    told.lower("09-08 12:00", "medium")
    assert (told.due("contain"), told.due("fix")) == ("09-11 10:00", "09-22 10:00")
    told.say("09-08 13:00", ANA, "severity", "critical")
    assert (told.due("contain"), told.due("fix")) == ("09-08 14:00", "09-09 10:00")


def test_r5_a_breach_stays_when_the_severity_is_lowered(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "critical")
    told.acknowledge(T0)
    told.until("09-08 14:01")
    assert told.result("contain") == "missed"
    told.lower("09-08 14:30", "medium")
    assert (told.due("contain"), told.result("contain")) == ("09-11 10:00", "missed")
    assert told.wall(told.clock("contain")["missed_at"]) == "09-08 14:00"


def test_r6_low_with_a_planned_release_raised_to_medium(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "low")
    told.acknowledge(T0)
    told.release("R42", cut="09-08 11:00", planned="09-10 15:00")
    assert told.due("fix") == "09-10 15:00"
    told.say("09-09 12:00", ANA, "severity", "medium")
    assert told.due("fix") == "09-10 15:00"


def test_a_raise_shows_old_and_new_deadlines_and_changes_nothing_unless_confirmed(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Told(terminal).open(T0, "high")
    told.acknowledge("09-08 10:20")
    for at in ("09-08 12:00", "09-08 14:00"):
        told.say(at, ANA, "note", "still looking")
    told.until("09-08 15:00")
    monkeypatch.setattr("typer.confirm", lambda *_a, **_k: False)
    code, shown, _ = terminal.run("severity", told.id, "critical", "--as", ANA)
    assert code == 1
    for time in ("09-09 14:00Z", "09-08 18:00Z", "09-08 19:15Z"):
        assert time in shown
    assert "late on raise; recover by 09-08 23:00Z" in shown
    assert told.show()["severity"] == "high"
    monkeypatch.setattr("typer.confirm", lambda *_a, **_k: True)
    assert terminal.run("severity", told.id, "critical", "--as", ANA)[0] == 0
    assert told.show()["severity"] == "critical"
    assert terminal.run("severity", told.id, "critical", "--json")[0] == 3


def test_a_report_counts_from_when_it_was_received(terminal: Terminal) -> None:
    told = Told(terminal)
    told.begin("09-08 10:40")
    received = ("--received-at", told.instant(T0).isoformat())
    opened = terminal.json("open", "a report", "--severity", "critical", *received, "--as", ANA)
    told.id = opened["id"]
    assert told.dues() == ("09-08 10:15", "09-08 14:00", "09-09 10:00")
    told.until("09-08 10:41")
    assert told.result("acknowledge") == "missed"


@pytest.mark.parametrize(
    ("opened", "result", "took"), [("09-08 11:00", "met", 3_600), ("09-08 11:01", "missed", 3_660)]
)
def test_a_report_is_triaged_within_an_hour_of_being_received(
    terminal: Terminal, opened: str, result: str, took: int
) -> None:
    told = Told(terminal)
    told.begin(opened)
    received = ("--received-at", told.instant(T0).isoformat())
    words = ("open", "a report", "--severity", "low", *received, "--as", ANA)
    told.id = terminal.json(*words)["id"]
    found = terminal.json("metrics", told.id)
    assert (found["triaged"], found["time_to_triage"]) == (result, took)
    assert f"triaged: {result}" in terminal.text("metrics", told.id)
    due = terminal.json("timeline", told.id)[0]["content"]["triage_due"]
    assert told.wall(due) == "09-08 11:00"


def test_what_is_no_report_has_no_triage_to_be_late_for(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "low")
    found = terminal.json("metrics", told.id)
    assert (found["triaged"], found["time_to_triage"]) == ("not_applicable", None)


def test_a_corrected_beginning_moves_no_clock(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "critical")
    before = told.dues()
    told.say(T0, ANA, "beginning", "--began-at", "2026-09-08T12:00Z", "--reason", "seen in logs")
    assert told.dues() == before
    assert told.show()["began_at"] == "2026-09-08T12:00:00.000Z"


def test_a_clock_due_at_a_time_is_met_by_a_command_at_that_time(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "critical")
    told.world.clock.now = told.instant("09-08 10:15")
    told.acknowledge("09-08 10:15")
    assert told.result("acknowledge") == "met"


def test_a_late_command_records_the_breach_first_though_no_sweep_ran(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "critical")
    told.world.clock.now = told.instant("09-08 10:16")
    told.acknowledge("09-08 10:16")
    entries = terminal.json("timeline", told.id)
    kinds = [one["type"] for one in entries]
    assert kinds.index("clock_breached") < kinds.index("acknowledged")
    assert told.wall(told.clock("acknowledge")["missed_at"]) == "09-08 10:15"


def test_silence_of_thirty_minutes_asks_again(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "critical")
    told.acknowledge("09-08 10:05")
    told.until("09-08 10:35")
    told.until("09-08 10:36")
    assert told.show()["round"]["number"] == 2
    assert told.round_due() == "09-08 10:50"


def test_containment_lost_at_twelve_and_verified_at_half_past_one_is_met(
    terminal: Terminal,
) -> None:
    told = lost_at_noon(terminal)
    assert (told.due("contain"), told.result("contain")) == ("09-08 14:00", "running")
    told.contain("09-08 13:30")
    assert told.result("contain") == "met"


def test_containment_lost_at_twelve_and_verified_at_half_past_two_is_missed(
    terminal: Terminal,
) -> None:
    told = lost_at_noon(terminal)
    told.contain("09-08 14:30")
    assert told.result("contain") == "missed"
    assert told.wall(told.clock("contain")["missed_at"]) == "09-08 14:00"


def lost_at_noon(terminal: Terminal) -> Told:
    told = Told(terminal).open(T0, "critical")
    told.acknowledge(T0)
    told.contain("09-08 11:00")
    assert told.result("contain") == "met"
    told.say("09-08 12:00", BO, "contain", "--reason", "errors are back", step="lost")
    assert told.show()["state"] == "acknowledged"
    return told


def test_next_release_r41_does_not_count_and_r42_with_the_fix_is_met(terminal: Terminal) -> None:
    told = next_release(terminal)
    told.check_fix("09-09 10:00")
    told.until("09-10 15:00")
    told.release("R42", "--commit", "c0ffee", cut="09-09 12:00", shipped="09-10 15:00")
    assert (told.due("fix"), told.result("fix")) == ("09-10 15:00", "met")


def test_next_release_r42_without_the_fix_is_missed_and_still_open(terminal: Terminal) -> None:
    told = next_release(terminal)
    told.until("09-10 15:00")
    told.release("R42", cut="09-09 12:00", shipped="09-10 15:00")
    assert (told.due("fix"), told.result("fix")) == ("09-10 15:00", "missed")
    assert told.show()["state"] != "closed"


def next_release(terminal: Terminal) -> Told:
    told = Told(terminal).open(T0, "low")
    told.acknowledge(T0)
    told.until("09-08 16:00")
    told.release("R41", cut="09-07 12:00", shipped="09-08 16:00")
    assert (told.due("fix"), told.result("fix")) == ("-", "running")
    return told


def test_unscheduled_is_listed_in_the_first_working_minute_of_every_week(
    terminal: Terminal,
) -> None:
    """Labor Day, Mon 09-07, is no working day: that week begins on Tuesday."""
    told = Told(terminal).open("09-04 17:50", "low", "--category", "security")
    told.acknowledge("09-04 17:51")
    assert "unscheduled" in terminal.text("clocks", told.id)
    told.until("09-08 08:59")
    assert listings(told) == []
    told.until("09-08 09:00")
    told.until("09-30 12:00")
    assert listings(told) == ["09-08 09:00", "09-28 09:00"], "a late sweep lists it once"
    asked = [
        (one.to, told.wall_at(one.at))
        for one in terminal.world.inbox.all
        if "NO RELEASE PLANNED" in one.message.subject
    ]
    security, commander = "security-primary", "ana"
    assert asked == [
        (person, at) for at in ("09-08 09:00", "09-30 12:00") for person in (security, commander)
    ]


def test_unscheduled_is_listed_no_more_once_a_release_is_planned(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "low")
    told.acknowledge(T0)
    told.until("09-14 09:00")
    told.release("R43", cut="09-14 09:00", planned="09-30 15:00")
    told.until("09-29 12:00")
    assert listings(told) == ["09-14 09:00"]


def listings(told: Told) -> list[str]:
    entries = told.terminal.json("timeline", told.id)
    return [
        told.wall(one["content"]["due_at"]) for one in entries if one["type"] == "left_unscheduled"
    ]


def test_a_hotfix_never_breaches_a_next_release(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "low")
    told.acknowledge(T0)
    told.until("09-08 16:00")
    told.release("H1", "--not-regular", cut="09-08 12:00", shipped="09-08 16:00")
    assert (told.due("fix"), told.result("fix")) == ("-", "running")


def test_the_first_update_of_a_critical_is_due_after_thirty_minutes(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "critical")
    told.acknowledge(T0)
    said = told.show()["communication"]
    assert told.wall(said["internal"]["next_by"]) == "09-08 10:30"


def test_the_wording_contained_cannot_be_sent_before_it_is_verified(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "critical")
    told.acknowledge(T0)
    first = ("--impact", "some", "--mitigation", "none", "--eta", "unknown", "--as", DI)
    words = ("update", told.id, "u1", "customers", "We have contained the issue", "--accepted")
    code, _ = terminal.refused(*words, "--says-contained", *first)
    assert code in {3, 6}
    assert told.show()["communication"]["to_customers"]["first_at"] is None


def test_a_signal_of_four_minutes_starts_the_window_again_in_full(terminal: Terminal) -> None:
    world = terminal.world
    told = Told(terminal)
    told.begin("09-08 09:00")
    incident = world.alarm("api-5xx-high")
    assert incident is not None
    told.id = incident.id
    assert told.show()["severity"] == "high"
    told.acknowledge("09-08 09:01")
    world.deliver_alarms(notification("api-5xx-high", world.clock.now, state="OK"))
    told.contain("09-08 09:30")
    told.repair("09-08 10:00")
    assert told.wall(told.show()["window"]["ends_at"]) == "09-09 10:00"
    told.until("09-08 20:00")
    world.deliver_alarms(notification("api-5xx-high", world.clock.now))
    assert told.show()["window"] is None
    told.until("09-08 20:04")
    world.deliver_alarms(notification("api-5xx-high", world.clock.now, state="OK"))
    told.until("09-08 20:05")
    assert told.wall(told.show()["window"]["ends_at"]) == "09-09 20:04"


def test_reopened_on_wednesday_at_nine_as_critical(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "medium")
    told.acknowledge(T0)
    for person in (DI, ED):
        if told.show()["state"] != "closed":
            told.say("09-08 12:00", person, "close", "false_positive", "--reason", "a test")
    assert told.show()["state"] == "closed"
    told.say("09-09 09:00", ANA, "reopen", "--reason", "it was real", "--severity", "critical")
    assert told.show()["cycle"] == 2
    assert (told.due("acknowledge"), told.due("contain")) == ("09-09 09:15", "09-09 13:00")
