"""Who is asked to acknowledge, when, and what counts as an answer (semantics 1 and 3), typed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.told import ANA, BO, DI, T0, Told
from tocsin.errors import SendFailed

if TYPE_CHECKING:
    from tests.harness.worlds.terminal import Terminal

COMMANDER, BACKUP, LEAD = "commander-primary", "engineering-lead", "engineering-lead"
MITIGATION = "mitigation-primary"


def pages(told: Told) -> list[dict[str, Any]]:
    """What the ladder did: minutes after ten, and whom it reached."""
    return [one for one in told.terminal.json("timeline", told.id) if one["type"] == "paged"]


def minutes(told: Told) -> list[int]:
    hours = [told.wall(one["recorded_at"]).split(" ")[1].split(":") for one in pages(told)]
    return [(int(hour) - 10) * 60 + int(minute) for hour, minute in hours]


@pytest.mark.parametrize(
    ("severity", "until", "expected"),
    [
        ("critical", 106, [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 75, 105]),
        ("high", 121, [0, 15, 30, 60, 90, 120]),
    ],
)
def test_pages_before_acknowledgement(
    terminal: Terminal, severity: str, until: int, expected: list[int]
) -> None:
    told = Told(terminal).open(T0, severity)
    terminal.world.advance(until)
    assert minutes(told) == expected


def test_who_is_paged_grows_to_everybody(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "critical")
    terminal.world.advance(16)
    reached = [set(one["content"]["people"]) for one in pages(told)]
    assert reached[0] < reached[1] <= reached[2] < reached[3]
    assert COMMANDER in reached[0]
    assert LEAD in reached[2]


@pytest.mark.parametrize(("severity", "due"), [("medium", "09-09 10:00"), ("low", "09-10 10:00")])
def test_medium_and_low_send_mail_only_and_ask_the_backup_at_the_due_time(
    terminal: Terminal, severity: str, due: str
) -> None:
    told = Told(terminal).open(T0, severity)
    told.until("09-08 23:00")
    assert [one["content"]["mail"] for one in pages(told)] == [True]
    told.until(due)
    assert [told.wall(one["recorded_at"]) for one in pages(told)] == [T0, due]
    assert BACKUP in pages(told)[1]["content"]["people"]
    loud = [one for one in terminal.world.inbox.all if one.message.attributes["urgency"] == "page"]
    assert loud == []


def test_a_jump_of_hours_is_one_page_each_and_records_what_was_skipped(
    terminal: Terminal,
) -> None:
    told = Told(terminal).open(T0, "critical")
    before = len(terminal.world.inbox.all)
    told.until("09-08 13:00")
    reached = [one.to for one in terminal.world.inbox.all[before:] if one.kind == "page"]
    assert len(reached) == len(set(reached)) > 4
    last = pages(told)[-1]["content"]
    assert last["first_step"] < last["step"]
    assert told.wall(told.clock("acknowledge")["missed_at"]) == "09-08 10:15"


@pytest.mark.parametrize(
    ("severity", "silent_until", "due"),
    [
        ("critical", "09-08 10:30", "09-08 10:45"),
        ("high", "09-08 12:00", "09-08 13:00"),
        ("medium", "09-09 10:00", "09-10 10:00"),
    ],
)
def test_silence_while_not_contained_begins_a_new_round(
    terminal: Terminal, severity: str, silent_until: str, due: str
) -> None:
    told = Told(terminal).open(T0, severity)
    told.acknowledge(T0)
    told.until(silent_until)
    assert told.show()["round"]["number"] == 1
    told.world.jump(1)
    assert (told.show()["round"]["number"], told.show()["round"]["reason"]) == (2, "timeout")
    assert told.round_due() == due
    assert (told.result("acknowledge"), told.wall(told.clock("acknowledge")["stopped_at"])) == (
        "met",
        T0,
    )


def test_no_silence_is_counted_once_it_is_contained(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "critical")
    told.acknowledge(T0)
    told.contain("09-08 10:10")
    told.until("09-08 12:00")
    assert told.show()["round"]["number"] == 1


def test_a_viewer_never_acknowledges(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "critical")
    assert terminal.refused("ack", told.id, "--as", "eve:viewer")[0] == 4
    assert told.show()["round"]["acknowledged_by"] is None


@pytest.fixture
def paged(terminal: Terminal) -> Told:
    """A critical incident whose pages carry links, each to one person."""
    terminal.world.reachable()
    return Told(terminal).open(T0, "critical")


def link(told: Told, person: str) -> str:
    """The address behind "I have it" in the person's newest page."""
    pages = [one for one in told.world.inbox.all if (one.kind, one.to) == ("page", person)]
    found = re.findall(r"https://\S+/a/a\w+", pages[-1].message.text)
    return str(found[0])


def test_a_link_acknowledges_as_the_person_it_was_sent_to(paged: Told) -> None:
    paged.until("09-08 10:04")
    addresses = {person: link(paged, person) for person in (COMMANDER, "mitigation-primary")}
    assert len(set(addresses.values())) == 2, "each page is addressed to one person"
    assert paged.world.visit("GET", addresses["mitigation-primary"])[0] == 200
    assert paged.show()["round"]["acknowledged_by"] is None, "looking is no answer"

    assert paged.world.visit("POST", addresses["mitigation-primary"])[0] == 200

    now = paged.show()
    assert now["round"]["acknowledged_by"] == "mitigation-primary"
    assert now["roles"]["incident_commander"] == "mitigation-primary"
    assert (paged.result("acknowledge"), paged.wall(paged.clock("acknowledge")["stopped_at"])) == (
        "met",
        "09-08 10:04",
    )
    paged.world.advance(25)
    assert minutes(paged) == [0]


def test_a_link_of_an_earlier_round_answers_no_later_one(paged: Told) -> None:
    old = link(paged, COMMANDER)
    paged.acknowledge("09-08 10:01", BO)
    paged.until("09-08 10:32")
    assert paged.show()["round"]["number"] == 2

    assert paged.world.visit("POST", old)[0] == 409

    assert paged.show()["round"]["acknowledged_by"] is None
    assert paged.world.visit("POST", link(paged, "mitigation-primary"))[0] == 200
    assert paged.show()["round"]["acknowledged_by"] == "mitigation-primary"


def test_an_acknowledgement_names_the_person_and_fills_the_empty_role(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "critical")
    told.acknowledge("09-08 10:03", BO)
    assert told.show()["round"]["acknowledged_by"] == "bo"
    assert told.show()["roles"]["incident_commander"] == "bo"
    terminal.world.advance(25)
    assert minutes(told) == [0]


def test_a_state_command_acknowledges_first_as_the_same_person(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "critical")
    told.say("09-08 10:04", ANA, "contain", "a0", "roll back", step="plan")
    assert told.show()["round"]["acknowledged_by"] is None
    told.say("09-08 10:04", ANA, "contain", "a0", step="done")
    kinds = [one["type"] for one in terminal.json("timeline", told.id)]
    assert kinds[-2:] == ["acknowledged", "action_changed"]
    assert told.show()["round"]["acknowledged_by"] == "ana"


def test_a_late_item_of_a_phase_is_shown_and_breaches_and_pages_nothing(
    terminal: Terminal,
) -> None:
    told = Told(terminal).open(T0, "critical")
    told.acknowledge(T0, DI)
    told.until("09-08 10:16")
    told.say("09-08 10:16", DI, "checklist", "set-severity", "done")
    found = terminal.json("checklist", told.id)["phases"]
    dues = {phase["phase"]: told.wall(phase["due_at"]) for phase in found}
    assert dues == {
        "0-15m": "09-08 10:15",
        "15-60m": "09-08 11:00",
        "containment": "09-08 14:00",
        "post-containment": "09-09 10:00",
    }
    items = {item["item"]: item for item in found[0]["items"]}
    assert (items["set-severity"]["late"], items["open-channel"]["late"]) == (True, True)
    kinds = [one["type"] for one in terminal.json("timeline", told.id)]
    assert "clock_breached" not in kinds
    assert minutes(told) == [0]


def test_phases_of_a_medium_go_with_its_clocks_and_billing_adds_two(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "medium", "--category", "operational")
    found = terminal.json("checklist", told.id)["phases"]
    dues = {phase["phase"]: told.wall(phase["due_at"]) for phase in found}
    acknowledge, contain, fix = told.dues()
    assert dues == {
        "0-15m": acknowledge,
        "15-60m": acknowledge,
        "containment": contain,
        "post-containment": fix,
        "billing-0-30m": acknowledge,
        "billing-30-120m": contain,
        "billing-replay": fix,
    }


def subjects(told: Told, person: str, kind: str = "page") -> list[str]:
    """What stands in the person's messages beside severity and id, oldest first."""
    return [
        one.message.subject.partition(f"{told.id} ")[2]
        for one in told.world.inbox.all
        if (one.kind, one.to) == (kind, person)
    ]


DOWN = "checkout is down"


def test_a_page_says_as_what_and_how_often_and_until_or_since_when(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "critical")
    terminal.world.advance(20)
    assert subjects(told, COMMANDER) == [
        f"{DOWN} - ACK by 10:15 EDT",
        f"2x: {DOWN} - ACK by 10:15 EDT",
        f"3x: {DOWN} - ACK by 10:15 EDT",
        f"4x: {DOWN} - OVERDUE since 10:15 EDT",
        f"5x: {DOWN} - OVERDUE since 10:15 EDT",
    ]
    assert subjects(told, BACKUP)[:2] == [
        f"BACKUP, 2x: {DOWN} - ACK by 10:15 EDT",
        f"BACKUP, 3x: {DOWN} - ACK by 10:15 EDT",
    ]
    assert subjects(told, "communications-primary") == [
        f"ALL, 4x: {DOWN} - OVERDUE since 10:15 EDT",
        f"ALL, 5x: {DOWN} - OVERDUE since 10:15 EDT",
    ]


def test_one_that_leaves_after_its_time_says_that_it_is_overdue(paged: Told) -> None:
    """Queued at 10:10 while nothing can leave: it comes at 10:16, and 10:15 is past."""
    world = paged.world
    world.refusals |= {"sms:": SendFailed("down"), "person:": SendFailed("down")}
    paged.until("09-08 10:09")
    before = len(world.inbox.all)
    for way in ("webhook:", "chat:", "mail:"):
        world.refusals[way] = SendFailed("down")
    paged.until("09-08 10:10")
    world.refusals.clear()
    world.jump(6)
    late = [one.message.subject for one in world.inbox.all[before:] if one.to == COMMANDER]
    assert late
    assert all("OVERDUE since 10:15 EDT" in subject for subject in late)


def test_raised_reopened_and_silent_are_said_and_why(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "high")
    told.acknowledge(T0)
    told.say("09-08 10:10", BO, "severity", "critical", "--reason", "nobody can pay")
    assert subjects(told, MITIGATION)[-1] == f"RAISED: {DOWN} - ACK by 10:25 EDT"
    text = terminal.world.inbox.all[-1].message.text
    assert "It was raised to critical: nobody can pay." in text
    told.acknowledge("09-08 10:12")
    told.until("09-08 10:44")
    assert subjects(told, MITIGATION)[-1] == f"NO WORD: {DOWN} - ACK by 10:57 EDT"
    for person in (DI, BO):
        told.say("09-08 10:45", person, "close", "false_positive", "--reason", "a test alarm")
    told.say("09-08 11:00", BO, "reopen", "--reason", "it is back")
    assert subjects(told, MITIGATION)[-1] == f"REOPENED: {DOWN} - ACK by 11:15 EDT"


def test_everybody_asked_in_one_breath_is_named_to_each(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "critical")
    told.say(T0, ANA, "escalate", "backup", "--reason", "two of us are needed")
    asked = [one for one in terminal.world.inbox.all if "ASKED FOR" in one.message.subject]
    assert {one.to for one in asked} == {BACKUP, "senior-engineer"}
    for one in asked:
        (other,) = {BACKUP, "senior-engineer"} - {one.to}
        assert f"Asked together with you: {other}." in one.message.text
        assert "ana asks for you: two of us are needed" in one.message.text
