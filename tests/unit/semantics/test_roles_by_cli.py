"""Roles go to people who exist and said yes (semantics 13), typed."""

from __future__ import annotations

import json
import re
from dataclasses import is_dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.told import ANA, DI, T0, Told
from tocsin.incidents.commands.shapes import shapes
from tocsin.incidents.commands.verbs import VERBS
from tocsin.incidents.vocabulary import WayKind

if TYPE_CHECKING:
    from tests.harness.worlds.terminal import Terminal

COMMANDER = "incident_commander"
DOWN = "checkout is down"


@pytest.fixture
def taken(terminal: Terminal) -> Told:
    """Critical, opened at 10:00; ana has it and bo can be reached."""
    terminal.world.reachable("bo2", "ana")
    told = Told(terminal).open(T0, "critical")
    told.acknowledge(T0)
    return told


def subjects(told: Told, person: str) -> list[str]:
    found = [one for one in told.world.inbox.all if one.to == person]
    return [one.message.subject.partition(f"{told.name} ")[2] for one in found]


def holder(told: Told) -> str:
    return str(told.show()["roles"][COMMANDER])


def offer(told: Told, at: str = "09-08 10:10") -> None:
    told.say(at, ANA, "handover", COMMANDER, "bo2", "--briefing", "back to release 41")


def link(told: Told, letter: str) -> str:
    pages = [one for one in told.world.inbox.all if (one.kind, one.to) == ("page", "bo2")]
    return str(re.findall(rf"https://\S+/a/{letter}\w+", pages[-1].message.text)[0])


def test_the_receiver_is_paged_and_the_giver_has_it_until_it_is_taken(taken: Told) -> None:
    code, out, _ = taken.terminal.run(
        *("handover", taken.id, COMMANDER, "bo2", "--briefing", "back to release 41", "--as", ANA)
    )
    assert code == 8
    assert out == (
        "asked: hand incident commander over to bo2; waits for a second person: "
        f"tocsin answer {taken.name} --on-it\n"
    )
    assert holder(taken) == "ana"
    (subject,) = subjects(taken, "bo2")
    assert subject.startswith("ana HANDS OVER incident commander:")
    assert subject.endswith("- take it by 10:05 EDT")
    (page,) = [one for one in taken.world.inbox.all if one.to == "bo2"]
    assert page.message.short.partition(f"{taken.name} ")[2].startswith(
        f"ana HANDS OVER incident commander: {DOWN} take it by 10:05 EDT https://"
    )
    assert (page.channel, page.message.attributes["urgency"]) == ("sms", "page")
    assert "ana wants you to take over as incident commander" in page.message.text
    assert "back to release 41" in page.message.text
    (waits,) = taken.show()["requests"]
    assert (waits["person"], waits["by"], waits["role"]) == ("bo2", "ana", COMMANDER)


@pytest.mark.parametrize("how", ["link", "answer", "ack"])
def test_it_takes_effect_when_the_receiver_takes_it_and_the_giver_hears(
    taken: Told, how: str
) -> None:
    offer(taken)
    taken.until("09-08 10:12")
    if how == "link":
        assert "I take it" in taken.world.visit("GET", link(taken, "a"))[1]
        assert taken.world.visit("POST", link(taken, "a"))[0] == 200
    else:
        taken.say("09-08 10:12", "bo2", how, *(("--on-it",) if how == "answer" else ()))
    assert holder(taken) == "bo2"
    assert taken.show()["requests"] == []
    assert subjects(taken, "ana")[-1] == f"NO LONGER incident commander: {DOWN}"
    taken.until("09-08 10:20")
    assert len(subjects(taken, "bo2")) == 1


@pytest.mark.parametrize(("severity", "due"), [("critical", "10:15"), ("high", "10:25")])
def test_not_taken_in_time_the_giver_is_told_and_has_it_still(
    terminal: Terminal, severity: str, due: str
) -> None:
    terminal.world.reachable("bo2", "ana")
    told = Told(terminal).open(T0, severity)
    told.acknowledge(T0)
    offer(told)
    told.until(f"09-08 {due}")
    assert holder(told) == "ana"
    assert told.show()["requests"] == []
    assert subjects(told, "ana")[-1] == f"YOU ARE STILL incident commander: {DOWN}"
    (text,) = [
        one.message.text
        for one in told.world.inbox.all
        if one.to == "ana" and "STILL" in one.message.subject
    ]
    assert f"bo2 did not take the role incident commander by Tue 2026-09-08 {due} EDT" in text
    assert "tocsin handover INC-1 incident_commander bo2 --now --reason TEXT" in text
    assert told.world.visit("POST", link(told, "a"))[0] == 409, "too late"


def test_whoever_cannot_says_so_and_the_giver_has_it_still(taken: Told) -> None:
    offer(taken)
    assert taken.world.visit("POST", link(taken, "e"))[0] == 200
    assert holder(taken) == "ana"
    assert subjects(taken, "ana")[-1].startswith("bo2 CANNOT:")
    assert taken.show()["requests"] == []


def test_at_once_takes_a_reason_which_stands_in_the_record(taken: Told) -> None:
    words = ("handover", taken.id, COMMANDER, "bo2", "--now", "--as", ANA)
    assert taken.terminal.refused(*words)[1] == "missing_reason"
    assert holder(taken) == "ana"
    taken.terminal.json(*words, "--reason", "they sit beside me")
    assert holder(taken) == "bo2"
    entry = taken.terminal.json("timeline", taken.id)[-1]
    assert (entry["type"], entry["content"]["reason"]) == ("role_assigned", "they sit beside me")


def test_of_a_medium_it_takes_effect_at_once_and_both_are_told(terminal: Terminal) -> None:
    terminal.world.reachable("bo2")
    told = Told(terminal).open(T0, "medium")
    told.acknowledge(T0, DI)
    told.say(T0, DI, "handover", COMMANDER, "bo2")
    assert holder(told) == "bo2"
    assert subjects(told, "bo2")[-1].startswith("YOU ARE incident comma")
    assert subjects(told, DI.partition(":")[0]) == []


def test_who_is_given_a_role_reads_facts_a_link_and_the_deadline(taken: Told) -> None:
    taken.say("09-08 10:05", ANA, "assign", "mitigation_owner", "bo2")
    (mail,) = [one for one in taken.world.inbox.all if one.to == "bo2"]
    assert mail.channel == "mail"
    assert "YOU ARE mitigation owner: " in mail.message.subject
    assert mail.message.subject.endswith("- contain by 14:00 EDT")
    text = mail.message.text
    assert "Due next: contain by Tue 2026-09-08 14:00 EDT (18:00 UTC)." in text
    assert f"CRITICAL {taken.name}: {DOWN}" in text
    away = re.findall(r"Hand it over, if you cannot have it: (https://\S+)", text)[0]
    assert taken.world.visit("POST", away)[0] == 200
    assert "mitigation_owner" in json.dumps(taken.show()["requests"])


def test_what_was_offered_to_one_and_then_to_another_is_the_others_to_take(taken: Told) -> None:
    taken.world.reachable("cy2")
    offer(taken)
    taken.say("09-08 10:11", ANA, "handover", COMMANDER, "cy2")
    assert taken.world.visit("POST", link(taken, "a"))[0] == 409
    taken.say("09-08 10:12", "cy2", "answer", "--on-it")
    assert holder(taken) == "cy2"


UNKNOWN: list[tuple[str, ...]] = [
    ("handover", COMMANDER, "comander-primary"),
    ("assign", "mitigation_owner", "comander-primary"),
    ("page", "comander-primary", "--reason", "help"),
    ("access", "comander-primary", "--allowed", "--reason", "help"),
    ("authorize", "correct", "comander-primary", "--input", "a=1", "--reason", "help"),
    ("postmortem", "https://e.example/1", "why", "--actions", "a | comander-primary | 2026-10-01Z"),
]


@pytest.mark.parametrize("words", UNKNOWN, ids=lambda words: words[0])
def test_whom_nobody_knows_is_refused_with_who_is_known(
    taken: Told, words: tuple[str, ...]
) -> None:
    verb, *rest = (word.replace("2026-10-01Z", "2026-10-01T00:00Z") for word in words)
    before = taken.terminal.json("timeline", taken.id)
    code, out, err = taken.terminal.run(verb, taken.id, *rest, "--as", "ana:commander", "--json")
    assert code == 3, out
    found: dict[str, Any] = json.loads(err)["error"]
    assert found.get("answered") == "unknown_person" or found["code"] == "unknown_person"
    assert "comander-primary is nobody here: known are commander-primary, " in found["detail"]
    assert taken.terminal.json("timeline", taken.id) == before


_TURNS = ("--starts", "2026-09-07T09:00", "--zone", "Europe/Berlin")
UNKNOWN_ON_DUTY: list[tuple[str, ...]] = [
    ("oncall", "rotation", "set", COMMANDER, "--member", "comander-primary", *_TURNS),
    ("oncall", "rotation", "set", COMMANDER, "--preview", "--member", "comander-primary", *_TURNS),
    *(
        ("oncall", "rotation", "set", COMMANDER, "--member", "commander-primary", place, *rest)
        for place, *rest in (
            ("--backup", "comander-primary", *_TURNS),
            ("--deputy", "comander-primary", *_TURNS),
        )
    ),
    ("oncall", "override", "add", COMMANDER, "comander-primary", "--until", "8h"),
    ("contact", "remove", "all", "--person", "comander-primary"),
]


@pytest.mark.parametrize("words", UNKNOWN_ON_DUTY, ids=lambda words: "-".join(words[:5]))
def test_whom_nobody_knows_is_refused_for_turns_overrides_and_ways_too(
    taken: Told, words: tuple[str, ...]
) -> None:
    code, out, err = taken.terminal.run(*words, "--as", DI, "--json")
    assert code == 3, out
    found: dict[str, Any] = json.loads(err)["error"]
    assert found.get("answered") == "unknown_person" or found["code"] == "unknown_person"
    assert "comander-primary is nobody here: known are commander-primary, " in found["detail"]
    now = taken.terminal.json("oncall", "rotation", "show", COMMANDER, "--as", DI)
    assert (now["rotation"], now["overrides"]) == (None, [])


def test_every_verb_that_names_a_person_is_among_those_that_are_checked() -> None:
    """A new verb with a person in it is refused here until it is checked or is said why not.

    Kept out may be anybody: who only looks is on no roster and has no way.
    """
    people = {"person", "owner", "requester"}

    def names_somebody(kind: Any) -> bool:
        return any(
            shape.name in people or (is_dataclass(shape.kind) and names_somebody(shape.kind))
            for shape in shapes(kind)
        )

    steps = ((name, command) for name, verb in VERBS.items() for command in verb.steps.values())
    found = {name for name, command in steps if names_somebody(command)}
    assert found == {words[0] for words in UNKNOWN}


def test_whom_nothing_reaches_is_refused_too(taken: Told) -> None:
    desk = taken.world.desk
    desk.add("kim", WayKind.SMS, "+12025550177")
    code, _, err = taken.terminal.run("handover", taken.id, COMMANDER, "kim", "--as", ANA)
    assert code == 3
    assert "kim has confirmed no way to be reached" in " ".join(err.split())


def test_whoever_asks_is_known_to_themselves(taken: Told) -> None:
    taken.say("09-08 10:05", "zoe", "assign", "mitigation_owner", "zoe")
    assert taken.show()["roles"]["mitigation_owner"] == "zoe"
