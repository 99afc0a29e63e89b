"""What waits for a second person ends, and what was met stays met (semantics 13), typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness.worlds.told import BO, DI, ED, SAM, T0, Told

if TYPE_CHECKING:
    from tests.harness.worlds.terminal import Terminal

LOWER = ("severity", "high", "--reason", "few are affected")
CLOSE = ("close", "false_positive", "--reason", "a test alarm")
WAIVE = ("waive", "postmortem_published", "3", "--reason", "later")
LIFT = ("lift", "--reason", "nothing to hide")


@pytest.fixture
def critical(terminal: Terminal) -> Told:
    told = Told(terminal).open(T0, "critical")
    told.acknowledge(T0, DI)
    return told


def ask(told: Told, words: tuple[str, ...], person: str = DI) -> None:
    verb, *rest = words
    step = "restriction" if verb == "lift" else ""
    if step:
        told.say("09-08 10:05", SAM, "restrict", "--reason", "customer data")
    told.say("09-08 10:10", person, verb, *rest, step=step)


def wishes(told: Told) -> list[str]:
    return [one["what"] for one in told.show()["waiting"]]


def ended(told: Told) -> list[tuple[str, str]]:
    entries = told.terminal.json("timeline", told.id, "--as", SAM)
    found = [one["content"] for one in entries if one["type"] == "proposal_ended"]
    return [(one["wish"], one["why"]) for one in found]


WISHES = [
    pytest.param(LOWER, "lower to high", id="lower"),
    pytest.param(CLOSE, "close as false_positive", id="close"),
    pytest.param(WAIVE, "waive postmortem_published", id="waive"),
    pytest.param(LIFT, "lift the restriction", id="lift"),
]


@pytest.mark.parametrize(("words", "wish"), WISHES)
def test_what_nobody_agreed_to_is_over_after_a_day_and_the_asker_is_told(
    critical: Told, words: tuple[str, ...], wish: str
) -> None:
    ask(critical, words)
    (waits,) = critical.show()["waiting"]
    assert critical.wall(waits["until"]) == "09-09 10:10"
    critical.until("09-09 10:10")
    assert wishes(critical) == [wish], "until then it can be agreed to"
    critical.world.jump(1)
    assert wishes(critical) == []
    assert ended(critical) == [(wish, "age")]
    said = f"You asked to {wish}. It is over: nobody else agreed within a day"
    told = [one.message.text for one in critical.world.inbox.all if one.to == "di"]
    assert sum(said in text for text in told) == 1


def test_who_agrees_a_day_late_asks_anew(critical: Told) -> None:
    """Also where no sweep ran in between: the command itself comes after the end."""
    ask(critical, LOWER)
    critical.world.jump(24 * 60 + 11, sweep=False)
    verb, *rest = LOWER
    critical.terminal.json(verb, critical.id, *rest, "--yes", "--as", SAM)
    assert critical.show()["severity"] == "critical"
    (waits,) = critical.show()["waiting"]
    assert waits["person"] == "sam"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("severity", "critical", "--reason", "it is worse"), "severity"),
        (("category", "operational", "--reason", "the provider"), "category"),
    ],
)
def test_a_change_of_what_it_is_ends_what_was_asked_of_it(
    terminal: Terminal, change: tuple[str, ...], why: str
) -> None:
    told = Told(terminal).open(T0, "high")
    told.acknowledge(T0, DI)
    ask(told, CLOSE)
    ask(told, WAIVE)
    verb, *rest = change
    told.say("09-08 10:20", ED, verb, *rest)
    assert wishes(told) == []
    assert ended(told) == [("close as false_positive", why), ("waive postmortem_published", why)]
    texts = [one.message.text for one in terminal.world.inbox.all if one.to == "di"]
    said = f"It is over: the {why} was changed at Tue 2026-09-08 10:20 EDT"
    assert sum(said in text for text in texts) == 2


def test_an_approved_waiver_and_what_customers_are_told_end_with_none_of_it(
    critical: Told,
) -> None:
    ask(critical, WAIVE)
    critical.say("09-08 10:11", ED, "approve", "postmortem_published")
    critical.say("09-08 10:12", DI, "customers", "--tell", "--reason", "they see it")
    before = wishes(critical)
    critical.say("09-08 10:13", DI, "category", "operational", "--reason", "the provider")
    critical.until("09-09 10:30")
    assert wishes(critical) == before
    assert critical.show()["waivers"]


def test_met_stays_met_through_a_raise(terminal: Terminal) -> None:
    """High, contained 15:00 of the day: raised at 16:00, whose target was 14:00."""
    told = Told(terminal).open(T0, "high")
    told.acknowledge(T0)
    told.contain("09-08 15:00")
    told.say("09-08 16:00", BO, "severity", "critical", "--reason", "nobody can pay")
    assert told.result("contain") == "met"
    assert told.recovery("contain") == "-"


LATE = "The working deadline to contain passed: it was Tue 2026-09-08 19:00 EDT"


def test_containment_lost_after_its_time_stays_met_and_has_a_working_deadline(
    terminal: Terminal,
) -> None:
    """Critical t0 10:00, verified 11:00, lost 15:00: met, and to be stopped again by 19:00."""
    told = Told(terminal).open(T0, "critical")
    told.acknowledge(T0)
    told.contain("09-08 11:00")
    told.say("09-08 15:00", BO, "contain", "--reason", "errors again", step="lost")
    met = ("met", "09-08 11:00")
    assert (told.result("contain"), told.wall(told.clock("contain")["stopped_at"])) == met
    assert told.recovery("contain") == "09-08 19:00"
    told.until("09-08 19:00")
    assert not any(LATE in one.message.text for one in terminal.world.inbox.all)
    told.world.jump(1)
    heard = [one.to for one in terminal.world.inbox.all if LATE in one.message.text]
    assert sorted(heard) == ["ana", "engineering-lead"]
    told.world.advance(120)
    again = [one.to for one in terminal.world.inbox.all if LATE in one.message.text]
    assert again == heard, "once"
    told.contain("09-08 21:30")
    assert (told.result("contain"), told.wall(told.clock("contain")["stopped_at"])) == met


def test_contained_again_before_the_working_deadline_nobody_is_reminded(
    terminal: Terminal,
) -> None:
    told = Told(terminal).open(T0, "critical")
    told.acknowledge(T0)
    told.contain("09-08 11:00")
    told.say("09-08 15:00", BO, "contain", "--reason", "errors again", step="lost")
    told.contain("09-08 16:00")
    told.until("09-08 20:00")
    assert not any("working deadline" in one.message.text for one in terminal.world.inbox.all)


def test_lost_before_its_time_the_clock_runs_on(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "critical")
    told.acknowledge(T0)
    told.contain("09-08 11:00")
    told.say("09-08 13:59", BO, "contain", "--reason", "errors again", step="lost")
    assert (told.result("contain"), told.due("contain")) == ("running", "09-08 14:00")
    assert told.recovery("contain") == "-"
