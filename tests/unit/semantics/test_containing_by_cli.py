"""What contained and fixed mean, and what keeps severity apart (semantics 2, 4, 5 and 6), typed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from tests.harness.fakes.application import Policies
from tests.harness.worlds.stories import with_calendar
from tests.harness.worlds.terminal import Terminal
from tests.harness.worlds.told import ANA, BO, DI, SAM, T0, Told
from tests.harness.worlds.world import World
from tocsin.policy.compiled.policies import default

if TYPE_CHECKING:
    from collections.abc import Iterable

CHECKS = ("logs", "smoke_test", "targeted_check")


def acknowledged(terminal: Terminal, severity: str, *words: str) -> Told:
    told = Told(terminal).open(T0, severity, *words)
    told.acknowledge(T0, DI)
    return told


def act(told: Told, at: str, action: str = "a0") -> None:
    told.say(at, ANA, "contain", action, "roll back", step="plan")
    told.say(at, ANA, "contain", action, step="done")


def look(told: Told, at: str, *checks: str, verdict: str = "passed") -> None:
    for check in checks or CHECKS:
        words = ("--check", check, "--verdict", verdict, "--detail", "seen")
        told.say(at, ANA, "verify", *words)


def refused(told: Told, person: str = BO) -> str:
    return told.terminal.refused("verify", told.id, "--contained", "--as", person)[1]


def test_containment_is_verified_by_an_action_and_three_looks_after_it(terminal: Terminal) -> None:
    told = acknowledged(terminal, "critical")
    look(told, "09-08 10:05")
    assert refused(told) == "not_verifiable", "nothing was done"
    act(told, "09-08 10:10")
    assert refused(told) == "not_verifiable", "each look was before the action"
    look(told, "09-08 10:11", "logs", "smoke_test")
    assert refused(told) == "not_verifiable", "one look is missing"
    look(told, "09-08 10:11", "targeted_check", verdict="failed")
    assert refused(told) == "not_verifiable", "what failed proves nothing"
    look(told, "09-08 10:12", "targeted_check", verdict="not_applicable")
    told.say("09-08 10:12", ANA, "contain", "a1", "block the tenant", step="plan")
    assert refused(told) == "not_verifiable", "an action is planned and not settled"
    told.say("09-08 10:12", ANA, "contain", "a1", "--reason", "not needed", step="withdraw")
    since = ("--effective-at", told.instant("09-08 10:10").isoformat())
    told.say("09-08 10:20", BO, "verify", "--contained", *since)
    assert told.result("contain") == "met"
    assert told.wall(told.clock("contain")["stopped_at"]) == "09-08 10:20", "never backdated"
    assert told.show()["postmortem"] is None, "no root cause was asked for"


@pytest.mark.parametrize(("severity", "alone"), [("critical", False), ("medium", True)])
def test_who_executed_a_critical_does_not_verify_it(
    terminal: Terminal, severity: str, *, alone: bool
) -> None:
    told = acknowledged(terminal, severity)
    act(told, "09-08 10:10")
    look(told, "09-08 10:11")
    if not alone:
        assert refused(told, ANA) == "group_required"
        told.say("09-08 10:12", BO, "verify", "--contained")
    else:
        told.say("09-08 10:12", ANA, "verify", "--contained")
    assert told.result("contain") == "met"


def test_a_security_incident_is_verified_by_the_security_owner(terminal: Terminal) -> None:
    told = acknowledged(terminal, "medium", "--category", "security")
    act(told, "09-08 10:10")
    look(told, "09-08 10:11")
    assert refused(told, BO) == "group_required"
    told.say("09-08 10:12", SAM, "verify", "--contained")
    assert told.result("contain") == "met"


def test_a_firing_signal_keeps_it_from_being_verified(terminal: Terminal) -> None:
    told = Told(terminal)
    told.begin(T0)
    incident = terminal.world.alarm("api-5xx-high")
    assert incident is not None
    told.id = incident.id
    told.acknowledge("09-08 10:01", DI)
    act(told, "09-08 10:10")
    look(told, "09-08 10:11")
    assert refused(told) == "not_verifiable"
    terminal.world.alarm("api-5xx-high", state="OK")
    told.say("09-08 10:12", BO, "verify", "--contained")
    assert told.result("contain") == "met"


def test_the_fix_named_as_containment_counts_once_it_is_deployed(terminal: Terminal) -> None:
    told = acknowledged(terminal, "high")
    told.say("09-08 10:05", DI, "contain", "--reason", "nothing else stops it", step="by-fix")
    look(told, "09-08 10:06")
    assert refused(told) == "not_verifiable"
    told.repair("09-08 10:30")
    look(told, "09-08 10:31")
    told.say("09-08 10:32", BO, "verify", "--contained")
    assert (told.result("contain"), told.result("fix")) == ("met", "met")


def test_the_fix_clock_stops_at_the_later_of_deploy_and_green_checks(terminal: Terminal) -> None:
    told = acknowledged(terminal, "high")
    url = ("--url", "https://example.com/run")
    told.say("09-08 11:00", ANA, "fix", "c0ffee", *url, step="link")
    told.say("09-08 11:10", ANA, "fix", "c0ffee", "quality", "success", *url, step="run")
    told.say(
        "09-08 11:20", ANA, "fix", "c0ffee", "success", "--not-whole-scope", *url, step="deploy"
    )
    told.say("09-08 11:30", ANA, "fix", "c0ffee", "security", "success", *url, step="run")
    assert told.result("fix") == "running", "a part of the scope is not the whole of it"
    told.say("09-08 11:40", ANA, "fix", "c0ffee", "success", "--whole-scope", *url, step="deploy")
    assert (told.result("fix"), told.wall(told.clock("fix")["stopped_at"])) == (
        "met",
        "09-08 11:40",
    )


def criteria(told: Told) -> set[str]:
    return {one["code"] for one in told.terminal.json("gate", told.id)["criteria"]}


def test_category_and_severity_do_not_set_each_other(terminal: Terminal) -> None:
    told = acknowledged(terminal, "high")
    before, dues = criteria(told), told.dues()
    told.say(T0, DI, "category", "operational", "--reason", "the provider is down")
    assert (told.show()["severity"], told.dues()) == ("high", dues)
    assert criteria(told) > before, "a change adds criteria and removes none"
    told.say(T0, DI, "severity", "critical")
    assert told.show()["category"] == "operational"


@pytest.mark.parametrize(
    ("alarm", "severity"),
    [
        ("checkout-all-providers-failing", "critical"),
        ("billing-mismatch-found", "critical"),
        ("checkout-stripe-failing", "high"),
        ("stripe-webhook-rejected", "high"),
        ("stripe-webhook-backlog", "medium"),
        ("an-alarm-no-rule-knows", "high"),
    ],
)
def test_how_bad_a_billing_alarm_is_and_in_doubt_the_higher(
    terminal: Terminal, alarm: str, severity: str
) -> None:
    told = Told(terminal)
    told.begin(T0)
    incident = terminal.world.alarm(alarm)
    assert incident is not None
    told.id = incident.id
    category = "production" if alarm.startswith("an-") else "operational"
    assert (told.show()["severity"], told.show()["category"]) == (severity, category)


def test_an_edited_calendar_touches_later_incidents_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    old = replace(default(), chat_room=None)
    policies = Policies([old])
    terminal = Terminal(World(policies=policies), capsys, monkeypatch)
    told = Told(terminal).open("09-08 10:00", "medium")
    dues = told.dues()
    closed: Iterable[date] = {*old.calendar.closed_dates, date(2026, 9, 9)}
    policies.known.insert(
        0, replace(with_calendar(old, closed_dates=frozenset(closed)), version="edited")
    )
    told.say("09-08 11:00", ANA, "note", "the ninth is a holiday now")
    assert told.dues() == dues == ("09-09 10:00", "09-11 10:00", "09-22 10:00")
    later = Told(terminal)
    words = ("--severity", "medium", "--service", "search", "--as", ANA)
    later.id = terminal.json("open", "another one", *words)["id"]
    assert later.dues() == ("09-10 11:00", "09-14 11:00", "09-23 11:00")


def paged(told: Told) -> list[str]:
    """The newest page to whoever is on call for mitigation: its subject and its text."""
    pages = [one for one in told.world.inbox.all if one.kind == "page"]
    newest = [one for one in pages if one.to == "mitigation-primary"][-1]
    return [newest.message.subject.partition(f"{told.name} ")[2], newest.message.text]


def test_containment_lost_to_a_signal_asks_anew_and_says_why(terminal: Terminal) -> None:
    told = Told(terminal)
    told.begin(T0)
    incident = terminal.world.alarm()
    assert incident is not None
    told.id = incident.id
    told.acknowledge("09-08 10:05", DI)
    terminal.world.alarm(state="OK")
    told.contain("09-08 11:00")
    told.until("09-08 12:00")
    terminal.world.alarm()
    told.until("09-08 12:11")
    subject, text = paged(told)
    assert subject == (
        "CONTAINMENT LOST 12:10 (a signal kept firing): api-outage - ACK by 12:25 EDT"
    )
    since = "Containment was lost at Tue 2026-09-08 12:10 EDT (16:10 UTC): a signal kept firing."
    assert since in text
    assert (told.show()["round"]["reason"], told.round_due()) == ("containment_lost", "09-08 12:25")
    assert told.due("contain") == "09-08 14:00"
    told.until("09-08 12:26")
    assert paged(told)[0].endswith("- OVERDUE since 12:25 EDT")


def test_whoever_says_that_containment_is_lost_has_it_and_others_read_that(
    terminal: Terminal,
) -> None:
    told = acknowledged(terminal, "critical")
    told.contain("09-08 11:00")
    told.say("09-08 12:00", BO, "contain", "--reason", "errors again", step="lost")
    subject, text = paged(told)
    assert subject == ("CONTAINMENT LOST 12:00 (errors again): checkout is down - bo has it")
    assert "ACK by" not in text
    found = told.show()["round"]
    assert (found["reason"], found["acknowledged_by"]) == ("containment_lost", "bo")
    told.until("09-08 12:29")
    assert told.show()["round"]["number"] == found["number"], "no silence yet"


def test_clocks_between_two_sweeps_show_what_time_has_done(terminal: Terminal) -> None:
    told = acknowledged(terminal, "high")
    told.say("09-08 10:10", DI, "pause", "60", "--reason", "waiting for the provider")
    paused = told.due("fix")
    terminal.world.jump(90, sweep=False)
    before = told.clock("fix")
    assert told.due("fix") != paused, "the pause ran out at 11:10"
    terminal.world.sweep()
    after = told.clock("fix")
    shown = ("due_at", "attainment", "seconds_left")
    assert [before[name] for name in shown] == [after[name] for name in shown]


def test_a_report_received_long_ago_is_late_at_once(terminal: Terminal) -> None:
    told = Told(terminal)
    received = ("--received-at", told.instant("09-08 04:00").isoformat())
    told.open(T0, "critical", *received)
    assert (told.result("acknowledge"), told.result("contain")) == ("missed", "missed")


def test_a_low_without_a_planned_release_is_unscheduled(terminal: Terminal) -> None:
    told = acknowledged(terminal, "low")
    assert told.due("fix") == "-"
    assert "unscheduled" in terminal.text("clocks", told.id)


def test_a_deploy_of_a_commit_nobody_linked_is_asked_about(terminal: Terminal) -> None:
    told = acknowledged(terminal, "high")
    url = ("--url", "https://example.com/run")
    told.say("09-08 10:10", ANA, "fix", "c0ffee", "success", "--whole-scope", *url, step="deploy")
    asked = f"Is c0ffee the fix? tocsin fix link {told.name} c0ffee --url URL"
    listed = [one["text"] for one in terminal.json("checklist", told.id)["priorities"]]
    assert asked in listed
    told.say("09-08 10:11", ANA, "fix", "c0ffee", *url, step="link")
    listed = [one["text"] for one in terminal.json("checklist", told.id)["priorities"]]
    assert asked not in listed


def test_what_fits_to_contain_it_is_on_the_first_screen_with_why(terminal: Terminal) -> None:
    told = Told(terminal)
    told.begin(T0)
    words = ("--severity", "critical", "--category", "security", "--as", ANA)
    told.id = terminal.json("open", "a key is used from elsewhere", *words)["id"]
    told.acknowledge(T0, DI)

    suggested = terminal.json("first", told.id)["suggested"]
    assert suggested[0]["action"] == "access-key-off"
    assert len(suggested) <= 3
    screen = terminal.text("first", told.id).splitlines()
    place = screen.index("fits: Turn an IAM access key off")
    assert screen[place + 1] == "  since a signal speaks of a key or a secret"
    assert [line for line in screen if "fits: " in line and len(line) > 80] == []
    assert f"what each takes: tocsin contain list {told.name}" in screen

    act(told, "09-08 10:10")
    look(told, "09-08 10:11")
    told.say("09-08 10:20", SAM, "verify", "--contained")
    assert terminal.json("first", told.id)["suggested"] == []
