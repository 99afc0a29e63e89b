"""What is on the screen at night: the board, what a write answers, the list that ticks itself."""

from __future__ import annotations

import shlex
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.told import ANA, DI, SAM, Told
from tocsin.cli.incidents import board
from tocsin.cli.terminal import output
from tocsin.incidents.timeline.entry import parse_time
from tocsin.policy.compiled.policies import default

if TYPE_CHECKING:
    from tests.harness.worlds.terminal import Terminal

KIM = "commander-primary"
LONG = "Checkout answers with errors for over 5% of customers in Europe"


@pytest.fixture(params=[80, 120])
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Of the terminal that is looked at."""
    monkeypatch.setattr(output, "_UNSEEN_WIDTH", request.param)
    return int(request.param)


def three(terminal: Terminal) -> Told:
    """A critical that nobody has, a medium with a commander, a low."""
    told = Told(terminal)
    told.begin("09-08 10:00")
    words = ("--severity", "critical", "--service", "checkout", "--as", ANA)
    told.id = terminal.json("open", LONG, *words)["id"]
    other = terminal.json("open", "slow report", "--severity", "medium", "--as", ANA)["id"]
    terminal.json("assign", other, "incident_commander", KIM, "--as", DI)
    terminal.json("open", "a typo", "--severity", "low", "--as", ANA)
    told.until("09-08 10:20")
    return told


class TestTheBoard:
    """One line each, with what is needed to choose one."""

    def test_each_is_one_line_in_80_columns_and_nothing_but_the_title_is_cut(
        self, terminal: Terminal, width: int
    ) -> None:
        three(terminal)
        head, *rows = terminal.text("list").splitlines()
        assert len(rows) == 3
        assert {len(line.rstrip()) <= width for line in (head, *rows)} == {True}
        titles = ("number", "severity", "state", "who", "has", "it", "age", "next", "title")
        assert tuple(head.split()) == titles
        (critical,) = [row for row in rows if row.startswith("INC-1 ")]
        assert critical.split()[:6] == ["INC-1", "critical", "open", "NOBODY", "20m", "ack"]
        assert "ack LATE    Checkout answers" in critical
        (medium,) = [row for row in rows if row.startswith("INC-2 ")]
        assert "commander-p..." in medium
        assert "ack 23h40m" in medium

    def test_it_says_who_has_it_and_what_is_next_for_programs_too(self, terminal: Terminal) -> None:
        three(terminal)
        found = {one["name"]: one for one in terminal.json("list")}
        critical, medium = found["INC-1"], found["INC-2"]
        assert (critical["next"], critical["late"], critical["has_it"]) == ("ack", True, None)
        assert critical["next_due"] == "2026-09-08T14:15:00.000Z"
        assert (medium["has_it"], medium["late"]) == (KIM, False)

    def test_filters_mine_severity_service(self, terminal: Terminal) -> None:
        three(terminal)

        def names(*words: str) -> set[str]:
            return {one["name"] for one in terminal.json("list", *words)}

        assert names("--severity", "medium") == {"INC-2"}
        assert names("--service", "checkout") == {"INC-1"}
        assert names("--service", "reports") == set()
        assert names("--mine", "--as", "eve") == set()
        assert names("--mine", "--as", KIM) == {"INC-1", "INC-2", "INC-3"}, "asked, and not yet"
        terminal.json("ack", "1", "--as", ANA)
        terminal.json("ack", "3", "--as", ANA)
        assert names("--mine", "--as", ANA) == {"INC-1", "INC-3"}
        assert names("--mine", "--as", KIM) == {"INC-2"}
        assert terminal.text("list", "--mine", "--as", "eve") == "no open incidents\n"

    def test_watch_shows_it_again_until_it_is_interrupted(
        self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        three(terminal)
        waited: list[float] = []

        def pause(seconds: float) -> None:
            waited.append(seconds)
            terminal.world.jump(1)
            if len(waited) == 3:
                raise KeyboardInterrupt

        monkeypatch.setattr(board, "sleep", pause)
        code, out, _ = terminal.run("list", "--watch", "--every", "5s")
        assert (code, waited) == (130, [5.0, 5.0, 5.0])
        assert out.count("INC-1 ") == 3
        assert [" 20m " in out, " 21m " in out, " 22m " in out] == [True] * 3
        assert terminal.refused("list", "--watch")[1] == "bad_input"

    def test_no_table_breaks_a_number_an_id_or_a_code(self, terminal: Terminal, width: int) -> None:
        told = three(terminal)
        assert told.id in terminal.text("show", "1")
        gate = terminal.text("gate", "1")
        assert "fix_deployed_and_monitored " in gate
        listed = terminal.text("checklist", "1")
        for phase in terminal.json("checklist", "1")["phases"]:
            assert all(f" {item['item']} " in listed for item in phase["items"]), width


class TestAnswers:
    """A write answers with what it changed; `show` keeps what runs in sight."""

    def test_a_write_answers_in_a_few_lines_with_what_changed(self, terminal: Terminal) -> None:
        three(terminal)
        assert terminal.text("ack", "1", "--as", ANA).splitlines() == [
            f"INC-1  {LONG}",
            "critical, acknowledged; ana has it; next: update by 09-08 14:30Z",
            "  ana has it (round 1)",
        ]
        planned = terminal.text("contain", "plan", "1", "a1", "Back to 41", "--as", ANA)
        assert planned.splitlines()[2:] == ["  containment planned: Back to 41"]
        noted = terminal.text("note", "1", "looking", "--as", ANA)
        assert noted.splitlines()[2:] == ["  note: looking"]
        key = ("--key", "k1", "--as", ANA)
        terminal.text("note", "1", "once", *key)
        assert "nothing new" in terminal.text("note", "1", "once", *key)

    def test_show_keeps_deadlines_freeze_and_the_next_update_in_sight(
        self, terminal: Terminal, width: int
    ) -> None:
        told = three(terminal)
        terminal.json("ack", "1", "--as", ANA)
        told.until("09-08 11:10")
        shown = terminal.text("show", "1")
        lines = [" ".join(line.split()) for line in shown.splitlines()]
        assert "contain by 09-08 18:00Z: 2h50m left" in lines
        assert "fix by 09-09 14:00Z: 22h50m left" in lines
        assert "frozen checkout until contained" in lines
        assert any(line.startswith("next update to internal by 09-08") for line in lines)
        assert "elapsed:" not in shown + terminal.text("clocks", "1")
        assert "4 h" in terminal.text("clocks", "1")
        assert "action_done" not in terminal.text("checklist", "1") + terminal.text("first", "1")
        assert all(len(line.rstrip()) <= width for line in shown.splitlines())

    def test_freeze_alone_shows_what_is_frozen(self, terminal: Terminal) -> None:
        three(terminal)
        shown = terminal.text("freeze")
        assert shown.startswith("deployments: FROZEN\n  checkout by INC-1, since 09-08 14:00Z")
        assert terminal.json("freeze", "--service", "reports")["frozen"] is False
        assert terminal.text("freeze", "--service", "reports") == "reports: free\n"

    def test_a_length_of_time_is_typed_the_same_everywhere(self, terminal: Terminal) -> None:
        three(terminal)
        terminal.json("ack", "1", "--as", ANA)
        held = ("freeze", "extend", "1")
        for length in ("1h30m", "90m", "90"):
            words = (length, "--reason", "batch", "--as", "di:commander", "--key", length)
            entry = terminal.json(*held, *words)["recorded"]
            assert entry[0]["content"]["hold_ms"] == 90 * 60_000
        code, said = terminal.refused(*held, "90s", "--reason", "batch", "--as", "di:commander")
        assert (code, said) == (3, "bad_input")
        asked = ("waive", "2", "postmortem_published", "3d", "-r", "later", "--as", DI)
        found = terminal.json(*asked)
        assert found["waivers"][0]["expires_at"].startswith("2026-09-11")

    @pytest.mark.parametrize("length", ["1h30m", "90m", "90"])
    def test_an_approval_of_a_correction_is_typed_so_too(
        self, terminal: Terminal, length: str
    ) -> None:
        three(terminal)
        what = ("billing", "approve", "1", "sub_1", "--account", "main", "--reason", "asked to")
        said = (*what, "--lift", "--requester", KIM, "--as", DI)
        terminal.json(*said, "--minutes", length)
        entry = terminal.json("timeline", "1", "--as", SAM)[-1]
        assert parse_time(entry["content"]["expires_at"]) - parse_time(
            entry["recorded_at"]
        ) == timedelta(minutes=90)
        assert terminal.refused(*said, "--minutes", "90s")[0] == 3

    @pytest.mark.parametrize(("length", "days"), [("2d", 2), ("48h", 2), ("14", 14)])
    def test_turns_of_a_rotation_are_typed_so_too(
        self, terminal: Terminal, length: str, days: int
    ) -> None:
        told = Told(terminal)
        told.begin("09-08 10:00")
        turns = ("--member", "commander-primary", "--starts", "2026-09-07T09:00")
        said = (
            "oncall",
            "rotation",
            "set",
            "incident_commander",
            *turns,
            "--zone",
            "Europe/Berlin",
        )
        made = terminal.json(*said, "--days", length, "--as", DI)
        assert made["length_days"] == days
        assert terminal.refused(*said, "--days", "36h", "--as", DI)[0] == 3
        assert "BEGIN:VCALENDAR" in terminal.text("oncall", "ical", "--days", length, "--as", DI)
        assert terminal.refused("oncall", "ical", "--days", "400d", "--as", DI)[0] == 3


def ticks(terminal: Terminal) -> dict[str, Any]:
    """What is done on the list, and by which entry."""
    phases = terminal.json("checklist", "1", "--as", ANA)["phases"]
    items = [item for phase in phases for item in phase["items"]]
    return {one["item"]: one["shown_by"] for one in items if one["state"] == "done"}


class TestTheChecklist:
    """It ticks itself where an entry shows it, and names the entry; people settle the rest."""

    def test_every_item_that_ticks_itself_is_one_of_the_shipped_list(self) -> None:
        from tocsin.incidents.queries.checklist import _PROOFS  # noqa: PLC0415 -- its own table

        assert set(_PROOFS) <= {item.id for item in default().checklist}

    def test_roles_severity_freeze_impact_and_containment_tick_with_their_entries(
        self, terminal: Terminal
    ) -> None:
        told = Told(terminal)
        told.open("09-08 10:00", "critical")
        assert ticks(terminal) == {"set-severity": 1, "freeze-deployments": 1}
        told.say("09-08 10:05", ANA, "ack")
        told.say("09-08 10:06", ANA, "assign", "mitigation_owner", "mitigation-primary")
        assert "assign-owners" not in ticks(terminal), "one of two"
        owners = told.say("09-08 10:07", ANA, "assign", "security_owner", "security-primary")
        last = owners["recorded"][-1]["seq"]
        found = ticks(terminal)
        assert found["assign-owners"] in {entry["seq"] for entry in owners["recorded"]}, last
        counts = ("--tenants", "3", "--services", "checkout")
        told.say("09-08 10:08", ANA, "impact", "people cannot pay", *counts)
        assert "confirm-blast-radius" not in ticks(terminal), "suspected is not confirmed"
        sure = told.say(
            "09-08 10:09", "sam:security", "impact", "people cannot pay", *counts, "--confirm"
        )
        seq = sure["recorded"][0]["seq"]
        found = ticks(terminal)
        assert found["confirm-blast-radius"] == found["blast-tenants-users"] == seq
        assert "validate-containment" not in found
        told.say("09-08 10:10", "bo", "contain", "Back to 41", step="did")
        looks = ("-l", "quiet", "-s", "paid", "-t", "refunded", "--contained")
        done = told.say("09-08 10:20", ANA, "verify", *looks)
        verified = next(e for e in done["recorded"] if e["type"] == "containment_verified")
        assert ticks(terminal)["validate-containment"] == verified["seq"]
        listed = terminal.text("checklist", "1")
        assert f"entry {verified['seq']}: containment is verified" in listed
        assert "close-after-monitoring" not in ticks(terminal), "that people settle"

    def test_what_a_person_said_stands_before_what_the_record_shows(
        self, terminal: Terminal
    ) -> None:
        told = Told(terminal)
        told.open("09-08 10:00", "critical")
        words = ("set-severity", "done", "--detail", "as bad as it looks")
        told.say("09-08 10:05", ANA, "checklist", *words)
        assert ticks(terminal)["set-severity"] is None


CLOSING = [
    "tocsin ack",
    "tocsin contain did revert",
    "tocsin verify -l quiet -s paid -t refunded -c",
    "tocsin told Slow -i slow -m reverted -e 1h",
    "tocsin customers --not-tell -r internal",
    "tocsin fix done c0ffee https://ci/7 https://ci/8 https://ci/9 --all",
    "tocsin postmortem https://w/7 index -a 'add test|cy|2026-10-01T00:00Z'",
    "tocsin close resolved --final Over --residual none",
]
"""The whole path of a medium, as it is typed while it is the only one that is open."""


def test_the_closing_path_of_a_medium_is_nine_commands_and_350_characters(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.cli.incidents.naming.at_terminal", lambda: True)
    monkeypatch.setenv("TOCSIN_PERSON", f"{KIM}:commander")
    told = Told(terminal)
    told.begin("09-08 10:00")
    terminal.json("open", "report is slow", "--severity", "medium")
    for line in CLOSING[:-1]:
        terminal.text(*shlex.split(line)[1:])
        told.world.jump(5)
    told.until("09-10 10:00")
    assert terminal.json("gate", "1")["open"] is False, "the last update is missing"
    terminal.text(*shlex.split(CLOSING[-1])[1:])

    assert terminal.json("show", "1")["state"] == "closed"
    assert len(CLOSING) <= 9
    assert sum(map(len, CLOSING)) <= 350
    entries = terminal.json("timeline", "1")
    looks = [one["content"] for one in entries if one["type"] == "observed"]
    assert [(one["check"], one["detail"]) for one in looks] == [
        ("logs", "quiet"),
        ("smoke_test", "paid"),
        ("targeted_check", "refunded"),
    ], "each look says what was seen"
    runs = [one["content"]["url"] for one in entries if one["type"] == "run_ended"]
    assert runs == ["https://ci/7", "https://ci/8"], "each check says where it can be seen"
    assert not [one for one in entries if one["type"] == "item_settled"], "no box was ticked"


class TestScreens:
    """At 80 and 120 columns: no line is wider, and what is to be copied is in one piece."""

    LOOKS = (
        *("board", "show 1", "show 1 --first", "first 1", "first 2", "checklist 1", "gate 1"),
        *("clocks 1", "metrics 1", "timeline 1", "freeze", "oncall"),
        *("freeze list", "freeze history", "freeze check --service checkout"),
        *("contact list --person anastasia.konstantinopolitanskaja --as di:commander", "doctor"),
    )
    ANSWERS = (
        "ack 1 --as ana",
        "page 1 anastasia.konstantinopolitanskaja -r 'the sharding of orders is broken' --as ana",
        "assign 1 communications_owner anastasia.konstantinopolitanskaja --as di:commander",
        "severity 1 high -y --reason 'few are affected' --as di:commander",
        "contain plan 1 a1 'Back to release 41, and the feature off for all of Europe' --as ana",
        "note 1 'Nobody knows why the second shard answers with the rows of the first' --as ana",
    )

    def test_no_line_is_wider_than_the_screen(self, terminal: Terminal, width: int) -> None:
        terminal.world.reachable()
        terminal.world.reachable("anastasia.konstantinopolitanskaja")
        told = Told(terminal)
        told.begin("09-08 10:00")
        detail = "Threshold Crossed: 2 out of the last 3 datapoints were greater than (0.0)" * 2
        words = ("--severity", "critical", "--service", "checkout", "--detail", detail)
        told.id = terminal.json("open", f"{LONG}, and {LONG}", *words, "--as", ANA)["id"]
        terminal.json("open", LONG, "--severity", "high", "--as", ANA)
        told.until("09-08 10:20")
        shown = {}
        for line in (*self.LOOKS, *self.ANSWERS, *self.LOOKS):
            code, out, _ = terminal.run(*shlex.split(line))
            assert code in {0, 1, 8}, line
            shown[line] = out
        wide = [
            (line, one)
            for line, out in shown.items()
            for one in out.splitlines()
            if len(one.rstrip()) > width
        ]
        assert wide == []
        first = [one.strip() for one in shown["first 1"].splitlines()]
        command = "tocsin severity INC-1 high --reason TEXT"
        assert any(one.endswith(command) for one in first), "in one piece"
