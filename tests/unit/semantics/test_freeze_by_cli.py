"""The deploy freeze (semantics 10), typed; asked for as a pipeline asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.told import ANA, DI, T0, Told

if TYPE_CHECKING:
    from tests.harness.worlds.terminal import Terminal


def asked(terminal: Terminal, **query: str) -> dict[str, Any]:
    wanted = {"service": "checkout"} | query
    status, found, _ = terminal.world.request("GET", "/v1/freeze", person=ANA, query=wanted)
    assert status == 200, found
    return found


def frozen(terminal: Terminal, **query: str) -> bool:
    return bool(asked(terminal, **query)["frozen"])


def acknowledged(terminal: Terminal, severity: str = "high", *words: str) -> Told:
    told = Told(terminal).open(T0, severity, *words)
    told.acknowledge(T0, DI)
    return told


@pytest.mark.parametrize(
    ("severity", "environment", "expected"),
    [
        ("critical", "production", True),
        ("high", "production", True),
        ("medium", "production", False),
        ("low", "production", False),
        ("critical", "staging", False),
        *(
            ("high", name, True)
            for name in ("prod", "PRD", "Prod-EU", "$default", "live", "contest")
        ),
        *(
            ("high", name, False)
            for name in ("pre-prod", "Non_Prod", "nonprod", "dev2", "QA", "eu-uat")
        ),
    ],
)
def test_critical_and_high_in_production_freeze_from_t0(
    terminal: Terminal, severity: str, environment: str, *, expected: bool
) -> None:
    Told(terminal).open(T0, severity, "--environment", environment)
    assert frozen(terminal) is expected
    assert frozen(terminal, service="billing") is False


def test_until_containment_is_verified_and_again_once_it_is_lost(terminal: Terminal) -> None:
    told = acknowledged(terminal)
    told.contain("09-08 11:00")
    assert frozen(terminal) is False
    told.say("09-08 12:00", ANA, "contain", "--reason", "errors are back", step="lost")
    assert frozen(terminal) is True


def test_two_incidents_freeze_until_both_end(terminal: Terminal) -> None:
    first, second = acknowledged(terminal), Told(terminal)
    words = ("--severity", "high", "--service", "checkout", "--as", ANA)
    second.id = terminal.json("open", "another one", *words)["id"]
    first.contain("09-08 11:00")
    assert frozen(terminal) is True
    second.contain("09-08 12:00")
    assert frozen(terminal) is False


def test_the_commander_extends_it_by_24_hours_at_most_and_is_warned_an_hour_before_it_ends(
    terminal: Terminal,
) -> None:
    told = acknowledged(terminal)
    told.contain("09-08 11:00")
    words = ("freeze", "extend", told.id)
    assert terminal.refused(*words, "1441", "--reason", "unsure", "--as", DI)[0] == 3
    assert terminal.refused(*words, "60", "--reason", "unsure", "--as", ANA)[0] == 4
    told.say("09-08 11:00", DI, "freeze", "1440", "--reason", "unsure", step="extend")
    told.until("09-09 10:00")
    warned = [one.at for one in terminal.world.inbox.all if "FREEZE ENDS" in one.message.subject]
    assert {told.wall_at(at) for at in warned} == {"09-09 10:00"}
    assert frozen(terminal) is True
    told.until("09-09 11:01")
    assert frozen(terminal) is False


def test_overriding_it_needs_no_lower_severity(terminal: Terminal) -> None:
    told = acknowledged(terminal)
    assert terminal.refused("freeze", "lift", told.id, "--reason", "now", "--as", ANA)[0] == 4
    told.say(T0, DI, "freeze", "--reason", "a partner waits", step="lift")
    assert frozen(terminal) is False
    assert told.show()["severity"] == "high"


def test_what_is_let_through_as_fix_and_a_flag_turned_off_are_not_stopped(
    terminal: Terminal,
) -> None:
    told = acknowledged(terminal)
    assert asked(terminal, change="flag_off")["allowed"] is True
    assert asked(terminal, change="flag_on")["allowed"] is False
    assert asked(terminal, change="code", name="c0ffee")["allowed"] is False
    told.say(T0, DI, "freeze", "c0ffee", "fix", "--reason", "it is the fix", step="allow")
    assert asked(terminal, change="code", name="c0ffee")["allowed"] is True
    assert asked(terminal, change="schema", name="beef")["allowed"] is False
