"""Section 13, numbers: what people call an incident, and everything they may type for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness.worlds.told import ANA, SAM, Told
from tocsin.cli.incidents import naming
from tocsin.documents.fitting import SMS_SEPTETS, septets
from tocsin.incidents.vocabulary import WayKind

if TYPE_CHECKING:
    from tests.harness.worlds.terminal import Terminal

ON_CALL = "commander-primary"


def titled(terminal: Terminal, title: str, *words: str) -> str:
    """Opens one; its id."""
    return str(terminal.json("open", title, "--severity", "high", *words)["id"])


@pytest.fixture
def three(terminal: Terminal) -> list[str]:
    """INC-1, INC-2 and DRILL-1."""
    drill = ("--kind", "drill")
    return [
        titled(terminal, "first"),
        titled(terminal, "second"),
        titled(terminal, "third", *drill),
    ]


def test_numbers_count_real_ones_and_drills_apart_and_are_shown_first(
    terminal: Terminal, three: list[str]
) -> None:
    del three
    found = [one["name"] for one in terminal.json("board")]
    assert sorted(found) == ["DRILL-1", "INC-1", "INC-2"]
    for verb in ("show", "clocks", "metrics", "gate", "checklist"):
        first = terminal.text(verb, "2").split()[0].strip(",:")
        assert first in {"INC-2", "HIGH"}, verb
    assert "HIGH INC-2: second" in terminal.text("first", "2")


def test_what_tells_of_another_incident_calls_it_by_its_number(
    terminal: Terminal, three: list[str]
) -> None:
    """A duplicate, what waits for a second person, and the one that takes it over."""
    told = Told(terminal)
    told.id = three[1]
    same = ("close", "2", "duplicate", "--duplicate-of", "1", "--reason", "the same")
    assert terminal.run(*same, "--as", "di:commander")[0] == 8, "it waits for a second person"
    waiting = " ".join(terminal.text("first", "2", "--as", ANA).split())
    assert "close as duplicate of INC-1" in waiting
    assert "tocsin close INC-2 duplicate --duplicate-of INC-1 --reason TEXT" in waiting
    terminal.world.inbox.take_all()
    terminal.json(*same, "--as", "ed:commander")
    (ended,) = [one for one in terminal.world.inbox.all if one.kind == "closed"]
    assert "INC-1" in ended.message.text
    assert "of INC-1" in terminal.text("timeline", "2", "--as", ANA)
    assert "INC-2 is the same and goes on here" in terminal.text("timeline", "1", "--as", ANA)
    shown = terminal.text("show", "2", "--as", ANA)
    assert "goes on as" in shown
    for text in (waiting, ended.message.text, shown):
        assert three[0] not in text
    reopened = terminal.run("reopen", "2", "--reason", "no", "--as", "di:commander")
    assert "INC-2 goes on as INC-1" in " ".join(reopened[2].split())


def test_a_drill_gives_way_to_a_number(terminal: Terminal, three: list[str]) -> None:
    terminal.world.inbox.take_all()
    terminal.json("ack", "DRILL-1", "--as", ANA)
    real = terminal.json("open", "fire", "--severity", "critical")
    told = Told(terminal)
    told.until("09-08 10:01")
    assert real["name"] == "INC-3"
    stopped = [one for one in terminal.world.inbox.take_all() if "STOPPED" in one.message.subject]
    assert stopped
    for one in stopped:
        assert "STOPPED FOR INC-3" in one.message.subject
        assert "The critical incident INC-3 is real and open." in one.message.text
    assert "drill stopped for INC-3" in terminal.text("timeline", "DRILL-1")
    assert three[2] not in stopped[0].message.subject


def test_a_part_has_its_number_at_once_and_is_called_by_it(terminal: Terminal) -> None:
    whole = terminal.world.alarm("api-5xx")
    other = terminal.world.alarm("search-errors")
    assert whole is not None
    assert other is not None
    why = ("--reason", "one cause", "--as", "di:commander")
    terminal.json("merge", "1", "2", *why)
    terminal.json("merge", "1", "2", "--reason", "one cause", "--as", "ed:commander")
    key = next(key for key in other.signals if key.endswith("search-errors"))
    part = terminal.json("split", "1", "search alone", "--keys", key, *why)
    assert (part["name"], part["version"]) == ("INC-3", len(terminal.json("timeline", "3")))
    assert "1 alarms go on as INC-3" in terminal.text("timeline", "1")
    assert "1 alarms taken over from INC-1" in terminal.text("timeline", "3")


@pytest.mark.parametrize("name", ["INC-2", "inc-2", "inc2", "2", " Inc-2 ", "INC 2"])
def test_a_number_is_taken_with_or_without_its_prefix_in_any_case(
    terminal: Terminal, three: list[str], name: str
) -> None:
    assert terminal.json("show", name)["id"] == three[1]


@pytest.mark.parametrize("name", ["DRILL-1", "drill1", "drl-1"])
def test_a_drill_is_named_by_its_own_number(
    terminal: Terminal, three: list[str], name: str
) -> None:
    assert terminal.json("show", name)["id"] == three[2]
    assert terminal.json("show", "1")["id"] == three[0], "a bare number is a real one first"


def test_the_beginning_of_an_id_is_enough_where_only_one_begins_so(
    terminal: Terminal, three: list[str]
) -> None:
    first, second, _ = three
    shared = len("INC-0000000001")
    assert first[: shared - 1] == second[: shared - 1]
    for incident in (first, second):
        assert terminal.json("show", incident[:shared])["id"] == incident
        assert terminal.json("show", incident[4 : shared + 3].lower())["id"] == incident
        assert terminal.json("show", incident)["id"] == incident
    code, _, said = terminal.run("show", first[: shared - 1])
    assert code == 3
    assert "begins the ids of several incidents: " in said
    assert "INC-1 (high)" in said
    assert "INC-2 (high)" in said
    assert terminal.refused("show", "INC-9999999999")[0] == 5
    assert terminal.refused("show", "00")[0] == 5, "two characters name nothing"


def test_latest_is_the_newest_that_is_open_or_else_that_was_closed(
    terminal: Terminal, three: list[str]
) -> None:
    terminal.world.jump(5)
    newest = str(terminal.json("open", "newest", "--severity", "low")["id"])
    assert terminal.json("show", "latest")["id"] == newest
    said = ("false_positive", "--reason", "a test", "--as", "di:commander")
    assert terminal.json("close", "LATEST", *said)["id"] == newest
    assert terminal.json("show", newest)["state"] == "closed"
    assert terminal.json("show", "latest")["id"] in three


def test_names_resolve_among_what_the_asker_may_see(terminal: Terminal) -> None:
    seen = titled(terminal, "seen")
    terminal.world.jump(1)
    hidden = titled(terminal, "hidden", "--category", "security", "--restricted", "--as", SAM)
    assert terminal.json("show", "2", "--as", SAM)["id"] == hidden
    assert terminal.json("show", "latest", "--as", SAM)["id"] == hidden
    told = terminal.run("show", "INC-2", "--as", "eve")[::2]
    assert told == terminal.run("show", "INC-2", "--as", "eve")[::2]
    code, _, said = terminal.run("show", "INC-2", "--as", "eve")
    missing, _, unknown = terminal.run("show", "INC-7", "--as", "eve")
    assert (code, said) == (missing, unknown.replace("INC-7", "INC-2"))
    assert terminal.json("show", "latest", "--as", "eve")["id"] == seen
    assert terminal.refused("show", hidden[:16], "--as", "eve")[0] == 5


def test_verbs_take_names_for_the_incident_and_for_others_they_name(terminal: Terminal) -> None:
    low = ("--severity", "low")
    first, second = (terminal.json("open", title, *low)["id"] for title in ("one", "two"))
    terminal.json("ack", "1")
    assert terminal.json("note", "inc-1", "looking at it")["id"] == first
    terminal.json("merge", "1", "2", "--reason", "one cause")
    closed = terminal.json("show", "2")
    assert (closed["state"], closed["duplicate_of"]) == ("closed", first)
    assert second != first


class TestNoName:
    """Only one open incident needs no naming, where a person types."""

    @pytest.fixture(autouse=True)
    def _typed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(naming, "at_terminal", lambda: True)

    def test_the_one_that_is_open_is_meant_and_the_answer_says_which(
        self, terminal: Terminal
    ) -> None:
        titled(terminal, "the only one")
        answer = terminal.text("ack")
        assert answer.startswith("INC-1  the only one")
        assert terminal.text("note", "looking").startswith("INC-1  the only one")
        raised = ("severity", "critical", "--reason", "worse", "--yes")
        assert terminal.text(*raised).startswith("INC-1  the only one")
        assert terminal.json("show")["severity"] == "critical"

    def test_with_none_or_several_open_it_has_to_be_named(
        self, terminal: Terminal, three: list[str]
    ) -> None:
        code, _, said = terminal.run("ack")
        assert code == 3
        assert "several incidents are open: name one: " in said
        assert all(f"{name} (high)" in said for name in ("INC-1", "INC-2", "DRILL-1"))
        assert not [one for one in three if terminal.json("show", one)["round"]["acknowledged_by"]]

    def test_none_is_open(self, terminal: Terminal) -> None:
        assert "no incident is open" in terminal.run("ack")[2]

    def test_what_else_is_missing_is_told_as_it_was_typed(self, terminal: Terminal) -> None:
        titled(terminal, "the only one")
        code, _, said = terminal.run("assign", "incident_commander")
        assert code == 2
        assert "Missing argument" in said


def test_a_script_has_to_name_the_incident(terminal: Terminal) -> None:
    titled(terminal, "the only one")
    code, _, said = terminal.run("ack")
    assert code == 2
    assert "Missing argument 'INCIDENT'" in said
    assert terminal.json("show", "1")["round"]["acknowledged_by"] is None


def test_a_text_wins_twenty_characters_for_what_is_wrong(terminal: Terminal) -> None:
    told = Told(terminal)
    told.world.reachable(ON_CALL, kinds=[WayKind.SMS])
    told.open("09-08 10:00", "critical")
    (page,) = [one for one in told.world.inbox.take_all() if one.to == ON_CALL]
    short = page.message.short
    assert short.startswith("CRITICAL INC-1 checkout is down ACK by 10:15 EDT https://")
    assert septets(short) <= SMS_SEPTETS
    assert told.id not in short
    assert len(told.id) - len("INC-142") >= 20
    assert told.id in page.message.text, "the message names its id as well"


def test_an_alarm_described_for_people_is_titled_by_its_description(terminal: Terminal) -> None:
    said = "Checkout answers with errors for over 5% of customers."
    incident = terminal.world.alarm("prd-chk-5xx-a17", description=said)
    terminal.world.inbox.take_all()
    assert incident is not None
    assert incident.title == said.rstrip(".")
    assert terminal.json("ack", "1", "--as", ANA)["title"] == incident.title
