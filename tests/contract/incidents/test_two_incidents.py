"""Merging, splitting and finding another owner, through the engine over both stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from tests.harness.cloud.incident_tables import INCIDENTS, OPERATIONS, create_incident_tables
from tests.harness.fakes.application import CountingIds, ManualClock, Policies
from tests.harness.fakes.boto_call import BotoCall
from tests.harness.worlds.desk import T0, key_of
from tests.harness.worlds.stories import ANA, BO, CY, EVERYTHING, make, signal
from tocsin.adapters.incidents.memory import MemoryIncidents
from tocsin.adapters.incidents.store import DynamoIncidents
from tocsin.application.incidents.engine import Engine
from tocsin.incidents.commands.closing import Close, Reopen
from tocsin.incidents.commands.people import Acknowledge
from tocsin.incidents.commands.relations import Merge, Split
from tocsin.incidents.events.fold import fold
from tocsin.incidents.limits import KEYS_PER_INCIDENT
from tocsin.incidents.vocabulary import Resolution

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.incidents.model.incident import Incident
    from tocsin.ports.incidents import IncidentStore


class Two:
    """The engine over a store; each command has an id of its own."""

    def __init__(self, store: IncidentStore) -> None:
        self.store = store
        self.clock = ManualClock(T0)
        self.engine = Engine(store=store, policies=Policies(), clock=self.clock, ids=CountingIds())

    def alarm(self, name: str, number: int = 0) -> Incident:
        (outcome,) = self.engine.receive([signal(T0, name=name, id=f"{name}-{number}")])
        return self.load(outcome.incident.id)

    def load(self, name: str) -> Incident:
        found = self.store.load(name)
        assert found is not None
        assert fold(self.store.entries(name)) == found
        return found

    def merge(self, into: Incident, other: Incident) -> None:
        for who in (BO, CY):
            command = make(
                Merge,
                who,
                incident_id=into.id,
                other=other.id,
                reason="one cause",
                command_id=f"merge-{other.id}-{who.id}",
                groups=EVERYTHING,
            )
            self.engine.execute(command)
        assert self.engine.execute(command).repeated

    def close(self, incident: Incident) -> None:
        for who in (BO, CY):
            command = make(
                Close,
                who,
                incident_id=incident.id,
                command_id=f"close-{who.id}",
                groups=EVERYTHING,
                resolution=Resolution.FALSE_POSITIVE,
                reason="nothing",
            )
            self.engine.execute(command)

    def owner(self, name: str) -> tuple[str, bool]:
        pointer = self.store.pointer(key_of(name))
        assert pointer is not None
        return pointer.incident, pointer.open


@pytest.fixture(params=["memory", "dynamodb"])
def two(request: pytest.FixtureRequest) -> Iterator[Two]:
    if request.param == "memory":
        yield Two(MemoryIncidents())
        return
    with mock_aws():
        client = boto3.client("dynamodb")
        create_incident_tables(client)
        yield Two(DynamoIncidents(BotoCall(client), table=INCIDENTS, operations_table=OPERATIONS))


def test_a_merge_and_a_split_of_what_was_merged(two: Two) -> None:
    first, second = two.alarm("a"), two.alarm("b")
    two.merge(first, second)
    assert two.owner("b") == (first.id, True)
    assert set(two.load(first.id).signals) == {key_of("a"), key_of("b")}
    split = make(
        Split,
        ANA,
        incident_id=first.id,
        command_id="split",
        title="b",
        reason="another cause",
        keys=(key_of("b"),),
    )
    part = two.engine.execute(split).incident
    assert two.owner("b") == (part.id, True)
    assert two.owner("a") == (first.id, True)
    assert set(two.load(part.id).signals) == {key_of("b")}
    again = two.engine.execute(split)
    assert (again.repeated, again.incident.id) == (True, part.id)
    assert two.alarm("b", 1).id == part.id


def test_as_many_keys_as_one_takes_are_merged_split_and_closed_in_one_write_each(two: Two) -> None:
    full = two.alarm("k-0")
    for number in range(1, KEYS_PER_INCIDENT):
        two.merge(full, two.alarm(f"k-{number}"))
    assert len(two.load(full.id).signals) == KEYS_PER_INCIDENT
    split = make(
        Split,
        ANA,
        incident_id=full.id,
        command_id="split",
        title="all of it",
        reason="another cause",
        keys=tuple(two.load(full.id).signals),
    )
    part = two.engine.execute(split).incident
    assert len(two.load(part.id).signals) == KEYS_PER_INCIDENT
    two.close(two.load(part.id))
    assert two.owner("k-7") == (part.id, False)


def test_one_is_reopened_without_a_key_that_another_has_open(two: Two) -> None:
    old = two.alarm("a")
    two.close(old)
    two.clock.now = T0.replace(month=10)
    new = two.alarm("a", 1)
    assert new.id != old.id
    reopen = make(Reopen, ANA, incident_id=old.id, command_id="reopen", reason="it was real")
    assert two.engine.execute(reopen).entries
    assert two.engine.execute(reopen).repeated
    assert two.load(old.id).signals == {}
    assert two.owner("a") == (new.id, True)


def test_clears_are_heard_in_any_order(two: Two) -> None:
    late = signal(T0.replace(minute=7), name="a", firing=False, id="ok")
    two.clock.now = late.occurred_at
    assert two.engine.receive([late]) == []
    older = signal(T0.replace(minute=1), name="a", firing=False, id="older-ok")
    assert two.engine.receive([older]) == []
    heard = two.store.clear_heard(key_of("a"))
    assert heard is not None
    assert (heard.id, heard.occurred_at) == ("ok", late.occurred_at)
    assert not two.alarm("a").firing


def test_what_changed_nothing_is_a_repeat(two: Two) -> None:
    incident = two.alarm("a")
    for number in range(2):
        ack = make(Acknowledge, ANA, incident_id=incident.id, command_id=f"ack-{number}")
        two.engine.execute(ack)
    assert two.engine.execute(ack).repeated
