"""Roles change hands without anything falling between them, and overdue work finds somebody."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.worlds.stories import ANA, BO, Story, make
from tocsin.errors import IllegalTransition, MissingReason, OpenWork
from tocsin.incidents.commands.containment import PlanAction
from tocsin.incidents.commands.people import Acknowledge, AssignRole, HandOver, Leave
from tocsin.incidents.commands.record import AddNote
from tocsin.incidents.events.people import Left, RoleAssigned
from tocsin.incidents.events.severity import Nagged
from tocsin.incidents.vocabulary import ClockName, MessageKind, Role, Severity

T0 = "09-08 10:00"
COMMANDER, MITIGATION = Role.INCIDENT_COMMANDER, Role.MITIGATION_OWNER
NOW: dict[str, Any] = {"now": True, "reason": "bo is beside me"}
"""How a role of a critical changes hands without being taken first."""


def answered(severity: Severity = Severity.CRITICAL) -> Story:
    """Open since ten, and ana has it since five past."""
    story = Story().open(T0, severity)
    story.do("09-08 10:05", make(Acknowledge, ANA))
    return story


def told(story: Story, matter: str) -> list[str]:
    return [item.target for item in story.outbox if item.facts.get("matter") == matter]


def test_a_hand_over_writes_what_the_next_one_has_to_know() -> None:
    story = answered()
    story.do("09-08 10:10", make(PlanAction, ANA, action="a1", text="disable the route"))
    events = story.do("09-08 12:00", make(HandOver, ANA, role=COMMANDER, person="bo", **NOW))
    assert isinstance(events[-1], RoleAssigned)
    said = events[-1].briefing.split("\n")
    assert said[0].startswith("critical production incident, acknowledged: ")
    assert "acknowledge: met" in said
    assert "contain: running, due Tue 14:00 EDT (120 min left)" in said
    assert "fix: running, due Wed 10:00 EDT (1320 min left)" in said
    assert "incident commander: ana" in said
    assert "containment open: a1, disable the route" in said
    assert any(line.startswith("to do: ") for line in said)


def test_the_words_of_who_leaves_come_first() -> None:
    story = answered()
    events = story.do(
        "09-08 12:00",
        make(HandOver, ANA, role=COMMANDER, person="bo", briefing="call them at one", **NOW),
    )
    assert isinstance(events[-1], RoleAssigned)
    assert events[-1].briefing.startswith("call them at one\ncritical ")


def test_the_next_holder_is_told_and_who_handed_over_knows() -> None:
    story = answered()
    story.do("09-08 12:00", make(HandOver, ANA, role=COMMANDER, person="bo", **NOW))
    assert told(story, "role_taken") == ["person:bo"]
    assert told(story, "role_passed") == []


def test_who_loses_a_role_to_somebody_elses_decision_is_told() -> None:
    story = answered()
    story.do("09-08 10:06", make(AssignRole, ANA, role=MITIGATION, person="bo"))
    story.do("09-08 10:07", make(AssignRole, ANA, role=MITIGATION, person="cy"))
    assert told(story, "role_taken") == ["person:bo", "person:cy"]
    assert told(story, "role_passed") == ["person:bo"]


def test_taking_an_empty_role_oneself_tells_nobody() -> None:
    story = answered()
    story.do("09-08 10:06", make(AssignRole, BO, role=MITIGATION, person="bo"))
    assert told(story, "role_taken") == told(story, "role_passed") == []


def test_the_commander_cannot_just_leave() -> None:
    story = answered()
    with pytest.raises(OpenWork, match="incident_commander"):
        story.do("09-08 11:00", make(Leave, ANA, reason="end of shift"))
    story.do("09-08 11:00", make(HandOver, ANA, role=COMMANDER, person="bo", **NOW))
    with pytest.raises(IllegalTransition, match="holds no role"):
        story.do("09-08 11:01", make(Leave, ANA, reason="end of shift"))
    assert story.incident.roles == {COMMANDER: "bo"}


def test_nobody_leaves_a_planned_action_or_containment_behind() -> None:
    story = answered()
    story.do("09-08 10:06", make(AssignRole, BO, role=MITIGATION, person="bo"))
    story.do("09-08 10:10", make(PlanAction, BO, action="a1", text="disable the route"))
    with pytest.raises(OpenWork, match="containment action a1, containment"):
        story.do("09-08 11:00", make(Leave, BO, reason="end of shift"))
    assert story.incident.roles[MITIGATION] == "bo"


def test_who_has_nothing_open_leaves_with_a_reason() -> None:
    story = answered()
    story.do("09-08 10:06", make(AssignRole, BO, role=Role.SECURITY_OWNER, person="bo"))
    with pytest.raises(MissingReason):
        story.do("09-08 11:00", make(Leave, BO, reason=" "))
    events = story.do("09-08 11:00", make(Leave, BO, reason="end of shift"))
    assert isinstance(events[-1], Left)
    assert story.incident.roles == {COMMANDER: "ana"}


def nags(story: Story) -> list[tuple[str, int, tuple[str, ...]]]:
    return [
        (f"{event.at.astimezone(story.zone):%H:%M}", event.number, event.people)
        for event in story.events
        if isinstance(event, Nagged) and event.clock is ClockName.CONTAIN
    ]


def kept_awake(story: Story, until: str) -> None:
    """Somebody writes a note now and then, so that silence is not what is asked about."""
    for hour in range(11, 24):
        at = f"09-08 {hour}:00"
        if story.at(at) > story.at(until):
            break
        story.sweep_until(at)
        story.do(at, make(AddNote, ANA, text="still at it"))
        story.sweep_until(f"09-08 {hour}:29")
        story.do(f"09-08 {hour}:29", make(AddNote, ANA, text="still at it"))


def test_overdue_work_goes_to_its_holder_then_the_backup_then_the_commander_and_stops() -> None:
    story = answered()
    story.do("09-08 10:06", make(AssignRole, BO, role=MITIGATION, person="bo"))
    kept_awake(story, "09-08 22:00")
    found = nags(story)
    assert [people for _, _, people in found] == [
        *[("bo",)] * 3,
        *[("senior-engineer",)] * 3,
        *[("ana",)] * 3,
    ]
    assert [at for at, _, _ in found] == [
        "14:30", "15:00", "15:30", "16:00", "16:30", "17:00", "17:30", "18:00", "18:30",
    ]  # fmt: skip


def test_a_late_sweep_reminds_everybody_whose_turn_came_once() -> None:
    story = answered(Severity.CRITICAL)
    story.do("09-08 10:06", make(AssignRole, BO, role=MITIGATION, person="bo"))
    story.tick("09-08 16:10")
    assert nags(story) == [("16:10", 4, ("bo", "senior-engineer"))]
    reminded = [
        item.target
        for item in story.outbox
        if item.kind is MessageKind.REMINDER and item.facts.get("number")
    ]
    assert reminded == ["person:bo", "person:senior-engineer"]
