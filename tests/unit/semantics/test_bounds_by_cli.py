"""What comes in is bounded where it comes in, by the kind of its value, typed and over HTTP."""

from __future__ import annotations

import json
import shlex
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.stories import ANA as ANA_ACTOR
from tests.harness.worlds.stories import make
from tests.harness.worlds.told import ANA, BO, DI, T0, Told
from tocsin.cli import main
from tocsin.errors import BadInput
from tocsin.incidents import limits
from tocsin.incidents.commands.record import CorrectBeginning
from tocsin.incidents.commands.shapes import shapes
from tocsin.incidents.commands.verbs import STEP, VERBS
from tocsin.incidents.timeline.entry import parse_time

if TYPE_CHECKING:
    from tests.harness.worlds.terminal import Terminal

OUTSIDE = ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00")
TOO_LARGE = 2**53


def fields(kind: type) -> list[tuple[str, str, str]]:
    """Every verb, step and field of a kind, besides those of its envelope."""
    return [
        (verb, step, shape.name)
        for verb, found in VERBS.items()
        for step, command in found.steps.items()
        for shape in shapes(command)  # type: ignore[arg-type] # a class is hashable
        if shape.kind is kind and not shape.many
    ]


def body(verb: str, step: str, name: str, value: Any) -> dict[str, Any]:
    """A body in which everything but the field is well formed enough to be read."""
    command = VERBS[verb].steps[step]
    found: dict[str, Any] = {STEP: step} if step else {}
    for shape in shapes(command):  # type: ignore[arg-type] # a class is hashable
        if shape.required and shape.name != name:
            plain: dict[type, Any] = {int: 1, bool: True, datetime: "2026-09-08T10:00:00Z"}
            filler = [] if shape.many else plain.get(shape.kind, "x")
            if issubclass(shape.kind, StrEnum):
                filler = next(iter(shape.kind)).value
            found[shape.name] = filler
    return found | {name: value}


def times() -> list[tuple[str, str, str]]:
    return [*fields(datetime), ("note", "", "occurred_at")]


@pytest.mark.parametrize(("verb", "step", "name"), times())
def test_a_time_outside_the_century_is_refused_in_every_field(
    terminal: Terminal, verb: str, step: str, name: str
) -> None:
    told = Told(terminal).open(T0, "high")
    for text in OUTSIDE:
        status, answer, _ = terminal.world.request(
            "POST", f"/v1/incidents/{told.id}/{verb}", body(verb, step, name, text), person=BO
        )
        assert (status, answer["code"], answer["field"]) == (400, "bad_input", name), answer


@pytest.mark.parametrize(("verb", "step", "name"), fields(int))
def test_a_number_beyond_what_readers_of_json_take_is_refused_in_every_field(
    terminal: Terminal, verb: str, step: str, name: str
) -> None:
    told = Told(terminal).open(T0, "high")
    status, answer, _ = terminal.world.request(
        "POST", f"/v1/incidents/{told.id}/{verb}", body(verb, step, name, TOO_LARGE), person=BO
    )
    assert (status, answer["code"], answer["field"]) == (400, "bad_input", name), answer


@pytest.mark.parametrize(("verb", "step", "name"), fields(int))
def test_a_number_no_calendar_has_room_for_is_answered_in_every_field(
    terminal: Terminal, verb: str, step: str, name: str
) -> None:
    """A whole number that JSON holds is more minutes, or days, than there are."""
    told = Told(terminal).open(T0, "high")
    told.acknowledge(T0, DI)
    for number in (limits.WHOLE, -limits.WHOLE):
        status, answer, _ = terminal.world.request(
            "POST",
            f"/v1/incidents/{told.id}/{verb}",
            body(verb, step, name, number),
            person="di",
            group="commander",
        )
        assert status < 500, answer


@pytest.mark.parametrize("option", ["--began-at", "--received-at"])
@pytest.mark.parametrize("text", OUTSIDE)
def test_so_is_one_that_is_typed(terminal: Terminal, option: str, text: str) -> None:
    words = ("open", "it is down", "--severity", "low", option, text)
    assert terminal.refused(*words)[1] == "bad_input"


def test_a_beginning_of_before_there_was_a_bound_stays_readable(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Told(terminal).open(T0, "high")
    first: datetime = parse_time("0001-01-01T00:00:00Z")
    wish = make(
        CorrectBeginning, ANA_ACTOR, incident_id=told.id, command_id="b", began_at=first, reason="x"
    )
    terminal.world.application.execute(wish)
    for words in (("show", told.id), ("first", told.id), ("timeline", told.id), ("board",)):
        assert terminal.text(*words)


@pytest.mark.parametrize("name", ["x" * 3_000, "INC-1/gate", "INC-1\n", ""])
def test_what_is_no_id_is_refused_before_it_is_asked_for(terminal: Terminal, name: str) -> None:
    for verb in ("show", "first", "ack", "gate"):
        assert terminal.refused(verb, name) == (3, "bad_input")


@pytest.mark.parametrize("path", ["/v1/incidents/{}", "/v1/incidents/{}/gate", "/v1/oncall/{}"])
def test_a_path_or_a_query_without_end_is_refused(terminal: Terminal, path: str) -> None:
    status, answer, _ = terminal.world.request("GET", path.format("x" * 3_000), person=BO)
    assert (status, answer["code"]) == (400, "bad_input")
    query = {"cursor": "x" * 3_000}
    status, answer, _ = terminal.world.request("GET", "/v1/incidents", person=BO, query=query)
    assert (status, answer["code"], answer["field"]) == (400, "bad_input", "cursor")


def test_numbers_up_to_the_bound_are_taken(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "high")
    told.say(T0, ANA, "impact", "everybody", "--users", str(limits.WHOLE))
    assert told.show()["impact"]["users"] == limits.WHOLE
    with pytest.raises(BadInput):
        limits.whole("users", -TOO_LARGE)


def test_errors_in_json_carry_the_true_code_and_status(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    told = Told(terminal).open(T0, "high")
    for words, code, error, status in (
        (("resume", told.id), 4, "group_required", 403),
        (("show", "INC-NONE"), 5, "unknown_incident", 404),
        (("reopen", told.id, "--reason", "x"), 6, "illegal_transition", 409),
        (("show", "INC-1/gate"), 3, "bad_input", 400),
    ):
        assert terminal.refused(*words, "--as", BO) == (code, error)
        found = said(capsys, *words, "--as", BO)
        assert (found["code"], found["status"]) == (error, status)
    assert said(capsys, "close", told.id)["code"] == "usage"
    assert main.run(["--json", "close", told.id]) == 2


def said(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """What goes to stderr with --json."""
    capsys.readouterr()
    main.run(["--json", *words])
    found: dict[str, Any] = json.loads(capsys.readouterr().err)["error"]
    return found


TURNED = "api \x1b[2J\x1b[31mdown\u202egnp.exe\u2066 \u200b\x9b1m"
SHOWN = "api \\x1b[2J\\x1b[31mdown\\u202egnp.exe\\u2066 \\u200b\\x9b1m"


def test_text_from_outside_moves_no_cursor_and_turns_no_line_around(terminal: Terminal) -> None:
    told = Told(terminal)
    told.begin(T0)
    incident = terminal.world.alarm(TURNED)
    assert incident is not None
    screens = [
        terminal.text(*words)
        for words in (
            ("board",),
            ("show", incident.id),
            ("first", incident.id),
            ("timeline", incident.id),
        )
    ]
    for screen in screens:
        assert not {"\x1b", "\u202e", "\u2066", "\u200b", "\x9b"} & set(screen)
    assert any(SHOWN in screen for screen in screens)
    code, out, _ = terminal.run("show", incident.id, "--json")
    assert code == 0
    assert "\u202e" not in out
    assert json.loads(out)["title"] == incident.title, "the value is what it was"
    _, _, err = terminal.run("show", "INC-\u202e1")
    assert "\u202e" not in err


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "FILE:///etc/x"])
def test_a_place_or_a_link_is_no_code_and_no_file(terminal: Terminal, address: str) -> None:
    told = Told(terminal).open(T0, "high")
    for words in (
        ("channel", told.id, "room", address),
        ("link", told.id, "evidence", address),
        ("fix", "link", told.id, "c0ffee", "--url", address),
        ("postmortem", told.id, address, "cause", "--actions", "a | cy | 2026-10-01T00:00:00Z"),
    ):
        assert terminal.refused(*words)[1] == "bad_input", words
    for fine in ("https://meet.example/x", "+1 555 0100: pin 7", "#incident-7", "tel:+15550100"):
        told.say(T0, ANA, "channel", "room", fine)


@pytest.mark.parametrize(
    "words",
    [
        *("ack 1", "note 1 seen", "open lost --severity high", "clear 1 x -r gone"),
        "oncall override add incident_commander eve --until 8h",
    ],
)
def test_what_a_viewer_may_not_do_is_told_without_the_address_of_a_role(
    terminal: Terminal, words: str
) -> None:
    Told(terminal).open("09-08 10:00", "critical")
    code, out, err = terminal.run(*shlex.split(words), "--as", "vi:viewer")
    assert code == 4, out + err
    assert "arn:" not in out + err
    assert "assumed-role" not in out + err
