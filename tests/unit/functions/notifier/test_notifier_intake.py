"""The stream as the notifier reads it: outbox inserts by key, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from functions.notifier.intake import take
from tests.harness.worlds.alarms import notification
from tocsin.errors import MessageRefused, StoreUnavailable
from tocsin.incidents.model.outbox import STAKEHOLDERS

if TYPE_CHECKING:
    from tests.harness.worlds.world import World
    from tocsin.incidents.model.outbox import OutboxKey

PRIMARY = ("commander-primary", "mitigation-primary")


def stream(pk: str, sk: str, *, event: str = "INSERT") -> dict[str, Any]:
    keys = {"PK": {"S": pk}, "SK": {"S": sk}}
    return {"eventName": event, "dynamodb": {"Keys": keys, "SequenceNumber": f"{pk}/{sk}"}}


def outbox(world: World) -> list[OutboxKey]:
    """The outbox of one fresh alarm, not yet delivered."""
    world.deliver_alarms(notification("api-outage", world.clock.now))
    world.lose_stream()
    return [item.key for item in world.store.all_outbox()]


def deliver(world: World, *records: dict[str, Any]) -> list[str]:
    answer = take({"Records": list(records)}, delivery=world.delivery, owner="test")
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


@pytest.mark.parametrize("sk", ["META", "T#00000001", "CMD#abc", "ACTION#1"])
def test_an_insert_that_is_no_outbox_item_is_passed_over(world: World, sk: str) -> None:
    (key, *_) = outbox(world)
    assert deliver(world, stream(f"INC#{key.incident}", sk)) == []


@pytest.mark.parametrize("event", ["MODIFY", "REMOVE"])
def test_a_change_of_an_outbox_item_sends_nothing(world: World, event: str) -> None:
    """The marks the notifier itself makes come back on the stream."""
    records = [stream(f"INC#{key.incident}", key.sk, event=event) for key in outbox(world)]
    assert deliver(world, *records) == []


def test_a_record_without_keys_is_reported_and_its_neighbours_are_sent(world: World) -> None:
    keys = outbox(world)
    broken = {"eventName": "INSERT", "dynamodb": {"SequenceNumber": "7"}}
    records = [stream(f"INC#{key.incident}", key.sk) for key in keys]
    assert deliver(world, broken, *records) == ["7"]
    world.expect("page", *PRIMARY)
    world.expect("opened", STAKEHOLDERS)


def test_an_outbox_item_outside_an_incident_is_reported(world: World) -> None:
    assert deliver(world, stream("KEY#v1:x", "OUT#1")) == ["KEY#v1:x/OUT#1"]


def test_records_of_one_transaction_may_come_in_any_order(world: World) -> None:
    keys = outbox(world)
    records = [stream(f"INC#{key.incident}", key.sk) for key in reversed(keys)]
    assert deliver(world, *records) == []
    world.expect("page", *PRIMARY)
    world.expect("opened", STAKEHOLDERS)


def test_a_message_refused_for_good_is_told_of_and_not_handed_over_again(world: World) -> None:
    """Not by the stream either, which would repeat it until it is a dead letter."""
    keys = outbox(world)
    world.refusals["audience:"] = MessageRefused("never")
    records = [stream(f"INC#{key.incident}", key.sk) for key in keys]
    assert deliver(world, *records) == []
    assert world.meter.counts["MessagesRefused"] == 1
    world.expect("page", *PRIMARY)


def test_a_store_that_does_not_answer_fails_the_batch(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = outbox(world)

    def unavailable(*_args: object, **_named: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(world.store, "claim_outbox", unavailable)
    with pytest.raises(StoreUnavailable):
        deliver(world, stream(f"INC#{keys[0].incident}", keys[0].sk))


def test_a_redrive_tells_what_became_of_each_item(world: World) -> None:
    keys = outbox(world)
    world.refusals["audience:"] = MessageRefused("never")
    items = [{"incident": key.incident, "sk": key.sk} for key in keys]
    event = {"redrive": [*items, items[-1], {"incident": "INC-0", "sk": "OUT#0"}]}
    answer = take(event, delivery=world.delivery, owner="test")
    other = {"no_news": 0, "moot": 0, "waits": 0, "failed": 0, "unreadable": 0}
    assert answer == {"sent": 2, "held": 2, "refused": 1} | other
    world.expect("page", *PRIMARY)


def test_an_item_whose_facts_make_no_message_is_reported_and_kept(world: World) -> None:
    keys = outbox(world)
    page = next(key for key in keys if "commander" in key.sk)
    stored = world.store.outbox(page)
    assert stored is not None
    world.store._outbox[page] = replace(stored, facts={})
    assert deliver(world, stream(f"INC#{page.incident}", page.sk)) == [
        f"INC#{page.incident}/{page.sk}"
    ]
    kept = world.store.outbox(page)
    assert kept is not None
    assert kept.state == "pending"
