"""What is noise and what is news, by the minute, typed by who is paged for it (semantics 13)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.alarms import notification
from tests.harness.worlds.findings import EVENTS
from tests.harness.worlds.runbooks import published, with_changes
from tests.harness.worlds.told import SAM, Told
from tocsin.incidents.runbook.policy import TriageRule
from tocsin.incidents.vocabulary import Category, Severity
from tocsin.policy.compiled.policies import default, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness.worlds.terminal import Terminal

DAY = "2026-09-08"
FALLEN = TriageRule(
    "database", "cloudwatch", "database-*", Severity.HIGH, Category.PRODUCTION, "shop"
)
CHILD = replace(FALLEN, id="child", pattern="query-*", parents=("database",))


class Heard(Told):
    """The board before a security person, and alarms at times on the wall."""

    def rules(self, *rules: TriageRule) -> None:
        changed = with_changes("acme-1", triage=(*rules, *default().triage))
        published(self.world, changed, seen=0)
        self.world.inbox.take_all()

    def alarm(self, at: str, name: str, state: str = "ALARM") -> None:
        if self.instant(at) > self.world.clock.now:
            self.until(at)
        self.world.alarm(name, state=state)

    def changes(self, name: str, *times: str) -> None:
        """It fires at the first time, clears at the second, and so on."""
        for number, at in enumerate(times):
            self.alarm(f"09-08 {at}", name, "OK" if number % 2 else "ALARM")

    def board(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.terminal.json("board", "--as", SAM)
        return found

    def only(self) -> dict[str, Any]:
        (line,) = self.board()
        self.id = line["id"]
        shown: dict[str, Any] = self.show()
        return shown

    def aside(self, *words: str) -> list[dict[str, Any]]:
        page = self.terminal.json("signals", "list", "--day", DAY, *words, "--as", SAM)
        found: list[dict[str, Any]] = page["signals"]
        return found

    def why(self) -> list[tuple[str, str]]:
        """Why signals were set aside and until when, oldest first, on the wall."""
        return [(one["why"], self.wall(one["until"])[6:]) for one in reversed(self.aside())]

    def merged(self) -> list[tuple[str, bool]]:
        """What the incident heard of, besides what it was only told: when, and whether it fires."""
        return [
            (self.wall(signal["occurred_at"])[6:], signal["firing"])
            for entry in self.terminal.json("timeline", self.id, "--as", SAM)
            if entry["type"] == "signals_merged"
            for signal in entry["content"]["signals"]
            if not signal.get("only_told")
        ]

    def keys(self) -> int:
        """How many are joined in the only one."""
        found = self.world.store.load(self.only()["id"])
        assert found is not None
        return len(found.signals)

    def pages(self) -> int:
        return sum(one.kind == "page" for one in self.world.inbox.take_all())


@pytest.fixture
def told(terminal: Terminal) -> Iterator[Heard]:
    made = Heard(terminal)
    made.begin("09-08 10:00")
    yield made
    terminal.world.inbox.take_all()


class TestFlapping:
    """Three changes within ten minutes; held until it has been quiet for ten."""

    def test_it_is_held_until_quiet_and_heard_as_if_one_by_one(self, told: Heard) -> None:
        told.changes("search-unavailable", "10:00", "10:02", "10:04", "10:06")
        assert told.only()["firing"] is False
        assert told.merged() == [("10:00", True), ("10:02", False)]
        assert told.why() == [("flapping", "10:14"), ("flapping", "10:16")]
        assert told.aside("--suppressed") == told.aside()
        told.until("09-08 10:15")
        assert len(told.merged()) == 2, "the second one held it for longer"
        told.until("09-08 10:16")
        assert told.merged()[2:] == [("10:04", True), ("10:06", False)]
        assert told.show()["firing"] is False

    def test_one_that_ends_firing_is_firing_after_it(self, told: Heard) -> None:
        told.changes("search-unavailable", "10:00", "10:02", "10:04", "10:06", "10:08")
        told.until("09-08 10:17")
        assert told.only()["firing"] is False
        told.until("09-08 10:18")
        assert told.show()["firing"] is True

    def test_a_first_firing_is_never_held(self, told: Heard) -> None:
        told.changes("search-unavailable", "10:00")
        assert told.only()["opened_at"] == "2026-09-08T14:00:00.000Z"
        assert (told.pages() > 0, told.why()) == (True, [])

    def test_two_changes_and_slow_ones_are_none(self, told: Heard) -> None:
        told.changes("search-unavailable", "10:00", "10:02", "10:11", "10:20")
        assert (told.only()["firing"], told.why()) == (False, [])

    def test_its_incident_is_told_once_that_it_flaps(self, told: Heard) -> None:
        told.changes("search-unavailable", "10:00", "10:02", "10:04", "10:06")
        told.id = told.only()["id"]
        text = told.terminal.text("timeline", told.id, "--as", SAM)
        assert " ".join(text.split()).count("flapping: held until it has been quiet") == 1

    def test_worse_is_a_raise_at_once(self, told: Heard) -> None:
        told.begin("09-08 08:40")
        told.rules(
            replace(FALLEN, id="worse", hints=(Severity.CRITICAL,), severity=Severity.CRITICAL),
            FALLEN,
        )
        told.changes("database-1", "10:00", "10:02", "10:04")
        assert told.only()["severity"] == "high"
        (held,) = told.aside()
        signal = told.world.store.held(held["key"])
        assert signal is not None
        now = told.world.clock.now
        worse = replace(signal.let_through(), id="worse", hint=Severity.CRITICAL, occurred_at=now)
        told.world.application.receive([worse])
        told.world.pump()
        assert told.show()["severity"] == "critical"

    def test_one_that_never_rests_is_looked_at_every_hour(self, told: Heard) -> None:
        """Else it could fire on and off for a day while its incident is closed."""
        times = [f"{10 + n // 12}:{n % 12 * 5:02d}" for n in range(14)]
        told.changes("search-unavailable", *times)
        assert told.only()["firing"] is False
        assert told.why()[-2:] == [("flapping", "11:10"), ("flapping", "11:10")]
        told.until("09-08 11:09")
        assert told.merged() == [("10:00", True), ("10:05", False)]
        told.until("09-08 11:10")
        assert len(told.merged()) == 14, "an hour after 10:10, when the first was held"

    def test_a_rule_may_let_every_change_through(self, told: Heard) -> None:
        told.begin("09-08 08:40")
        told.rules(replace(FALLEN, unsteady=True))
        told.changes("database-1", "10:00", "10:02", "10:04", "10:06")
        assert told.only()["firing"] is False
        assert (len(told.merged()), told.why()) == (4, [])


def test_a_clear_never_closes_and_fires_again_under_its_key(told: Heard) -> None:
    told.changes("search-unavailable", "10:00", "10:20", "10:40")
    assert (told.only()["state"], told.show()["firing"]) == ("open", True)
    assert told.merged() == [("10:00", True), ("10:20", False), ("10:40", True)]


class TestTooFew:
    """A rule that asks for three firings of a key within fifteen minutes."""

    @pytest.fixture
    def three(self, told: Heard) -> Heard:
        told.begin("09-08 08:40")
        told.rules(replace(FALLEN, at_least=3, within_minutes=15))
        return told

    def test_the_third_within_the_time_opens(self, three: Heard) -> None:
        three.changes("database-1", "10:00", "10:02", "10:06", "10:08", "10:14")
        assert three.only()["opened_at"] == "2026-09-08T14:14:00.000Z"
        assert [one["because"] for one in three.aside()] == ["under 3 within 15 minutes"] * 2

    def test_three_in_a_longer_time_open_nothing(self, three: Heard) -> None:
        three.changes("database-1", "10:00", "10:02", "10:06", "10:08", "10:16")
        assert (three.board(), three.pages()) == ([], 0)
        assert [one["why"] for one in three.aside("--suppressed")] == ["too few"] * 3

    def test_in_any_order_and_however_often_they_are_told(self, three: Heard) -> None:
        at = [three.instant(f"09-08 {time}") for time in ("10:00", "10:06", "10:14")]
        three.until("09-08 10:15")
        told = [notification("database-1", each) for each in at]
        assert three.world.deliver_alarms(told[2], told[0], told[2]) == []
        assert three.board() == []
        assert three.world.deliver_alarms(told[0], told[1]) == []
        three.world.pump()
        assert len(three.board()) == 1


class TestParent:
    """What a rule names as its parent holds it back while it fires."""

    @pytest.fixture
    def family(self, told: Heard) -> Heard:
        told.begin("09-08 08:40")
        told.rules(FALLEN, CHILD)
        return told

    def test_a_child_is_held_while_its_parent_fires_and_heard_after(self, family: Heard) -> None:
        family.alarm("09-08 10:00", "database-1")
        family.alarm("09-08 10:01", "query-slow")
        assert len(family.board()) == 1
        (held,) = family.aside("--suppressed")
        assert (held["why"], held["because"]) == ("inhibited", "while database fires")
        family.until("09-08 10:20")
        assert (len(family.board()), len(family.aside())) == (1, 1)
        family.alarm("09-08 10:20", "database-1", "OK")
        family.until("09-08 10:23")
        assert [one["title"] for one in family.board()] == ["query-slow", "database-1"]

    def test_one_that_is_over_by_then_is_never_heard(self, family: Heard) -> None:
        family.alarm("09-08 10:00", "database-1")
        family.alarm("09-08 10:01", "query-slow")
        family.alarm("09-08 10:10", "query-slow", "OK")
        family.alarm("09-08 10:20", "database-1", "OK")
        family.until("09-08 10:40")
        assert [one["title"] for one in family.board()] == ["database-1"]

    def test_without_a_parent_that_fires_it_opens(self, family: Heard) -> None:
        family.alarm("09-08 10:01", "query-slow")
        assert [one["title"] for one in family.board()] == ["query-slow"]

    def test_of_two_parents_the_one_that_opened_last_holds_back(self, family: Heard) -> None:
        family.alarm("09-08 10:00", "database-1")
        family.alarm("09-08 10:01", "database-2")
        family.alarm("09-08 10:02", "query-slow")
        assert len(family.board()) == 2
        family.alarm("09-08 10:20", "database-2", "OK")
        family.until("09-08 10:23")
        assert family.board()[0]["title"] == "query-slow"

    def test_what_is_worse_than_its_parent_is_not_held(self, told: Heard) -> None:
        told.begin("09-08 08:40")
        told.rules(FALLEN, replace(CHILD, severity=Severity.CRITICAL))
        told.alarm("09-08 10:00", "database-1")
        told.alarm("09-08 10:01", "query-slow")
        assert [one["title"] for one in told.board()] == ["query-slow", "database-1"]


def test_a_time_ahead_counts_as_now(told: Heard) -> None:
    told.begin("09-08 08:40")
    told.alarm("09-08 10:00", "orders-queue")
    ahead = told.instant("09-08 12:00")
    cleared = notification("orders-queue", ahead, state="OK")
    fired = notification("orders-queue", ahead - timedelta(minutes=1), state="ALARM")
    for late in (cleared, fired):
        assert told.world.deliver_alarms(late) == []
    told.id = told.board()[0]["id"]
    assert told.show()["firing"] is True
    told.alarm("09-08 10:30", "orders-queue", "OK")
    assert told.show()["firing"] is False, "no time ahead outranks what comes after"


class TestGrouping:
    """A rule that groups: others of its service join within ten minutes."""

    @pytest.fixture
    def grouped(self, told: Heard) -> Heard:
        told.begin("09-08 08:40")
        told.rules(replace(FALLEN, group=True))
        return told

    def test_another_key_joins_within_ten_minutes_and_opens_after(self, grouped: Heard) -> None:
        grouped.alarm("09-08 10:00", "database-1")
        assert grouped.pages() > 0
        grouped.alarm("09-08 10:10", "database-2")
        assert grouped.keys() == 2
        grouped.alarm("09-08 10:11", "database-3")
        assert len(grouped.board()) == 2

    def test_a_key_that_joined_has_that_incident_from_then_on(self, grouped: Heard) -> None:
        grouped.alarm("09-08 10:00", "database-1")
        grouped.alarm("09-08 10:05", "database-2")
        grouped.alarm("09-08 10:30", "database-2", "OK")
        grouped.alarm("09-08 10:50", "database-2")
        assert grouped.keys() == 2

    def test_jobs_of_one_host_that_stay_away_are_one_incident(self, told: Heard) -> None:
        """As shipped: heartbeats of a service."""
        for name, service in (("backup", "shop"), ("rotate", "shop"), ("mail", "post")):
            told.terminal.json(
                *("heartbeat", "set", name, "--every", "10m", "--service", service, "--as", "ana")
            )
        told.until("09-08 10:13")
        assert sorted(one["title"] for one in told.board()) == [
            "No heartbeat of backup",
            "No heartbeat of mail",
        ]


def test_what_a_rule_makes_of_noise_is_told_offline(told: Heard, tmp_path: Path) -> None:
    file = tmp_path / "acme.json"
    rule = replace(FALLEN, pattern="*", parents=("outage",), at_least=3, within_minutes=15)
    file.write_bytes(to_json(with_changes("acme-1", triage=(rule, *default().triage))))
    sample = str(EVENTS / "cloudwatch" / "sns-alarm.json")
    found = told.terminal.json("signals", "test", sample, "--runbook", str(file))
    assert found["signals"][0]["does"] == (
        "opens a high production incident from 3 of its key within 15 minutes on,"
        " not while outage fires"
    )


def test_a_batch_with_many_of_one_key_is_one_command(told: Heard) -> None:
    begun = told.instant("09-08 09:00")
    batch = [
        notification("search-unavailable", begun + timedelta(minutes=n), state=state)
        for n, state in enumerate(("ALARM", "OK") * 25)
    ]
    assert told.world.deliver_alarms(*batch) == []
    told.world.pump()
    told.only()
    entries = told.terminal.json("timeline", told.id, "--as", SAM)
    merged = [one for one in entries if one["type"] == "signals_merged"]
    assert [len(one["content"]["signals"]) for one in merged] == [50]


class TestUnknown:
    """What no rule knows is listed weekly."""

    def test_it_is_listed_by_key_and_told_in_the_first_working_minute_of_the_week(
        self, told: Heard
    ) -> None:
        told.changes("odd-thing", "10:00", "10:20", "10:40")
        told.alarm("09-08 10:50", "odder-thing")
        told.alarm("09-08 10:51", "search-unavailable")
        page = told.terminal.json("signals", "unknown", "--as", SAM)
        assert [(one["name"], one["count"]) for one in page["signals"]] == [
            ("odd-thing", 2),
            ("odder-thing", 1),
        ]
        assert page["week"] == "2026-W38"
        text = told.terminal.text("signals", "unknown", "--as", SAM)
        assert "odder-thing" in text
        assert max(map(len, text.splitlines())) <= 80
        told.until("09-14 08:59")
        assert told.world.meter.counts.get("SignalsUnknown") is None
        told.until("09-14 09:01")
        assert told.world.meter.counts["SignalsUnknown"] == 2
        told.world.meter.counts.clear()
        told.until("09-14 09:30")
        assert told.world.meter.counts.get("SignalsUnknown") is None, "told once"

    def test_what_a_rule_knows_is_not_in_it(self, told: Heard) -> None:
        told.alarm("09-08 10:00", "search-unavailable")
        page = told.terminal.json("signals", "unknown", "--as", SAM)
        assert page["signals"] == []
        assert "the rules knew everything" in told.terminal.text("signals", "unknown", "--as", SAM)


def test_all_of_it_is_counted_by_reason(told: Heard) -> None:
    told.changes("search-unavailable", "10:00", "10:02", "10:04", "10:06")
    again = notification("search-unavailable", told.instant("09-08 10:00"))
    assert told.world.deliver_alarms(again) == []
    counts = told.world.meter.counts
    assert (counts["SignalsReceived"], counts["IncidentsOpened"]) == (5, 1)
    assert (counts["SignalsMerged"], counts["SignalsSetAside"]) == (3, 2), "told, and repeated too"
