"""Maintenance windows by the minute: what they hold back, who set them, and that they end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.told import ANA, SAM, Told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.worlds.terminal import Terminal


class Office(Told):
    """Somebody who works on the search, and the board."""

    def window(self, *words: str) -> dict[str, Any]:
        made: dict[str, Any] = self.terminal.json(
            "maintenance", "set", "--reason", "new index", *words, "--as", ANA
        )
        return made

    def titles(self) -> list[str]:
        return [one["title"] for one in self.terminal.json("board", "--as", SAM)]

    def held(self) -> list[tuple[str, str, str]]:
        page = self.terminal.json("signals", "list", "--suppressed", "--as", SAM)
        return [
            (one["why"], self.wall(one["until"])[6:], one["because"]) for one in page["signals"]
        ]

    def pages(self) -> int:
        return sum(one.kind == "page" for one in self.world.inbox.take_all())


@pytest.fixture
def office(terminal: Terminal) -> Iterator[Office]:
    made = Office(terminal)
    made.begin("09-08 10:00")
    yield made
    terminal.world.inbox.take_all()


def test_what_it_names_opens_nothing_and_is_heard_when_it_ends(office: Office) -> None:
    made = office.window("--name", "search-*", "--for", "2h")
    office.until("09-08 10:30")
    office.world.alarm("search-unavailable")
    office.world.alarm("checkout-errors")
    assert office.titles() == ["checkout-errors"]
    assert office.held() == [("maintenance", "12:00", f"{made['id']} by ana: new index")]
    office.until("09-08 11:59")
    assert office.titles() == ["checkout-errors"]
    office.until("09-08 12:00")
    assert office.titles() == ["search-unavailable", "checkout-errors"]


def test_what_is_over_before_it_ends_is_never_heard(office: Office) -> None:
    office.window("--name", "search-*", "--for", "2h")
    office.until("09-08 10:30")
    office.world.alarm("search-unavailable")
    office.until("09-08 11:00")
    office.world.alarm("search-unavailable", state="OK")
    office.until("09-08 13:00")
    assert (office.titles(), office.pages()) == ([], 0)


def test_ended_early_what_it_held_is_heard_within_a_minute(office: Office) -> None:
    made = office.window("--name", "search-*", "--for", "2h")
    office.world.alarm("search-unavailable")
    office.until("09-08 10:30")
    assert office.titles() == []
    ended = office.terminal.json("maintenance", "end", made["id"], "--as", SAM)
    assert (ended["running"], ended["ended_by"]) == (False, "sam")
    office.until("09-08 10:31")
    assert office.titles() == ["search-unavailable"]


def test_another_that_runs_by_then_holds_it_on(office: Office) -> None:
    office.window("--name", "search-*", "--for", "1h")
    office.world.alarm("search-unavailable")
    office.until("09-08 10:50")
    office.window("--name", "search-*", "--for", "1h")
    office.until("09-08 11:10")
    assert office.titles() == []
    assert [until for _, until, _ in office.held()] == ["11:50", "11:00"]
    office.until("09-08 11:50")
    assert office.titles() == ["search-unavailable"]


def test_one_that_begins_later_holds_nothing_before(office: Office) -> None:
    begins = ("--from", office.instant("09-08 11:00").isoformat())
    office.window("--name", "search-*", "--for", "1h", *begins)
    office.world.alarm("search-unavailable")
    assert office.titles() == ["search-unavailable"]


def test_what_joins_an_open_incident_joins_it(office: Office) -> None:
    office.world.alarm("search-unavailable")
    office.until("09-08 10:05")
    office.window("--name", "search-*", "--for", "2h")
    office.world.alarm("search-unavailable", state="OK")
    office.until("09-08 10:20")
    office.world.alarm("search-unavailable")
    (office.id,) = [one["id"] for one in office.terminal.json("board", "--as", SAM)]
    assert (office.show()["firing"], office.held()) == (True, [])


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--for", "2h"), "never holds all"),
        (("--service", "shop", "--for", "25h"), "24 hours"),
        (("--service", "shop", "--for", "2h", "--from", "2026-09-07T10:00:00Z"), "in the past"),
        (("--service", "shop", "--for", "2h", "--from", "2026-11-07T10:00:00Z"), "31 days"),
    ],
)
def test_it_says_what_it_holds_and_ends_after_a_day_at_most(
    office: Office, words: tuple[str, ...], why: str
) -> None:
    code, _, err = office.terminal.run("maintenance", "set", "--reason", "x", *words, "--as", ANA)
    assert (code, why in err) == (3, True), err
    assert office.terminal.json("maintenance", "list", "--as", SAM) == []


def test_it_names_who_set_it_and_viewers_set_none(office: Office) -> None:
    office.window("--service", "shop", "--for", "24h")
    (line,) = office.terminal.json("maintenance", "list", "--as", SAM)
    assert (line["set_by"], line["reason"], line["running"]) == ("ana", "new index", True)
    text = office.terminal.text("maintenance", "list", "--as", SAM)
    assert "service shop" in text
    assert max(map(len, text.splitlines())) <= 80
    words = ("--service", "shop", "--for", "1h", "--reason", "x")
    code, _, err = office.terminal.run("maintenance", "set", *words, "--as", "vi:viewer")
    assert (code, "group_required" in err) == (4, True), err


def test_an_end_of_none_is_refused(office: Office) -> None:
    code, _, err = office.terminal.run("maintenance", "end", "m-nobodys", "--as", ANA)
    assert (code, "m-nobodys" in err) == (5, True), err
