"""Heartbeats (semantics 13): a job that does not report opens an incident, and clears it later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.told import ANA, DI, SAM, Told

if TYPE_CHECKING:
    from tests.harness.worlds.terminal import Terminal

EVERY = ("--every", "1h", "--service", "checkout", "--as", ANA)
VIEWER = "vi:viewer"


@pytest.fixture
def told(terminal: Terminal) -> Told:
    told = Told(terminal)
    told.begin("09-08 10:00")
    return told


def board(terminal: Terminal) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = terminal.json("board", "--as", SAM)
    return found


def address(terminal: Terminal, *words: str) -> str:
    made = terminal.json("heartbeat", "set", "backup", *EVERY, *words)
    return f"https://tocsin.test{made['path']}"


def one(terminal: Terminal) -> dict[str, Any]:
    (found,) = terminal.json("heartbeat", "list", "--as", ANA)
    assert isinstance(found, dict)
    return found


def test_one_that_stays_away_opens_when_its_grace_is_over(told: Told) -> None:
    """Set 10:00, every hour: the grace is 12 minutes, it is missed at 11:12 and not before."""
    terminal = told.terminal
    made = terminal.json("heartbeat", "set", "backup", *EVERY)
    assert (made["grace_seconds"], told.wall(made["expected_by"])) == (720, "09-08 11:12")
    told.until("09-08 11:11")
    assert board(terminal) == []
    told.until("09-08 11:12")
    (opened,) = board(terminal)
    assert (opened["title"], opened["severity"]) == ("No heartbeat of backup", "high")
    assert told.wall(one(terminal)["missed_at"]) == "09-08 11:12"
    assert "page" in {message.kind for message in terminal.world.inbox.take_all()}


def test_a_late_one_clears_and_the_incident_stays_open(told: Told) -> None:
    terminal = told.terminal
    url = address(terminal)
    told.until("09-08 11:12")
    told.id = board(terminal)[0]["id"]
    assert told.show()["firing"] is True
    told.until("09-08 11:30")
    assert terminal.world.visit("GET", url)[0] == 200
    told.until("09-08 11:31")
    assert (told.show()["firing"], told.show()["state"]) == (False, "open")
    assert told.wall(one(terminal)["expected_by"]) == "09-08 12:42"
    told.until("09-08 12:42")
    assert told.show()["firing"] is True, "missed again: the same incident"
    assert len(board(terminal)) == 1


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_one_that_comes_in_time_opens_nothing(told: Told, method: str) -> None:
    terminal = told.terminal
    url = address(terminal)
    for hour in range(11, 18):
        told.until(f"09-08 {hour}:11")
        assert terminal.world.visit(method, url)[0] == 200
    assert board(terminal) == []


def test_a_beat_by_the_api_is_a_beat(told: Told) -> None:
    terminal = told.terminal
    address(terminal)
    told.until("09-08 11:05")
    beaten = terminal.json("heartbeat", "beat", "backup", "--as", ANA)
    assert told.wall(beaten["expected_by"]) == "09-08 12:17"
    assert terminal.refused("heartbeat", "beat", "backups", "--as", ANA) == (5, "unknown_name")
    assert terminal.refused("heartbeat", "beat", "backup", "--as", VIEWER) == (4, "group_required")


def test_no_address_but_its_own_beats(told: Told) -> None:
    terminal = told.terminal
    url = address(terminal)
    wrong = f"{url[:-1]}{'0' if url[-1] != '0' else '1'}"
    before = one(terminal)
    for tried in (wrong, url.replace("backup", "backups"), "https://tocsin.test/beat/backup."):
        status, page, _ = terminal.world.visit("POST", tried)
        assert status == 404
        assert "backups" not in page
    assert one(terminal) == before
    again = terminal.json("heartbeat", "set", "backup", *EVERY)
    assert again["path"] is None, "it is shown once"
    newer = address(terminal, "--new-address")
    assert newer != url
    assert terminal.world.visit("POST", url)[0] == 404
    assert terminal.world.visit("POST", newer)[0] == 200


def test_one_that_is_removed_takes_its_signal_along(told: Told) -> None:
    terminal = told.terminal
    url = address(terminal)
    told.until("09-08 11:12")
    told.id = board(terminal)[0]["id"]
    removed = terminal.text("heartbeat", "remove", "backup", "--as", DI)
    assert removed == "backup is expected no longer\n"
    told.until("09-08 11:14")
    assert told.show()["firing"] is False
    assert terminal.json("heartbeat", "list", "--as", ANA) == []
    assert terminal.world.visit("POST", url)[0] == 404
    told.until("09-09 11:14")
    assert len(board(terminal)) == 1, "nothing waits for it any more"
    address(terminal)
    assert one(terminal)["last_at"] is None


def test_what_a_drill_expects_opens_a_drill(told: Told) -> None:
    terminal = told.terminal
    address(terminal, "--drill")
    told.until("09-08 11:12")
    (opened,) = board(terminal)
    assert opened["id"].startswith("DRL-")


@pytest.mark.parametrize(
    ("every", "grace", "due"),
    [("1m", None, "10:02"), ("10m", None, "10:12"), ("1h", None, "11:12"), ("1h", "5m", "11:05")],
)
def test_grace_is_a_fifth_of_the_period_and_at_least_a_minute(
    told: Told, every: str, grace: str | None, due: str
) -> None:
    words = ("--grace", grace) if grace else ()
    made = told.terminal.json("heartbeat", "set", "job", "--every", every, *words, "--as", ANA)
    assert told.wall(made["expected_by"]) == f"09-08 {due}"


@pytest.mark.parametrize(
    ("name", "every", "grace"),
    [
        ("Backup", "1h", "5m"),
        ("a b", "1h", "5m"),
        ("x", "30s", "5m"),
        ("x", "32d", "5m"),
        ("x", "1h", "30s"),
        ("x", "1h", "32d"),
    ],
)
def test_what_is_no_heartbeat_is_refused(told: Told, name: str, every: str, grace: str) -> None:
    asked = ("heartbeat", "set", name, "--every", every, "--grace", grace, "--as", ANA)
    assert told.terminal.refused(*asked) == (3, "bad_input")


@pytest.mark.parametrize("field", ["every_seconds", "grace_seconds"])
def test_a_length_beyond_every_calendar_is_refused_too(told: Told, field: str) -> None:
    body = {"every_seconds": 3600, "grace_seconds": 600} | {field: 948_636_458_269_797}
    path = "/v1/heartbeats/backup/schedule"
    status, answer, _ = told.world.request("POST", path, body, person="ana")
    assert (status, answer["code"]) == (400, "bad_input")


def test_the_list_says_what_is_missing(told: Told) -> None:
    terminal = told.terminal
    assert "nothing is expected" in terminal.text("heartbeat", "list", "--as", ANA)
    address(terminal)
    assert "well" in terminal.text("heartbeat", "list", "--as", ANA)
    told.until("09-08 11:12")
    shown = terminal.text("heartbeat", "list", "--as", ANA)
    assert "MISSING  1h     never      09-08 15:12Z" in shown
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize(
    "token",
    ["", ".", "backup", "backup.", ".00", "a" * 500, "%00.%ff", "../backup.00", "ba\x00.00"],
)
def test_whatever_stands_in_an_address_is_refused(told: Told, token: str) -> None:
    address(told.terminal)
    before = one(told.terminal)
    for method in ("GET", "HEAD", "POST"):
        status, _, _ = told.terminal.world.visit(method, f"https://tocsin.test/beat/{token}")
        assert status in {400, 404}
    assert one(told.terminal) == before
