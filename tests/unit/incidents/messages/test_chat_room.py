"""What the chat room is told, event by event, and of what it hears nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.harness.worlds.stories import ANA, BO, COMMANDER, CY, Story, make
from tocsin.incidents.commands.access import Restrict
from tocsin.incidents.commands.closing import Reopen
from tocsin.incidents.commands.containment import LoseContainment
from tocsin.incidents.commands.people import AssignRole, Leave
from tocsin.incidents.commands.updates import DecideCustomers
from tocsin.incidents.model.outbox import ROOM, OutboxItem
from tocsin.incidents.model.parts import UpdateAudience
from tocsin.incidents.vocabulary import (
    Category,
    ClockName,
    Kind,
    MessageKind,
    Resolution,
    Role,
    RoomNews,
    Severity,
    State,
)
from tocsin.policy.compiled.policies import default

HIDDEN = {"title", "severity", "kind", "opened_at", "restricted", "policy_version"}


def story(**rules: Any) -> Story:
    room = default().chat_room
    assert room is not None
    return Story(replace(default(), chat_room=replace(room, **rules)))


def told(one: Story) -> list[OutboxItem]:
    return [item for item in one.outbox if item.target == ROOM]


def news(one: Story) -> list[str]:
    return [item.facts.get("news", "restricted") for item in told(one)]


def lived(one: Story, *, kind: Kind = Kind.REAL) -> Story:
    """A life with one of everything the room is told, and much that it is not."""
    one.open("09-08 10:00", Severity.HIGH, kind=kind)
    one.note("09-08 10:01")
    one.acknowledge("09-08 10:02")
    one.severity("09-08 10:03", Severity.CRITICAL)
    one.do("09-08 10:04", make(AssignRole, ANA, role=Role.INCIDENT_COMMANDER, person="bo"))
    one.do("09-08 10:04", make(AssignRole, ANA, role=Role.MITIGATION_OWNER, person="cy"))
    one.acknowledge("09-08 10:05", BO)
    one.update("09-08 10:06")
    one.contain("09-08 10:10")
    one.do("09-08 10:20", make(LoseContainment, ANA, reason="again"))
    one.sweep_until("09-08 14:01")
    return one


LIFE = [
    RoomNews.OPENED,
    RoomNews.ACKNOWLEDGED,
    RoomNews.SEVERITY,
    RoomNews.HANDOVER,
    RoomNews.ACKNOWLEDGED,
    RoomNews.UPDATE,
    RoomNews.CONTAINED,
    RoomNews.CONTAINMENT_LOST,
]


def test_the_room_is_told_each_turn_of_an_incident_and_nothing_else() -> None:
    one = lived(story())
    assert news(one)[: len(LIFE)] == LIFE
    assert set(news(one)[len(LIFE) :]) == {RoomNews.BREACH}
    clocks = [item.facts["clock"] for item in told(one) if item.facts["news"] == RoomNews.BREACH]
    assert set(clocks) == {ClockName.ACKNOWLEDGE, ClockName.CONTAIN}
    for item in told(one):
        assert item.key.sk == f"OUT#{item.seq:08d}#chat#room"
        assert (item.kind, item.personal) == (MessageKind.CHAT, False)


def test_closing_and_reopening_are_told() -> None:
    one = story().open("09-08 10:00", Severity.LOW)
    one.acknowledge("09-08 10:01")
    one.close("09-08 10:02", Resolution.FALSE_POSITIVE, reason="a test account")
    one.do("09-08 11:00", make(Reopen, ANA, reason="it was real"))
    assert news(one) == ["opened", "acknowledged", "closed", "reopened"]
    assert told(one)[2].facts["resolution"] == "false_positive"
    assert told(one)[3].facts["reason"] == "it was real"


def test_giving_up_a_role_is_told() -> None:
    one = story().open("09-08 10:00", Severity.HIGH)
    one.acknowledge("09-08 10:01")
    one.do("09-08 10:02", make(AssignRole, ANA, role=Role.SECURITY_OWNER, person="cy"))
    one.do("09-08 10:03", make(Leave, CY, reason="end of shift"))
    assert news(one) == ["opened", "acknowledged", "handover"]
    facts = told(one)[2].facts
    assert (facts["by"], facts["role"], facts["to"]) == ("cy", "security_owner", "")


@pytest.mark.parametrize(
    "fields",
    [
        {"accepted": False},
        {"audience": UpdateAudience.CUSTOMERS},
    ],
)
def test_an_update_that_was_refused_or_is_for_customers_is_not_told(
    fields: dict[str, Any],
) -> None:
    one = story().open("09-08 10:00", Severity.HIGH)
    values = {"impact": "some", "mitigation": "none", "eta": "unknown"}
    if "audience" in fields:
        decided = make(DecideCustomers, ANA, groups=COMMANDER, tell=True, reason="they are hit")
        one.do("09-08 10:00", decided)
    one.update("09-08 10:01", **(values | fields))
    assert news(one) == ["opened"]


def test_a_long_update_is_cut_for_the_room_and_whole_on_the_timeline() -> None:
    one = story().open("09-08 10:00", Severity.HIGH)
    one.update("09-08 10:01", text="x" * 5_000)
    assert len(told(one)[-1].facts["text"]) == 2_003
    assert one.entries[-1].content["text"] == "x" * 5_000


def test_without_a_room_nothing_is_asked_for() -> None:
    with_room, without = lived(story()), lived(Story(replace(default(), chat_room=None)))
    assert told(without) == []
    rest = [item for item in with_room.outbox if item.target != ROOM]
    assert rest == without.outbox, "people are told the same, room or not"


def test_a_backfilled_incident_is_told_to_no_room() -> None:
    one = story()
    one.open("09-08 10:00", Severity.LOW, kind=Kind.BACKFILLED, groups=COMMANDER)
    one.note("09-08 10:01")
    one.close("09-08 10:02", Resolution.FALSE_POSITIVE, reason="a test account")
    assert one.incident.state is State.CLOSED
    assert told(one) == []


def test_the_room_hears_what_the_runbook_says_of_the_categories_it_says() -> None:
    assert news(lived(story(tells=(RoomNews.HANDOVER,)))) == ["handover"]
    assert news(lived(story(categories=(Category.SECURITY,)))) == []
    billing = story(categories=(Category.OPERATIONAL,))
    assert news(billing.open("09-08 10:00", Severity.LOW, Category.OPERATIONAL)) == ["opened"]


def test_of_a_restricted_incident_nothing_is_told_but_severity_id_and_the_word() -> None:
    one = story()
    one.open("09-08 10:00", Severity.HIGH, Category.SECURITY, restricted=True)
    one.acknowledge("09-08 10:01")
    one.severity("09-08 10:02", Severity.CRITICAL)
    items = told(one)
    assert [set(item.facts) for item in items] == [HIDDEN] * 3
    assert {item.facts["title"] for item in items} == {"restricted"}
    opened, acknowledged, raised = (item.content_hash for item in items)
    assert opened == acknowledged, "the same again, which is not sent again"
    assert raised != opened


def test_an_incident_that_becomes_restricted_says_no_more_in_the_room() -> None:
    one = story().open("09-08 10:00", Severity.HIGH)
    one.acknowledge("09-08 10:01")
    one.do("09-08 10:01", make(Restrict, ANA, reason="who knows"))
    one.severity("09-08 10:02", Severity.CRITICAL)
    assert set(told(one)[-1].facts) == HIDDEN


def test_raised_lowered_and_raised_again_are_three_pieces_of_news() -> None:
    one = story().open("09-08 10:00", Severity.MEDIUM)
    one.acknowledge("09-08 10:01", BO)
    one.severity("09-08 10:02", Severity.HIGH)
    one.lower("09-08 10:03", Severity.MEDIUM)
    one.severity("09-08 10:04", Severity.HIGH)
    moves = [item for item in told(one) if item.facts.get("news") == RoomNews.SEVERITY]
    assert [(item.facts["old"], item.facts["new"]) for item in moves] == [
        ("medium", "high"),
        ("high", "medium"),
        ("medium", "high"),
    ]
    assert moves[0].content_hash != moves[1].content_hash != moves[2].content_hash
