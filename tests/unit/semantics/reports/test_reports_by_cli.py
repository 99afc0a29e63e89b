"""Reports of people (semantics 13): declared, triaged within the hour, rung where nobody looked."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlencode

import pytest

from tests.harness.fakes.crashes import Killed
from tests.harness.worlds.told import ANA, DI, SAM, Told
from tests.harness.worlds.world import BASE
from tocsin.cli.terminal import output
from tocsin.errors import SendFailed, StoreUnavailable
from tocsin.runtime.wiring.incidents import Application

if TYPE_CHECKING:
    from pathlib import Path

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


def test_one_that_cannot_ring_now_is_kept_and_rings_with_the_next_sweep(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answered as received, or whoever sends it again would have made two of it."""
    with monkeypatch.context() as broken:
        broken.setattr(Application, "receive", _unanswered)
        made = declare(told, "checkout is down", "--severity", "critical")
    assert (made["state"], board(told)) == ("waiting", [])
    told.until("09-08 10:01")
    (opened,) = board(told)
    assert opened["title"] == "checkout is down"
    assert pages(told)
    told.id = opened["id"]
    assert told.due("acknowledge") == "09-08 10:15"


def _unanswered(_: object, __: object) -> NoReturn:
    raise StoreUnavailable("no answer")


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


FORM = f"{BASE}/report"


def post(told: Told, *, source: str = "192.0.2.1", **fields: str) -> tuple[int, str, str]:
    """The form, sent: status, the report's number or "", the page."""
    given = {"title": "I see invoices of others", "reporter": "customer"} | fields
    status, page, _ = told.world.visit("POST", FORM, urlencode(given), source=source)
    found = re.search(r"R-[0-9]{8}-[0-9]{6}-[0-9A-Z]{6}", page)
    return status, found[0] if found else "", page


class TestTheForm:
    def test_it_answers_with_a_number_and_no_hint_of_anything_else(self, told: Told) -> None:
        """Whatever it leads to, and whether others said the same, the page is the same."""
        pages: set[str] = set()
        for exposure, source in (("yes", "192.0.2.1"), ("", "192.0.2.2"), ("yes", "192.0.2.3")):
            status, number, page = post(told, exposure=exposure, source=source)
            assert status == 200
            pages.add(page.replace(number, "NUMBER"))
            told.until(f"09-08 10:0{len(told.world.reports.listed(limit=9).items)}")
        assert len(pages) == 1
        assert "INC-" not in pages.pop()
        told.world.inbox.take_all()

    def test_alleged_exposure_pages_with_the_next_sweep_and_trouble_after_an_hour(
        self, told: Told
    ) -> None:
        """Received 10:00: exposure pages by 10:01 with t0 10:00; trouble at 11:00."""
        _, exposed, _ = post(told, exposure="yes")
        _, trouble, _ = post(told, title="it is slow", source="192.0.2.2")
        told.until("09-08 10:01")
        (opened,) = board(told)
        assert (opened["title"], opened["severity"]) == ("I see invoices of others", "high")
        assert pages(told)
        told.id = opened["id"]
        assert told.due("acknowledge") == "09-08 11:00"
        assert waiting(told) == [trouble]
        assert told.terminal.json("reports", "show", exposed, "--as", ANA)["incident"] == told.id
        told.until("09-08 10:59")
        assert len(board(told)) == 1
        told.until("09-08 11:00")
        assert len(board(told)) == 2

    def test_after_one_page_it_pages_again_in_ten_minutes_with_a_bundle(self, told: Told) -> None:
        """10:00 one, which pages; 10:02 to 10:06 three more: one page at 10:11 for all three."""
        post(told, exposure="yes")
        told.until("09-08 10:01")
        assert {one.to for one in pages(told)}
        for minute in (2, 4, 6):
            told.until(f"09-08 10:0{minute}")
            post(told, exposure="yes", source=f"192.0.2.{minute}")
        told.until("09-08 10:10")
        assert [one for one in pages(told) if "3 reports" in one.message.subject] == []
        assert len(board(told)) == 1
        told.until("09-08 10:11")
        newest = board(told)[0]
        assert newest["title"] == "3 reports by the public form; 3 allege that data is exposed"
        assert [one for one in pages(told) if "3 reports" in one.message.subject]
        told.id = newest["id"]
        assert told.due("acknowledge") == "09-08 11:02", "t0 is the first one's receipt"
        for minute in (12, 14):
            told.until(f"09-08 10:{minute}")
            post(told, exposure="yes", source=f"192.0.2.{minute}")
        told.until("09-08 10:30")
        assert len(board(told)) == 2, "the flood goes on: it joins what its bundle has opened"
        assert waiting(told) == []
        told.until("09-08 10:50")
        post(told, exposure="yes", source="192.0.2.50")
        told.until("09-08 10:51")
        assert len(board(told)) == 3, "after a pause one pages by itself again"

    def test_what_people_do_not_see_is_filled_in_by_robots_and_rings_nobody(
        self, told: Told
    ) -> None:
        status, number, _ = post(told, exposure="yes", website="https://spam.example")
        assert (status, bool(number)) == (200, True)
        told.until("09-08 12:00")
        assert (board(told), pages(told)) == ([], [])
        listed = told.terminal.text("reports", "list", "--as", ANA)
        assert number in listed
        assert "ROBOT?" in listed

    @pytest.mark.parametrize(
        "fields",
        [
            {"title": ""},
            {"title": " "},
            {"title": "x" * 201},
            {"detail": "x" * 4001},
            {"reporter": "team"},
            {"reporter": ""},
            {"contact": "kim"},
            {"contact": "a@b.example\r\nBcc: all@corp.example"},
        ],
    )
    def test_what_cannot_be_taken_says_why_and_keeps_what_was_typed(
        self, told: Told, fields: dict[str, str]
    ) -> None:
        status, number, page = post(told, **{"detail": "typed <i>text</i>", **fields})
        assert (status in {400, 413}, number) == (True, "")
        assert 'role="alert"' in page
        if "detail" not in fields:
            assert "typed &lt;i&gt;text&lt;/i&gt;" in page
        assert told.world.reports.listed(limit=9).items == ()

    def test_nothing_runs_and_nothing_is_fetched_on_its_pages(self, told: Told) -> None:
        status, page, headers = told.world.visit("GET", FORM)
        assert status == 200
        assert "script" not in page
        assert headers["content-security-policy"].startswith(
            "default-src 'none'; style-src 'sha256-"
        )
        style = page.partition("<style>")[2].partition("</style>")[0]
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in headers["content-security-policy"]
        for name in ("title", "detail", "contact", "website"):
            assert f'<label for="{name}">' in page
            assert f'id="{name}"' in page

    def test_one_address_gets_five_in_ten_minutes_and_all_together_sixty(self, told: Told) -> None:
        statuses = [post(told)[0] for _ in range(1000)]
        assert statuses == [200] * 5 + [429] * 995
        kept = told.world.reports.listed(limit=200).items
        assert len(kept) == 5, "what was accepted is kept, and nothing else"
        assert post(told, source="192.0.2.2")[0] == 200
        told.until("09-08 10:10")
        assert post(told)[0] == 200

    def test_a_network_of_ipv6_is_one_address_and_no_header_counts(self, told: Told) -> None:
        found = [post(told, source=f"2001:db8:1:2::{each:x}")[0] for each in range(6)]
        assert found == [200] * 5 + [429]
        assert post(told, source="2001:db8:1:3::1")[0] == 200
        status, _, _ = post(told, source="::ffff:192.0.2.7")
        assert [status] + [post(told, source="192.0.2.7")[0] for _ in range(5)] == [200] * 5 + [429]

    def test_a_flood_from_a_thousand_addresses_pages_once_and_loses_nothing_accepted(
        self, told: Told
    ) -> None:
        """10,000 posts in a minute: sixty are kept; one page, and ten minutes later one more."""
        numbers: list[str] = []
        for number in range(10_000):
            source = f"198.18.{number % 1000 // 250}.{number % 250}"
            status, reference, _ = post(told, source=source, exposure="yes")
            assert status in {200, 429}
            numbers += [reference] if status == 200 else []
            if number == 0:
                told.until("09-08 10:01")
        assert len(numbers) == 60
        told.until("09-08 10:10")
        assert len(board(told)) == 1
        first = {one.message.attributes["incident"] for one in pages(told)}
        assert len(first) == 1
        told.until("09-08 10:40")
        assert len(board(told)) == 2
        assert board(told)[0]["title"].startswith("59 reports by the public form")
        kept = told.world.reports.listed(limit=200).items
        assert {one.reference for one in kept} == set(numbers)
        assert all(one.rung_at for one in kept)
        told.world.inbox.take_all()

    def test_researchers_find_where_to_report(self, told: Told) -> None:
        """RFC 9116: Contact and Expires must be there, Expires less than a year from now."""
        status, text, headers = told.world.visit("GET", f"{BASE}/.well-known/security.txt")
        assert (status, headers["content-type"]) == (200, "text/plain; charset=utf-8")
        fields = dict(line.split(": ", 1) for line in text.splitlines())
        assert fields["Contact"] == FORM
        assert fields["Canonical"] == f"{BASE}/.well-known/security.txt"
        ahead = datetime.fromisoformat(fields["Expires"]) - told.world.wall.now
        assert timedelta(days=30) < ahead < timedelta(days=365)


def test_a_report_as_the_api_answers_it_is_explained_offline(told: Told, tmp_path: Path) -> None:
    """The file and the functions make the same signals of it: key, name, severity, and rule."""
    made = declare(told, "a stranger's invoice", "--exposure", "--reporter", "customer")
    file = tmp_path / "report.json"
    file.write_text(json.dumps(made))
    found = told.terminal.json("signals", "test", str(file))
    assert found["source"] == "report"
    one, end = found["signals"]
    assert (one["rule"], one["severity"]) == ("report-exposure-within", "critical")
    assert (one["says"], end["says"]) == ("fires", "clears")
    opened = told.world.store.load(made["incident"])
    assert opened is not None
    assert list(opened.signals) == [one["key"]] == [end["key"]]
    assert (opened.severity, opened.category) == (one["severity"], "security")


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

    @pytest.mark.parametrize("by_form", [True, False])
    def test_a_confirmed_address_hears_once_what_came_of_it_and_is_erased(
        self, told: Told, *, by_form: bool
    ) -> None:
        contact = {"contact": "kim@example.com"}
        reference = post(told, **contact)[1] if by_form else self.told_by(told)
        told.until("09-08 10:01")
        (question,) = self.mails(told)
        url = re.findall(r"https://\S+", question.message.text)[0]
        for method in ("GET", "HEAD", "GET"):
            assert told.world.visit(method, url)[0] == 200, "a mail scanner opens every link"
        told.terminal.json("reports", "answer", reference, "no_problem", "--as", ANA)
        told.until("09-08 10:05")
        assert self.mails(told) == []
        assert told.world.visit("POST", url)[0] == 200
        told.until("09-08 10:06")
        (outcome,) = self.mails(told)
        assert "it works as it is meant to" in outcome.message.text
        assert told.world.reports.correspondent(reference) is None
        told.until("09-08 11:06")
        assert self.mails(told) == []
        assert told.world.visit("POST", url)[0] == 404

    def test_confirmed_first_it_is_told_when_somebody_answers(self, told: Told) -> None:
        reference = post(told, contact="kim@example.com")[1]
        told.until("09-08 10:01")
        (question,) = self.mails(told)
        url = re.findall(r"https://\S+", question.message.text)[0]
        for _ in range(2):
            assert told.world.visit("POST", url)[0] == 200
        told.until("09-08 10:30")
        assert self.mails(told) == []
        told.terminal.json("reports", "answer", reference, "known", "--as", ANA)
        told.until("09-08 10:31")
        assert len(self.mails(told)) == 1

    def closed(self, told: Told, incident: str, *words: str) -> None:
        for person in ("di:commander", "bo"):
            told.terminal.run("close", incident, *words, "--as", person)
        assert told.terminal.json("show", incident, "--as", SAM)["state"] == "closed"

    def confirmed(self, told: Told, reference: str) -> str:
        """Who reported says that it was them; the incident that somebody opens of it."""
        told.until("09-08 10:01")
        url = re.findall(r"https://\S+", self.mails(told)[0].message.text)[0]
        assert told.world.visit("POST", url)[0] == 200
        opened = told.terminal.json(
            *("reports", "open", reference, "--severity", "low", "--as", "di:commander")
        )
        told.world.inbox.take_all()
        return str(opened["incident"])

    def test_closing_the_incident_answers_the_report_that_opened_it(self, told: Told) -> None:
        reference = self.told_by(told)
        incident = self.confirmed(told, reference)
        self.closed(told, incident, "false_positive", "--reason", "it is meant to be empty")
        told.until("09-08 10:05")
        (outcome,) = self.mails(told)
        assert "it works as it is meant to" in outcome.message.text
        assert "meant to be empty" not in outcome.message.text, "the reason is ours"
        report = told.terminal.json("reports", "show", reference, "--as", ANA)
        assert (report["outcome"], report["answered_by"]) == ("no_problem", "di")
        assert told.world.reports.correspondent(reference) is None

    def test_what_somebody_has_answered_stays_and_is_told_once(self, told: Told) -> None:
        reference = self.told_by(told)
        incident = self.confirmed(told, reference)
        told.terminal.json("reports", "answer", reference, "known", "--as", ANA)
        told.until("09-08 10:03")
        assert len(self.mails(told)) == 1
        self.closed(told, incident, "false_positive", "--reason", "it is known")
        told.until("09-08 10:05")
        assert self.mails(told) == []
        report = told.terminal.json("reports", "show", reference, "--as", ANA)
        assert report["outcome"] == "known"

    def test_a_duplicate_answers_nothing_and_its_target_answers_for_it(self, told: Told) -> None:
        reference = self.told_by(told)
        incident = self.confirmed(told, reference)
        target = told.terminal.json("open", "exports are empty", "--severity", "low", "--as", ANA)
        for person in ("di:commander", "bo"):
            why = ("--reason", "one trouble", "--as", person)
            told.terminal.run("merge", target["id"], incident, *why)
        assert told.terminal.json("show", incident, "--as", SAM)["state"] == "closed"
        told.until("09-08 10:05")
        assert self.mails(told) == []
        self.closed(told, target["id"], "false_positive", "--reason", "a test of ours")
        told.until("09-08 10:07")
        assert len(self.mails(told)) == 1

    @pytest.mark.parametrize("of", ["its own", "a later one's"])
    def test_reports_of_a_bundle_are_answered_too(self, told: Told, of: str) -> None:
        post(told, exposure="yes")
        told.until("09-08 10:01")
        numbers = [post(told, exposure="yes", title=f"once more {n}")[1] for n in range(3)]
        told.until("09-08 10:12")
        board = told.terminal.json("board", "--as", SAM)
        (bundle,) = [one["id"] for one in board if one["title"].startswith("3 reports")]
        if of == "a later one's":
            told.until("09-08 10:13")
            target = told.terminal.json("open", "bots", "--severity", "low", "--as", ANA)
            for person in ("di:commander", "bo"):
                why = ("--reason", "one trouble", "--as", person)
                told.terminal.run("merge", target["id"], bundle, *why)
            bundle = target["id"]
        self.closed(told, bundle, "false_positive", "--reason", "a bot has sent them")
        reports = told.world.reports.listed(limit=9).items
        found = {one.reference: one.outcome for one in reports}
        assert [found.pop(number) for number in numbers] == ["no_problem"] * 3
        assert set(found.values()) == {None}

    @pytest.mark.parametrize(
        "dies", ["before it closes", "before it answers", "before it tells", "after it answered"]
    )
    def test_whoever_dies_while_closing_leaves_the_answer_to_the_sweep(
        self, told: Told, monkeypatch: pytest.MonkeyPatch, dies: str
    ) -> None:
        reference = self.told_by(told)
        incident = self.confirmed(told, reference)
        words = ("close", incident, "false_positive", "--reason", "it is meant to be empty")

        def killed(*_given: object, **_named: object) -> NoReturn:
            raise Killed(dies)

        where = {
            "before it closes": (told.world.store, "commit"),
            "before it answers": (told.world.reports, "save"),
            "before it tells": (told.world.reports, "save_correspondent"),
            "after it answered": (told.world.reports, "settle"),
        }
        with monkeypatch.context() as patched:
            patched.setattr(*where[dies], killed)
            with pytest.raises(Killed):
                told.terminal.run(*words, "--as", "di:commander")
        closed = dies != "before it closes"
        found = told.terminal.json("show", incident, "--as", SAM)
        assert (found["state"] == "closed") is closed
        told.until("09-08 10:05")
        report = told.terminal.json("reports", "show", reference, "--as", ANA)
        assert report["outcome"] == ("no_problem" if closed else None)
        assert report["answered_by"] == ("di" if closed else "")
        told.until("09-08 10:10")
        assert len(self.mails(told)) == closed
        assert told.world.reports.owed(at=told.world.clock.now, limit=1) == ()

    def test_no_other_link_confirms_and_none_after_a_week(self, told: Told) -> None:
        post(told, contact="kim@example.com")
        told.until("09-08 10:01")
        (question,) = self.mails(told)
        url = re.findall(r"https://\S+", question.message.text)[0]
        wrong = url[:-1] + ("0" if url[-1] != "0" else "1")
        for tried in (wrong, f"{BASE}/report/confirm/x", f"{BASE}/report/confirm/."):
            for method in ("GET", "POST"):
                assert told.world.visit(method, tried)[0] == 404
        told.until("09-15 10:01")
        assert told.world.visit("POST", url)[0] == 404

    def test_spam_is_told_nothing_and_its_address_goes(self, told: Told) -> None:
        reference = self.told_by(told)
        told.terminal.json("reports", "answer", reference, "spam", "--as", ANA)
        told.until("09-08 10:30")
        assert self.mails(told) == []
        assert told.world.reports.correspondent(reference) is None

    def test_a_mailbox_that_does_not_answer_is_tried_five_times(self, told: Told) -> None:
        reference = self.told_by(told)
        told.world.refusals["mail:"] = SendFailed("too busy")
        told.until("09-08 10:12")
        assert self.mails(told) == []
        del told.world.refusals["mail:"]
        told.until("09-08 10:20")
        assert len(self.mails(told)) == 1
        other = self.told_by(told)
        told.world.refusals["mail:"] = SendFailed("too busy")
        for minute in range(21, 50):
            told.until(f"09-08 10:{minute}")
        assert told.world.reports.correspondent(other) is None
        assert told.world.reports.correspondent(reference) is not None
