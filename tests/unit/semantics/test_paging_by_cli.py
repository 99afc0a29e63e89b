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
        one.message.subject.partition(f"{told.name} ")[2]
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


NEEDED = ("ana2", "--reason", "need a database person")


@pytest.fixture
def taken(terminal: Terminal) -> Told:
    """Critical, opened at 10:00 and acknowledged at 10:05; ana2 is asked for at 12:16."""
    terminal.world.reachable("ana2")
    told = Told(terminal).open(T0, "critical")
    told.acknowledge("09-08 10:05", ANA)
    for at in ("10:30", "10:55", "11:20", "11:45", "12:10", "12:16"):
        told.say(f"09-08 {at}", ANA, "note", "still looking")
    told.say("09-08 12:16", BO, "page", *NEEDED)
    return told


def test_who_is_asked_for_by_hand_reads_by_whom_why_and_by_when(taken: Told) -> None:
    (page,) = subjects(taken, "ana2")
    assert page == ("asked by bo: need a database person checkout is down - answer by 12:21 EDT")
    (sent,) = [one for one in taken.world.inbox.all if one.to == "ana2"]
    assert (sent.channel, sent.message.attributes["urgency"]) == ("sms", "page")
    assert "answer by 12:21 EDT https://" in sent.message.short
    (waits,) = taken.show()["requests"]
    assert (waits["person"], waits["by"], taken.wall(waits["due_at"])) == (
        "ana2",
        "bo",
        "09-08 12:21",
    )


def test_without_an_answer_they_are_asked_once_more_and_the_caller_is_told_twice(
    taken: Told,
) -> None:
    taken.until("09-08 12:21")
    assert len(subjects(taken, "ana2")) == 2
    assert subjects(taken, "ana2")[-1].endswith(" - answer by 12:26 EDT")
    assert subjects(taken, BO, "reminder")[-1].startswith("NO ANSWER OF ana2:")
    taken.until("09-08 12:26")
    told = [one.message.text for one in taken.world.inbox.all if one.to == BO]
    assert "did not answer by Tue 2026-09-08 12:21 EDT" in told[-2]
    assert "Nobody asks them again." in told[-1]
    taken.until("09-08 12:40")
    assert len(subjects(taken, "ana2")) == 2
    assert taken.show()["requests"] == []


def test_on_it_by_the_link_is_an_entry_the_caller_is_told_of(taken: Told) -> None:
    address = link(taken, "ana2")
    assert "I am on it" in taken.world.visit("GET", address)[1]
    assert taken.world.visit("POST", address)[0] == 200
    assert subjects(taken, BO, "reminder")[-1].startswith("ana2 IS ON IT:")
    entries = taken.terminal.json("timeline", taken.id)
    answer = [one["content"] for one in entries if one["type"] == "help_answered"]
    assert [(one["person"], one["on_it"], one["by"]) for one in answer] == [("ana2", True, "bo")]
    assert taken.world.visit("POST", address)[0] == 409
    taken.until("09-08 12:30")
    assert len(subjects(taken, "ana2")) == 1, "an answer ends the asking"


def test_cannot_is_told_and_resets_no_silence(taken: Told) -> None:
    taken.until("09-08 12:18")
    taken.say("09-08 12:18", "ana2", "answer", "--not-on-it", "--reason", "I am driving")
    told = [one.message.text for one in taken.world.inbox.all if one.to == BO]
    assert "ana2, whom you asked for, cannot: I am driving. Ask somebody else." in told[-1]
    taken.until("09-08 12:46")
    assert taken.show()["round"]["reason"] != "timeout"
    taken.until("09-08 12:47")
    assert taken.show()["round"]["reason"] == "timeout", "counted from 12:16"


def test_on_it_in_an_unacknowledged_round_acknowledges_it(terminal: Terminal) -> None:
    terminal.world.reachable("ana2")
    told = Told(terminal).open(T0, "critical")
    told.say("09-08 10:01", BO, "page", *NEEDED)
    told.say("09-08 10:03", "ana2", "answer", "--on-it")
    assert told.show()["round"]["acknowledged_by"] == "ana2"


def test_asked_for_in_a_medium_rings_at_any_hour_for_a_business_hour(terminal: Terminal) -> None:
    terminal.world.reachable("ana2")
    told = Told(terminal).open("09-08 17:30", "medium")
    told.acknowledge("09-08 17:30", ANA)
    told.say("09-08 22:00", BO, "page", *NEEDED)
    (sent,) = [one for one in told.world.inbox.all if one.to == "ana2"]
    assert sent.channel == "sms"
    assert sent.message.subject.endswith("answer by Wed 9 Sep 10:00 EDT")


def test_after_the_acknowledgement_an_escalation_asks_for_answers_too(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "high")
    told.acknowledge(T0)
    told.say("09-08 10:30", ANA, "escalate", "backup", "--reason", "two of us are needed")
    asked = told.show()["requests"]
    assert {one["person"] for one in asked} == {BACKUP, "senior-engineer"}
    assert {told.wall(one["due_at"]) for one in asked} == {"09-08 10:45"}
    told.say("09-08 10:31", BACKUP, "ack")
    (left,) = told.show()["requests"]
    assert left["person"] == "senior-engineer", "to acknowledge is to answer"


def test_who_is_kept_out_or_asked_about_the_past_is_not_asked_for(terminal: Terminal) -> None:
    terminal.world.reachable("ana2")
    told = Told(terminal).open(T0, "high")
    told.say(T0, DI, "access", "ana2", "--not-allowed", "--reason", "it is their account")
    assert terminal.refused("page", told.id, *NEEDED, "--as", BO)[1] == "not_allowed"
    assert terminal.refused("answer", told.id, "--on-it", "--as", BO)[1] == "illegal_transition"


def test_everybody_who_was_asked_hears_once_and_quietly_who_has_it(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "critical")
    told.until("09-08 10:05")
    told.acknowledge("09-08 10:06", BACKUP)
    told.acknowledge("09-08 10:07", ANA)
    told.until("09-08 10:20")
    ends = [one for one in terminal.world.inbox.ends if one.kind == "acknowledged"]
    assert sorted(one.to for one in ends) == [COMMANDER, MITIGATION, "senior-engineer"]
    for one in ends:
        assert one.message.subject.partition(f"{told.name} ")[2].startswith(
            "acknowledged by engineering-lead:"
        )
        assert "engineering-lead has it. Nobody else needs to answer the page." in one.message.text
        assert one.message.attributes["urgency"] == "mail"


def test_stakeholders_hear_how_it_ended_and_that_it_did_not(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "high")
    for person in (DI, BO):
        told.say("09-08 10:10", person, "close", "false_positive", "--reason", "a test alarm")
    told.say("09-08 10:30", BO, "reopen", "--reason", "it is back")
    other = Told(terminal).open("09-08 10:40", "high")
    for person in (DI, BO):
        other.say("09-08 10:41", person, "merge", told.id, "--reason", "one cause")
    ends = [one for one in terminal.world.inbox.ends if one.to == "audience:stakeholders"]
    assert [(one.kind, one.message.attributes["incident"]) for one in ends] == [
        ("closed", told.id),
        ("reopened", told.id),
        ("closed", told.id),
    ]
    said = [one.message.text for one in ends]
    assert "It was a false alarm.\n\nReason: a test alarm" in said[0]
    assert "It was closed and is open again.\n\nReason: it is back" in said[1]
    assert f"It is the same as {other.name} and goes on there." in said[2]


@pytest.mark.parametrize("title", ["Оплата не работает", "支払いができない", "الدفع لا يعمل"])
def test_scripts_other_than_latin_reach_a_telephone_as_they_are(
    terminal: Terminal, title: str
) -> None:
    terminal.world.reachable()
    Told(terminal).begin(T0)
    terminal.json("open", title, "--severity", "critical", "--as", ANA)
    texts = [one.message.short for one in terminal.world.inbox.all if one.channel == "sms"]
    assert texts
    for text in texts:
        assert title in text
        assert "?" not in text
        assert text.startswith("CRITICAL INC-1 ")
        assert len(text) <= 3 * 67, "three parts in UCS-2 at most"


def test_an_acknowledgement_may_be_recorded_for_when_it_was_said(terminal: Terminal) -> None:
    told = Told(terminal).open(T0, "critical")
    told.say("09-08 10:20", ANA, "ack", "--at", "2026-09-08T10:04-04:00")
    entry = next(one for one in terminal.json("timeline", told.id) if one["type"] == "acknowledged")
    assert told.wall(entry["occurred_at"]) == "09-08 10:04"
    assert told.wall(entry["recorded_at"]) == "09-08 10:20"
