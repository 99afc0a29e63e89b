"""Reports of people (semantics 13): declared, triaged within the hour, rung where nobody looked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.told import ANA, DI, SAM, Told
from tocsin.cli.terminal import output

if TYPE_CHECKING:
    from tests.harness.worlds.inbox import Received
    from tests.harness.worlds.terminal import Terminal

VIEWER = "vi:viewer"


@pytest.fixture
def told(terminal: Terminal) -> Told:
    told = Told(terminal)
    told.begin("09-08 10:00")
    return told


def declare(told: Told, title: str, *words: str) -> dict[str, Any]:
    made = told.terminal.json("declare", title, *words, "--as", ANA)
    assert isinstance(made, dict)
    return made


def board(told: Told) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = told.terminal.json("board", "--as", SAM)
    return found


def waiting(told: Told) -> list[str]:
    return [one["reference"] for one in told.terminal.json("reports", "list", "--as", ANA)]


def pages(told: Told) -> list[Received]:
    return [one for one in told.world.inbox.take_all() if one.kind == "page"]


def test_one_with_a_severity_opens_at_once_and_t0_is_its_receipt(told: Told) -> None:
    made = declare(told, "checkout is down", "--severity", "critical", "--service", "checkout")
    (opened,) = board(told)
    assert (opened["title"], opened["severity"]) == ("checkout is down", "critical")
    assert made["incident"] == opened["id"]
    assert pages(told)
    told.id = opened["id"]
    assert told.dues() == ("09-08 10:15", "09-08 14:00", "09-09 10:00")
    assert told.show()["firing"] is False, "a person tells once; nothing would ever clear it"
    assert waiting(told) == []


def test_one_that_alleges_exposure_pages_at_once(told: Told) -> None:
    words = ("--exposure", "--reporter", "customer")
    made = declare(told, "a stranger's invoice in my account", *words)
    (opened,) = board(told)
    assert (opened["severity"], opened["category"]) == ("critical", "security")
    assert made["state"] == "rung"
    assert pages(told)


def test_one_that_nobody_triages_within_the_hour_pages(told: Told) -> None:
    """Received 10:00, triage due 11:00: nothing at 10:59, a page at 11:00, counted from 10:00."""
    made = declare(told, "the export is empty", "--reporter", "customer", "--service", "export")
    assert told.wall(made["triage_due"]) == "09-08 11:00"
    told.until("09-08 10:59")
    assert (board(told), pages(told)) == ([], [])
    assert waiting(told) == [made["reference"]]
    told.until("09-08 11:00")
    (opened,) = board(told)
    assert (opened["title"], opened["severity"]) == ("the export is empty", "high")
    assert pages(told)
    assert waiting(told) == []
    told.id = opened["id"]
    assert told.due("acknowledge") == "09-08 11:00", "t0 is 10:00, whenever it was triaged"
    told.until("09-08 13:00")
    assert len(board(told)) == 1


def test_one_that_is_triaged_in_time_pages_nobody_later(told: Told) -> None:
    low = declare(told, "a label is cut off")
    none = declare(told, "it is slow here", "--reporter", "customer")
    told.until("09-08 10:30")
    terminal = told.terminal
    opened = terminal.json("reports", "open", low["reference"], "--severity", "low", "--as", ANA)
    terminal.json("reports", "answer", none["reference"], "no_problem", "--as", DI)
    assert waiting(told) == []
    told.world.inbox.take_all()
    told.until("09-08 12:30")
    assert [one["id"] for one in board(told)] == [opened["incident"]]
    assert pages(told) == []
    measured = terminal.json("metrics", opened["incident"], "--as", SAM)
    assert (measured["time_to_triage"], measured["triaged"]) == (1800, "met")


def test_late_triage_is_measured_as_missed(told: Told) -> None:
    declare(told, "the export is empty")
    told.until("09-08 11:05")
    (opened,) = board(told)
    measured = told.terminal.json("metrics", opened["id"], "--as", SAM)
    assert (measured["time_to_triage"], measured["triaged"]) == (3900, "missed")


def test_what_is_no_act_on_a_report_is_refused(told: Told) -> None:
    terminal = told.terminal
    made = declare(told, "a label is cut off")["reference"]
    assert terminal.refused("reports", "list", "--as", VIEWER) == (4, "group_required")
    assert terminal.refused("declare", "x", "--as", VIEWER) == (4, "group_required")
    other = made[:-6] + "ZZZZZZ"
    assert terminal.refused("reports", "show", other, "--as", ANA) == (5, "unknown_name")
    assert terminal.refused("reports", "show", "nonsense", "--as", ANA) == (5, "unknown_name")
    terminal.json("reports", "answer", made, "known", "--as", ANA)
    again = ("reports", "answer", made, "known", "--as", DI)
    assert terminal.refused(*again) == (6, "illegal_transition")
    late = ("reports", "open", made, "--severity", "high", "--as", DI)
    assert terminal.refused(*late) == (6, "illegal_transition")
    put_right = terminal.json("reports", "answer", made, "fixed", "--as", DI)
    assert put_right["outcome"] == "fixed"
    assert terminal.refused("declare", " ", "--as", ANA) == (3, "bad_input")
    assert terminal.refused("declare", "x" * 201, "--as", ANA) == (3, "payload_too_large")
    bad = ("declare", "x", "--contact", "a@b.example\r\nBcc: all@corp.example", "--as", ANA)
    assert terminal.refused(*bad) == (3, "bad_input")


def test_nobody_says_when_it_was_received(told: Told) -> None:
    body = {"title": "x", "received_at": "2030-01-01T00:00:00Z"}
    status, answer, _ = told.world.request("POST", "/v1/reports", body, person="ana")
    assert (status, answer["code"]) == (400, "bad_input")


def test_the_same_request_twice_is_one_report(told: Told) -> None:
    for status in (201, 200):
        found, answer, headers = told.world.request(
            "POST",
            "/v1/reports",
            {"title": "checkout is down", "severity": "high"},
            person="ana",
            headers={"idempotency-key": "ticket-4711"},
        )
        assert found == status, answer
    assert headers["idempotency-replayed"] == "true"
    assert len(board(told)) == 1


def test_the_screens_say_what_to_do_next_in_eighty_columns(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "_UNSEEN_WIDTH", 80)
    terminal = told.terminal
    assert terminal.text("reports", "list", "--as", ANA) == "no report waits\n"
    said = terminal.text(
        "declare", "the export is empty, and has been since the change", "--as", ANA
    )
    assert "pages unless somebody has looked by 09-08 15:00 UTC" in said
    number = said.split()[0]
    assert f"tocsin reports open {number} --severity high" in said
    listed = terminal.text("reports", "list", "--as", ANA)
    assert number in listed
    shown = terminal.text("reports", "show", number, "--as", ANA)
    assert "triage    due 09-08 15:00 UTC" in shown
    for screen in (said, listed, shown):
        assert max(map(len, screen.splitlines())) <= 80


class TestTheOutcome:
    """It goes back to whoever reported, in fixed words, once their address is confirmed."""

    def told_by(self, told: Told, contact: str = "kim@example.com") -> str:
        words = ("--reporter", "customer", "--contact", contact)
        return str(declare(told, "the export <b>is</b> empty", *words)["reference"])

    def mails(self, told: Told) -> list[Received]:
        return [one for one in told.world.inbox.take_all() if one.to == "reporter"]

    def test_nothing_but_one_question_goes_to_an_address_nobody_confirmed(self, told: Told) -> None:
        reference = self.told_by(told)
        told.until("09-08 10:01")
        (question,) = self.mails(told)
        assert (question.channel, reference in question.message.text) == ("mail", True)
        assert "export" not in question.message.text, "nothing that somebody typed is mailed"
        told.terminal.json("reports", "answer", reference, "fixed", "--as", ANA)
        told.until("09-09 10:01")
        assert self.mails(told) == []
        assert "kim@example.com" not in told.terminal.text(
            "reports", "show", reference, "--as", ANA
        )

    def test_one_address_is_asked_three_times_a_day_at_most(self, told: Told) -> None:
        for _ in range(5):
            self.told_by(told, "Kim@example.com")
        self.told_by(told, "lee@example.com")
        told.until("09-08 10:01")
        assert len(self.mails(told)) == 3 + 1
        told.until("09-08 10:30")
        assert self.mails(told) == []
