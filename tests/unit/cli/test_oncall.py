"""`tocsin oncall` and `tocsin doctor` as they are typed and read, with their exit codes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.harness.models.icalendar import events
from tests.harness.transcripts import Transcript
from tocsin.errors import MessageRefused
from tocsin.incidents.vocabulary import WayKind

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.worlds.terminal import Terminal

COMMANDER = ("--as", "chief:commander")
TURNS = (
    *("oncall", "rotation", "set", "incident_commander"),
    *("--member", "ana", "--member", "bo", "--member", "-", "--deputy", "di"),
    *("--starts", "2026-09-07T09:00", "--zone", "America/New_York"),
)


@pytest.fixture
def people(terminal: Terminal) -> None:
    """Whom the tests name is known here."""
    terminal.world.reachable("ana", "bo", "di", "eve")


@pytest.mark.usefixtures("people")
def test_a_commander_sets_turns_somebody_covers_and_everybody_reads_it(
    terminal: Terminal, tmp_path: Path
) -> None:
    typed = Transcript(terminal.capsys)
    assert typed.type("oncall") == 0
    typed.say("a responder may not say who takes turns")
    assert typed.type(*TURNS) == 4
    assert typed.type(*TURNS, *COMMANDER) == 0
    assert typed.type("oncall") == 0
    typed.say("in the week nobody takes, the next in line is asked")
    assert typed.type("oncall", "--at", "2026-09-24T12:00:00Z") == 0
    assert typed.type("oncall", "rotation", "show", "incident_commander") == 0
    assert typed.type("oncall", "rotation", "show", "security_owner") == 0
    typed.say("covering for somebody in person needs nobody's leave; sending somebody does")
    cover = ("oncall", "override", "add", "incident_commander")
    why = ("--until", "8h", "--reason", "school play", "--key", "cover-1")
    assert typed.type(*cover, "eve", *why) == 4
    assert typed.type(*cover, "eve", *why, "--as", "eve:responder") == 0
    assert typed.type(*cover, "eve", "--until", "yesterday", "--as", "eve:responder") == 3
    assert typed.type("oncall", "override", "list", "incident_commander") == 0
    ended = terminal.json("oncall", "override", "list", "incident_commander")[0]["id"]
    assert typed.type("oncall", "override", "end", "incident_commander", "none", *COMMANDER) == 5
    assert typed.type("oncall", "override", "end", "incident_commander", ended, *COMMANDER) == 0
    assert typed.type("oncall", "override", "list", "incident_commander") == 0
    assert typed.matches("oncall")

    file = tmp_path / "oncall.ics"
    line = ("oncall", "ical", "--role", "incident_commander", "--days", "21")
    assert terminal.text(*line, "--out", str(file)).startswith("4 shifts written to")
    assert terminal.text(*line) == file.read_bytes().decode()
    assert len(list(events(file.read_bytes().decode()))) == 4


@pytest.mark.usefixtures("people")
def test_the_documents_of_oncall_are_the_apis_own(terminal: Terminal) -> None:
    made = terminal.json(*TURNS, *COMMANDER)
    assert (made["members"], made["set_by"]) == (["ana", "bo", ""], "chief")
    shown = terminal.json("oncall", "rotation", "show", "incident_commander")
    assert (shown["rotation"], shown["past"]) == (made, [])
    first = terminal.json("oncall")["roles"][0]
    assert (first["primary"], first["deputies"]) == ("ana", ["di"])


@pytest.mark.parametrize("group", ["viewer", "responder", "security"])
def test_only_a_commander_sets_turns(terminal: Terminal, group: str) -> None:
    assert terminal.refused(*TURNS, "--as", f"ana:{group}") == (4, "group_required")


def test_doctor_finds_whoever_could_be_missed_before_their_turn(terminal: Terminal) -> None:
    world, typed = terminal.world, Transcript(terminal.capsys)
    world.reachable()
    world.reachable("ana", "bo", "di", "eve", kinds=[WayKind.MAIL])
    assert typed.type("doctor") == 0
    terminal.text(*TURNS, *COMMANDER)
    terminal.text(
        *("oncall", "override", "add", "mitigation_owner", "eve", "--starts", "2026-10-01T00:00"),
        *("--until", "8h", *COMMANDER),
    )
    terminal.text("contact", "remove", "all", "--person", "eve", *COMMANDER)
    world.reachable("ana", "di")
    typed.say("turns: ana, bo, nobody; di behind them; eve covers in three weeks")
    assert typed.type("doctor") == 1
    code, out, _ = terminal.run("doctor", "--json")
    assert code == 1
    assert {one["about"] for one in json.loads(out)} == {"bo", "eve"}
    world.reachable("bo", "eve")
    assert typed.type("doctor") == 0
    assert typed.matches("doctor")


def test_doctor_sends_a_test_page_by_every_way_of_a_person(terminal: Terminal) -> None:
    world = terminal.world
    world.reachable(kinds=[WayKind.SMS, WayKind.MAIL])
    code, out, err = terminal.run("doctor", "--page", "commander-primary", *COMMANDER)
    assert code == 0, out
    assert err.count("a test went to commander-primary by") == 2
    assert "Does a page arrive?" in terminal.text("doctor")
    assert "Does a page arrive?" not in out

    world.refusals["sms:"] = MessageRefused("opted out")
    code, out, err = terminal.run("doctor", "--page", "commander-primary", *COMMANDER)
    assert (code, "did not take a test" in out) == (1, True)
    assert err.count("a test went to") == 1, "the other one is tried all the same"
    code, out, _ = terminal.run("doctor", "--page", "eve", *COMMANDER)
    assert (code, "has no confirmed way" in out) == (1, True)
    world.inbox.take_all()
