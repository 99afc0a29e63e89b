"""A batch of alarms: what is recorded leaves the queue, and only that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from functions.alarm_trigger.intake import take
from tests.harness.worlds.alarms import notification
from tocsin.errors import MalformedPayload, StoreUnavailable, Unavailable
from tocsin.incidents.model.outbox import STAKEHOLDERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.harness.worlds.world import World
    from tocsin.incidents.model.signals import Signal

PRIMARY = ("commander-primary", "mitigation-primary")
SAMPLES = Path(__file__).parents[4] / "events" / "cloudwatch"


def incidents(world: World) -> list[str]:
    return [line.title for line in world.application.store.board(limit=200).items]


def lines(world: World, event: str) -> list[dict[str, Any]]:
    return [line for line in world.logged if line["message"] == event]


@pytest.mark.parametrize(
    "poison",
    [
        *("not json", "[]", '"text"', "{}", {"Message": "{}"}),
        {"Type": "SubscriptionConfirmation"},
        *("[" * 50_000, f'{{"a": {"9" * 5_000}}}'),
    ],
    ids=[
        *("no json", "a list", "a text", "empty", "no alarm", "another notification"),
        *("too deep", "more digits than a number has"),
    ],
)
def test_a_message_nobody_can_read_comes_back_alone(world: World, poison: object) -> None:
    good = notification("api-outage", world.clock.now)
    assert world.deliver_alarms(poison, good, poison) == ["message-1", "message-3"]
    assert incidents(world) == ["api-outage"]
    assert len(lines(world, "signal.rejected")) == 2
    assert world.meter.counts["SignalsRejected"] == 2


def test_a_batch_of_one_alarm_is_one_incident_and_one_entry(world: World) -> None:
    first = notification("api-outage", world.clock.now)
    world.clock.now = world.clock.now.replace(second=1)
    second = notification("api-outage", world.clock.now)
    assert world.deliver_alarms(first, second, first) == []
    assert incidents(world) == ["api-outage"]
    (opened,) = lines(world, "incident.opened")
    merged = [
        entry for entry in world.store.entries(opened["incident"]) if entry.type == "signals_merged"
    ]
    assert len(merged) == 1


def test_a_batch_of_many_alarms_is_one_incident_each(world: World) -> None:
    names = [f"outage-{number}" for number in range(20)]
    batch = [notification(name, world.clock.now) for name in names]
    assert world.deliver_alarms(*batch) == []
    assert sorted(incidents(world)) == sorted(names)
    assert world.meter.counts["IncidentsOpened"] == 20


def test_a_redelivered_batch_changes_nothing(world: World) -> None:
    batch = [notification(f"outage-{number}", world.clock.now) for number in range(3)]
    world.deliver_alarms(*batch)
    before = {line.id: world.store.load(line.id) for line in world.store.board().items}
    assert world.deliver_alarms(*batch) == []
    assert {line.id: world.store.load(line.id) for line in world.store.board().items} == before


class Failing:
    """Lets signals of some rules fail in the store."""

    def __init__(self, world: World, *rules: str, error: Exception) -> None:
        self._rules = rules
        self._error = error
        self._unseen = world.store.unseen

    def __call__(self, signals: Sequence[Signal]) -> tuple[Signal, ...]:
        if any(signal.rule in self._rules for signal in signals):
            raise self._error
        return self._unseen(signals)


@pytest.mark.parametrize("error", [StoreUnavailable(), ZeroDivisionError()], ids=["store", "bug"])
def test_only_the_alarms_that_were_not_recorded_come_back(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    failing = Failing(world, "outage-2", error=error)
    monkeypatch.setattr(world.store, "unseen", failing)
    batch = [notification(f"outage-{number}", world.clock.now) for number in (1, 2, 3)]
    assert world.deliver_alarms(*batch) == ["message-2"]
    assert sorted(incidents(world)) == ["outage-1", "outage-3"]
    assert [line["record"] for line in lines(world, "record.failed")] == ["message-2"]
    monkeypatch.undo()
    assert world.deliver_alarms(batch[1]) == []
    assert sorted(incidents(world)) == ["outage-1", "outage-2", "outage-3"]


@pytest.mark.parametrize(
    "sample",
    [
        "action-metric.json",
        "action-composite.json",
        "eventbridge-alarm.json",
        "sns-lambda-record.json",
    ],
)
def test_a_payload_that_comes_directly_opens_the_same_way(world: World, sample: str) -> None:
    payload = json.loads((SAMPLES / sample).read_text())
    event = {"Records": [payload]} if "Sns" in payload else payload
    answer = take(event, application=world.application, watch=world.watch)
    assert answer == {"batchItemFailures": []}
    assert len(incidents(world)) == 1


def test_a_direct_payload_nobody_can_read_is_an_error_so_that_it_is_tried_again(
    world: World,
) -> None:
    with pytest.raises(MalformedPayload):
        take({"source": "aws.other"}, application=world.application, watch=world.watch)


def test_a_direct_payload_that_cannot_be_stored_is_an_error_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = Failing(world, "auth-login-failures", error=StoreUnavailable())
    monkeypatch.setattr(world.store, "unseen", failing)
    payload = json.loads((SAMPLES / "action-metric.json").read_text())
    with pytest.raises(Unavailable):
        take(payload, application=world.application, watch=world.watch)
    assert incidents(world) == []


def test_an_empty_batch_is_no_work(world: World) -> None:
    assert world.deliver_alarms() == []
    assert world.logged == []


def test_what_a_batch_opened_is_paged(world: World) -> None:
    world.deliver_alarms(notification("api-outage", world.clock.now))
    world.pump()
    world.expect("page", *PRIMARY)
    world.expect("opened", STAKEHOLDERS)
