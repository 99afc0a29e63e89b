"""The delivery promise: nothing is lost, and what is doubled was doubled by a crash.

Between two sweeps the notifier may be killed anywhere, the stream may lose everything it holds,
and the channel may refuse; when all is well again, every message has left.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness.sizes import quick_or_full
from tests.harness.worlds.world import World, a_world
from tocsin.application.incidents.deliver import LEASE
from tocsin.errors import MessageRefused, SendFailed
from tocsin.incidents.model.outbox import STAKEHOLDERS, OutboxState
from tocsin.incidents.vocabulary import MessageKind

if TYPE_CHECKING:
    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.model.outbox import OutboxKey

PRIMARY = ("commander-primary", "mitigation-primary")
POINTS = ("before claim", "after claim", "after send", "before mark", "after mark")
DOUBLING = ("after send", "before mark")


def settle(world: World) -> None:
    """Sweeps until nothing is due any more; the incident must be quiet by itself."""
    for _ in range(25):
        world.jump(1)


def moot(world: World) -> set[str]:
    """Pages that were still unsent when somebody had it: the record of each says so."""
    found = [item for item in world.store.all_outbox() if item.tried[-1:] == ("moot",)]
    assert all(item.kind is MessageKind.PAGE for item in found)
    return {item.message_id for item in found}


def account(world: World) -> Counter[str]:
    """How often each message id arrived, after checking that none is missing."""
    asked = {item.message_id: item.state for item in world.store.all_outbox()}
    assert set(asked.values()) == {OutboxState.SENT}
    for name in moot(world):
        del asked[name]
    arrived = Counter(received.id for received in world.inbox.all)
    assert arrived.keys() == asked.keys(), "lost or invented messages"
    return arrived


def asked(world: World) -> Incident:
    """An incident nobody has yet."""
    incident = world.alarm()
    assert incident is not None
    return incident


def quiet(world: World) -> Incident:
    """An incident that was acknowledged at once, so no later page mixes in."""
    incident = world.alarm()
    assert incident is not None
    world.acknowledge(incident, "commander-primary")
    return incident


def test_without_a_crash_every_message_arrives_exactly_once(world: World) -> None:
    quiet(world)
    settle(world)
    assert set(account(world).values()) == {1}
    world.inbox.take_all()


@pytest.mark.parametrize("point", POINTS)
def test_a_notifier_killed_at_any_point_loses_nothing(world: World, point: str) -> None:
    world.crashes.plan(point)
    quiet(world)
    settle(world)
    arrived = account(world)
    doubled = arrived.total() - len(arrived)
    assert world.crashes.happened[point] == 1
    assert doubled == (1 if point in DOUBLING else 0)
    world.inbox.take_all()


def test_a_repeat_is_the_same_message_with_the_same_id(world: World) -> None:
    world.crashes.plan("before mark")
    quiet(world)
    settle(world)
    received = world.inbox.take_all()
    (doubled,) = [name for name, times in account(world).items() if times == 2]
    first, second = [each.message for each in received if each.id == doubled]
    assert first == second


@settings(max_examples=quick_or_full(40, 5_000))
@given(
    crashes=st.lists(st.tuples(st.integers(0, 5), st.sampled_from(POINTS)), max_size=8),
    stops=st.sets(st.integers(0, 5)),
)
def test_nothing_is_lost_and_doubled_is_at_most_the_crashes_after_a_send(
    crashes: list[tuple[int, str]], stops: set[int]
) -> None:
    with a_world() as world:
        for minute in range(6):
            for when, point in crashes:
                if when == minute:
                    world.crashes.plan(point)
            if minute == 0:
                asked(world)
            if minute in stops:
                world.lose_stream()
            world.jump(1)
        world.crashes.cancel()
        settle(world)
        arrived = account(world)
        limit = sum(world.crashes.happened[point] for point in DOUBLING)
        assert arrived.total() - len(arrived) <= limit
        world.inbox.take_all()


def test_a_stream_that_stopped_for_a_day_loses_nothing(world: World) -> None:
    world.stream_runs = False
    incident = world.alarm()
    assert incident is not None
    world.inbox.expect_nothing_more()
    world.jump(1)
    world.expect("page", *PRIMARY, at="10:01")
    world.expect("opened", STAKEHOLDERS, at="10:01")
    world.stream_runs = True
    world.pump()
    assert set(account(world).values()) == {1}


def test_a_stream_that_repeats_itself_sends_nothing_twice(world: World) -> None:
    world.alarm()
    world.store.stream = [item.key for item in world.store.all_outbox()] * 3
    world.pump()
    assert set(account(world).values()) == {1}
    world.inbox.take_all()


def test_a_busy_channel_is_tried_again_until_it_takes_the_message(world: World) -> None:
    world.refusals[""] = SendFailed("throttled")
    asked(world)
    for _ in range(3):
        world.jump(1)
    world.inbox.expect_nothing_more()
    world.refusals.clear()
    settle(world)
    assert set(account(world).values()) == {1}
    assert max(item.attempts for item in world.store.all_outbox()) > 1
    world.inbox.take_all()


def test_attempts_are_spaced_further_and_further_apart(world: World) -> None:
    world.refusals[""] = SendFailed("throttled")
    asked(world)
    first = {item.message_id for item in world.store.all_outbox()}
    for _ in range(20):
        world.jump(1)
    attempts = {item.attempts for item in world.store.all_outbox() if item.message_id in first}
    assert attempts == {6}, "one, two, three, four, five minutes apart"
    world.refusals.clear()
    settle(world)
    world.inbox.take_all()


def test_a_page_nobody_needs_any_more_wakes_nobody_and_its_record_says_so(world: World) -> None:
    """Asked for at 10:00 and not sent; at 10:02 somebody has it, and the way works again."""
    world.refusals["person:"] = SendFailed("throttled")
    incident = asked(world)
    world.jump(2)
    world.acknowledge(incident, "commander-primary")
    world.refusals.clear()
    settle(world)
    assert len(moot(world)) == len(PRIMARY)
    assert [one for one in world.inbox.all if one.kind == "page"] == []
    assert set(account(world).values()) == {1}, "all else has left"
    world.inbox.take_all()


def test_one_message_nobody_can_send_does_not_hold_up_the_others(world: World) -> None:
    world.refusals["person:commander-primary"] = MessageRefused("never")
    world.alarm()
    world.expect("page", "mitigation-primary")
    world.expect("opened", STAKEHOLDERS)
    refused = [line for line in world.logged if line["message"] == "message.refused"]
    assert [line["code"] for line in refused] == ["message_refused"]


def test_two_deliveries_at_the_same_time_send_once(world: World) -> None:
    world.stream_runs = False
    quiet(world)
    key = world.store.all_outbox()[0].key
    first = world.store.claim_outbox(
        key, owner="first", wall_now=world.wall.wall_now(), lease=LEASE
    )
    assert first is not None
    assert world.delivery.deliver(key, owner="second") == "held"
    world.wall.advance(LEASE - timedelta(seconds=1))
    assert world.delivery.deliver(key, owner="second") == "held"
    world.wall.advance(timedelta(seconds=1))
    assert world.delivery.deliver(key, owner="second") == "sent"
    assert len(world.inbox.take_all()) == 1


def test_an_owner_whose_lease_passed_on_leaves_the_item_to_the_new_one(world: World) -> None:
    """The first owner sleeps between send and mark for longer than its lease."""

    def asleep(key: OutboxKey) -> None:
        world.jump(2, sweep=False)
        assert world.delivery.deliver(key, owner="second") == "sent"

    world.store.pause_before_mark = asleep
    world.alarm()
    arrived = account(world)
    assert arrived.total() - len(arrived) == 1
    assert [line["code"] for line in world.logged if line["message"] == "message.held"] == [
        "conflict"
    ]
    world.inbox.take_all()
