"""Preventive work as commands write it and as it is listed, on both stores: memory and moto."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from tests.harness.cloud.incident_tables import INCIDENTS, OPERATIONS, create_incident_tables
from tests.harness.fakes.application import CountingIds, ManualClock, Policies
from tests.harness.fakes.boto_call import BotoCall
from tests.harness.worlds.stories import BO, EVERYTHING, local, make
from tocsin.adapters.incidents.boards import DynamoActions
from tocsin.adapters.incidents.memory import MemoryIncidents
from tocsin.adapters.incidents.memory_boards import MemoryActions
from tocsin.adapters.incidents.store import DynamoIncidents
from tocsin.application.incidents.engine import Engine
from tocsin.errors import BadInput
from tocsin.incidents.commands.access import Restrict
from tocsin.incidents.commands.opening import OpenIncident
from tocsin.incidents.commands.updates import PublishPostmortem, VerifyPrevention
from tocsin.incidents.model.parts import Preventive
from tocsin.incidents.queries.prevention import prevention_name
from tocsin.incidents.vocabulary import Category, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.incidents.commands.base import Command
    from tocsin.ports.incidents import ActionStore, IncidentStore

T0 = local("09-08 10:00")
DAY = timedelta(days=1)


@dataclass
class Place:
    """Both stores, and an incident with a postmortem in one line."""

    store: IncidentStore
    actions: ActionStore
    clock: ManualClock
    ids: CountingIds

    def do(self, cls: type[Command], incident: str, **fields: Any) -> None:
        command = make(cls, BO, incident_id=incident, groups=EVERYTHING, **fields)
        Engine(store=self.store, policies=Policies(), clock=self.clock, ids=self.ids).execute(
            command
        )

    def published(self, **due_in_days: int) -> str:
        incident = self.ids.incident_id(drill=False)
        self.do(
            OpenIncident,
            incident,
            title="it was down",
            severity=Severity.LOW,
            category=Category.PRODUCTION,
        )
        work = tuple(
            Preventive(text=text, owner="cy", due_at=T0 + days * DAY)
            for text, days in due_in_days.items()
        )
        self.do(
            PublishPostmortem,
            incident,
            url="https://example.com",
            root_cause="x",
            actions=work,
        )
        return incident

    def listed(self, *, done: bool = False) -> list[tuple[str, str]]:
        return [(each.incident, each.work.text) for each in self.actions.page(done=done).actions]


@pytest.fixture(params=["memory", "dynamodb"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    if request.param == "memory":
        store = MemoryIncidents()
        yield Place(store, MemoryActions(store.actions), ManualClock(T0), CountingIds())
        return
    with mock_aws():
        client = boto3.client("dynamodb")
        create_incident_tables(client)
        dynamo = DynamoIncidents(BotoCall(client), table=INCIDENTS, operations_table=OPERATIONS)
        listed = DynamoActions(BotoCall(client), table=INCIDENTS)
        yield Place(dynamo, listed, ManualClock(T0), CountingIds())


def test_open_work_of_all_incidents_is_listed_by_due_time(place: Place) -> None:
    first, second = place.published(test=9, rule=3), place.published(alert=5)
    assert place.listed() == [(first, "rule"), (second, "alert"), (first, "test")]
    assert place.listed(done=True) == []
    lines = place.store.board().items
    assert {line.id for line in lines} == {first, second}, "work is no incident"


def test_what_is_verified_moves_to_the_other_board(place: Place) -> None:
    incident = place.published(test=9, rule=3)
    place.clock.advance(DAY)
    place.do(
        VerifyPrevention,
        incident,
        action=prevention_name("test"),
        check="suite",
        failed_at=T0,
        failed_evidence="https://example.com/1",
        passed_at=T0 + DAY,
        passed_evidence="https://example.com/2",
    )
    assert place.listed() == [(incident, "rule")]
    assert place.listed(done=True) == [(incident, "test")]
    (work,) = place.actions.page(done=True).actions
    assert (work.work.done_by, work.work.check) == ("bo", "suite")


def test_pages_follow_one_another(place: Place) -> None:
    place.published(a=1, b=2, c=3)
    first = place.actions.page(done=False, limit=2)
    rest = place.actions.page(done=False, limit=2, cursor=first.cursor)
    assert [each.work.text for each in (*first.actions, *rest.actions)] == ["a", "b", "c"]
    with pytest.raises(BadInput):
        place.actions.page(done=False, cursor="nonsense")


def test_work_of_an_incident_that_is_hidden_says_so(place: Place) -> None:
    incident = place.published(test=9)
    assert not place.actions.page(done=False).actions[0].restricted
    place.do(Restrict, incident, reason="who knows")
    assert place.actions.page(done=False).actions[0].restricted
