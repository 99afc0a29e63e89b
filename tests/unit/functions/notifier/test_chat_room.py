"""A stage with a chat room: exactly these notices, beside exactly the messages people get."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.world import World, a_world
from tocsin.errors import SendFailed
from tocsin.incidents.model.outbox import ROOM, STAKEHOLDERS, OutboxState
from tocsin.incidents.vocabulary import WayKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.worlds.inbox import Received

PRIMARY = ("commander-primary", "mitigation-primary")
POINTS = ("before claim", "after claim", "after send", "before mark", "after mark")


@pytest.fixture
def world() -> Iterator[World]:
    with a_world(room=True) as one:
        yield one


def act(world: World, incident: str, verb: str, by: str = PRIMARY[0], **body: Any) -> None:
    path = f"/v1/incidents/{incident}/{verb}"
    status, answer, _ = world.request("POST", path, body, person=by, group="commander")
    assert status == 200, answer


def notice(world: World, subject: str) -> Received:
    """The one notice that is in the room and not yet read."""
    (received,) = world.inbox.expect("chat", ROOM, subject=subject)
    world.inbox.expect_nothing_more()
    assert received.channel == "room"
    return received


def opened(world: World, name: str = "api-outage") -> str:
    incident = world.alarm(name)
    assert incident is not None
    world.expect("page", *PRIMARY)
    world.expect("opened", STAKEHOLDERS)
    return incident.id


def settle(world: World) -> None:
    for _ in range(25):
        world.jump(1)


def test_the_room_follows_an_incident_from_opening_to_reopening(world: World) -> None:
    """Every message of a life is named here; one more or one less fails."""
    one = opened(world, "webhook-errors")  # high
    notice(world, "[HIGH] INC-1 opened: webhook-errors")
    act(world, one, "acknowledge")
    notice(world, "[HIGH] INC-1 acknowledged: webhook-errors")
    act(world, one, "severity", severity="critical", reason="nobody can pay")
    world.expect("page", *PRIMARY)
    assert "Reason: nobody can pay" in notice(world, "raised to critical").message.text
    act(world, one, "acknowledge", PRIMARY[1])
    notice(world, "acknowledged")
    act(world, one, "assign", role="incident_commander", person=PRIMARY[1])
    world.expect("reminder", PRIMARY[1], subject="YOU ARE incident commander")
    handed = notice(world, "handover").message.text
    assert f"{PRIMARY[1]} is incident commander now, in the place of {PRIMARY[0]}." in handed
    first = {"impact": "some", "mitigation": "a rollback", "eta": "unknown"}
    body: dict[str, Any] = {
        "update": "u1",
        "audience": "internal",
        "text": "We roll back.",
        "accepted": True,
    }
    act(world, one, "update", **body, **first)
    assert "We roll back.\nNext update by " in notice(world, "update").message.text
    contain(world, one)
    act(world, one, "verify", PRIMARY[1], step="contained")
    notice(world, "containment verified")
    act(world, one, "contain", step="lost", reason="errors again")
    pages = [each.to for each in world.inbox.all if each.kind == "page"][2 * len(PRIMARY) :]
    world.expect("page", *pages)
    notice(world, "CONTAINMENT LOST")


def contain(world: World, incident: str) -> None:
    act(world, incident, "contain", step="plan", action="a1", text="roll back")
    act(world, incident, "contain", step="done", action="a1")
    world.jump(1)
    world.alarm("webhook-errors", state="OK")
    for check in ("logs", "smoke_test", "targeted_check"):
        step = {"step": "observe", "check": check, "verdict": "passed", "detail": "seen"}
        act(world, incident, "verify", **step)
    world.inbox.expect_nothing_more()


def test_closing_and_reopening_are_told(world: World) -> None:
    status, answer, _ = world.request(
        "POST",
        "/v1/incidents",
        {"title": "slow report", "severity": "low", "category": "production"},
        person=PRIMARY[0],
    )
    assert status == 201, answer
    incident = answer["id"]
    world.expect("opened", *PRIMARY, STAKEHOLDERS)
    notice(world, "[LOW] INC-1 opened: slow report")
    act(world, incident, "close", resolution="false_positive", reason="a test account")
    world.expect("chat", ROOM, subject="acknowledged")
    assert "as false positive.\nReason: a test account" in notice(world, "closed").message.text
    act(world, incident, "reopen", reason="it was real")
    world.expect("opened", *PRIMARY)
    assert "reopened it, for cycle 2." in notice(world, "reopened").message.text


def test_a_missed_promise_is_told_once(world: World) -> None:
    one = opened(world)
    notice(world, "opened")
    act(world, one, "acknowledge")
    notice(world, "acknowledged")
    world.jump(4 * 60 + 1)
    told = [each for each in world.inbox.take_all() if each.to == ROOM]
    assert [each.message.subject for each in told if "contain" in each.message.subject] == [
        "[CRITICAL] INC-1 MISSED: contain: api-outage"
    ]
    world.jump(1)
    assert not [each for each in world.inbox.take_all() if each.to == ROOM]


def test_a_drill_says_so_first_in_the_room(world: World) -> None:
    world.alarm("[DRILL] api-outage")
    (told,) = [each.message for each in world.inbox.take_all() if each.to == ROOM]
    for text in (told.subject, told.text, told.short):
        assert text.startswith("[DRILL] ")
    assert told.subject.count("[DRILL]") == 1


def test_a_restricted_incident_says_severity_id_and_the_word_once(world: World) -> None:
    incident = world.alarm()
    assert incident is not None
    world.inbox.take_all()
    act(world, incident.id, "acknowledge")
    act(world, incident.id, "restrict", reason="who knows")
    world.inbox.take_all()
    act(world, incident.id, "assign", role="incident_commander", person=PRIMARY[1])
    world.expect("reminder", PRIMARY[1])
    line = "[CRITICAL] INC-1 restricted"
    told = notice(world, line).message
    assert (told.subject, told.text, told.short, told.next_steps) == (line, line, line, ())
    assert set(told.attributes) == {
        "person",
        "incident",
        "severity",
        "kind",
        "message_id",
        "urgency",
    }
    act(world, incident.id, "assign", PRIMARY[1], role="incident_commander", person=PRIMARY[0])
    world.expect("reminder", PRIMARY[0])
    world.inbox.expect_nothing_more()


def test_the_same_notice_is_not_told_again(world: World) -> None:
    one = opened(world)
    notice(world, "opened")
    told = next(item for item in world.store.all_outbox() if item.target == ROOM)
    again = type(told)(
        incident=one,
        seq=90,
        kind=told.kind,
        target=told.target,
        due_at=told.due_at,
        correlation_id="c",
        facts=told.facts,
    )
    world.store._outbox[again.key] = again
    world.store.stream.append(again.key)
    world.pump()
    world.inbox.expect_nothing_more()
    after = world.store.outbox(again.key)
    assert after is not None
    assert (after.state, after.tried) == (OutboxState.SENT, ("no news",))


def test_a_page_to_somebody_by_chat_stays_a_mention(world: World) -> None:
    world.reachable(kinds=(WayKind.CHAT,))
    world.alarm()
    received = world.inbox.take_all()
    assert Counter(each.channel for each in received) == {"chat": 2, "room": 1, "stakeholders": 1}


@pytest.mark.parametrize("point", POINTS)
def test_a_notifier_killed_at_any_point_loses_no_notice(point: str) -> None:
    with a_world(room=True) as world:
        world.crashes.plan(point, times=2)
        one = world.alarm()
        assert one is not None
        act(world, one.id, "acknowledge")
        settle(world)
        arrived = Counter(each.id for each in world.inbox.all)
        left = [item for item in world.store.all_outbox() if item.tried[-1:] != ("moot",)]
        assert arrived.keys() == {item.message_id for item in left}
        assert sum(item.target == ROOM for item in world.store.all_outbox()) == 2
        doubled = arrived.total() - len(arrived)
        assert doubled <= world.crashes.happened[point]
        assert doubled == 0 or point in {"after send", "before mark"}
        for name in (name for name, times in arrived.items() if times > 1):
            messages = [each.message for each in world.inbox.all if each.id == name]
            assert all(message == messages[0] for message in messages)
        world.inbox.take_all()


def test_a_room_that_is_down_holds_up_no_page_and_hears_it_later(world: World) -> None:
    world.refusals[ROOM] = SendFailed("throttled")
    one = opened(world)
    world.inbox.expect_nothing_more()
    act(world, one, "acknowledge")
    world.inbox.expect_nothing_more()
    world.refusals.clear()
    settle(world)
    world.inbox.expect("chat", ROOM, subject="opened")
    notice(world, "acknowledged")


def test_a_stage_without_a_room_asks_for_nothing() -> None:
    with a_world() as world:
        opened(world)
        assert ROOM not in {item.target for item in world.store.all_outbox()}
