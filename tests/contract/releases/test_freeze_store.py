"""Freezes as commands write them and as they are asked for, on both stores: memory and moto."""

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
from tests.harness.worlds.stories import ANA, BO, EVERYTHING, local, make
from tocsin.adapters.incidents.memory import MemoryIncidents
from tocsin.adapters.incidents.store import DynamoIncidents
from tocsin.adapters.releases.freezes import DynamoFreezes
from tocsin.adapters.releases.memory import MemoryFreezes
from tocsin.application.incidents.engine import Engine
from tocsin.application.releases.freeze import FreezeAnswer, ask_freeze
from tocsin.errors import InvalidSettings
from tocsin.incidents.commands import freeze as f
from tocsin.incidents.commands.containment import (
    FinishAction,
    Observe,
    PlanAction,
    VerifyContainment,
)
from tocsin.incidents.commands.opening import OpenIncident
from tocsin.incidents.model.parts import Check, LinkPurpose, Verdict
from tocsin.incidents.queries.freeze import ChangeKind
from tocsin.incidents.vocabulary import Category, Kind, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.incidents.commands.base import Command
    from tocsin.ports.incidents import IncidentStore
    from tocsin.ports.releases import FreezeStore

T0 = local("09-08 10:00")
MINUTE = timedelta(minutes=1)


@dataclass
class Place:
    """Both stores and a clock; what a responder does is one line."""

    store: IncidentStore
    freezes: FreezeStore
    clock: ManualClock
    ids: CountingIds

    def do(self, cls: type[Command], incident: str, **fields: Any) -> None:
        who = fields.pop("who", BO)
        command = make(cls, who, incident_id=incident, groups=EVERYTHING, **fields)
        Engine(store=self.store, policies=Policies(), clock=self.clock, ids=self.ids).execute(
            command
        )

    def open(self, severity: Severity = Severity.HIGH, **fields: Any) -> str:
        incident = self.ids.incident_id(drill=False)
        values = {
            "title": "it is down",
            "severity": severity,
            "category": Category.PRODUCTION,
            "service": "checkout",
        }
        self.do(OpenIncident, incident, **(values | fields))
        return incident

    def contain(self, incident: str) -> None:
        self.do(PlanAction, incident, action="a1", text="roll back")
        self.do(FinishAction, incident, action="a1", who=ANA)
        self.clock.advance(MINUTE)
        for check in Check:
            self.do(Observe, incident, check=check, verdict=Verdict.PASSED, detail="seen")
        self.do(VerifyContainment, incident)

    def ask(self, service: str | None = "checkout", **wish: Any) -> FreezeAnswer:
        return ask_freeze(self.freezes, service=service, at=self.clock.now, **wish)


@pytest.fixture(params=["memory", "dynamodb"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    if request.param == "memory":
        store = MemoryIncidents()
        yield Place(store, MemoryFreezes(store.freezes), ManualClock(T0), CountingIds())
        return
    with mock_aws():
        client = boto3.client("dynamodb")
        create_incident_tables(client)
        dynamo = DynamoIncidents(BotoCall(client), table=INCIDENTS, operations_table=OPERATIONS)
        frozen = DynamoFreezes(BotoCall(client), table=OPERATIONS)
        yield Place(dynamo, frozen, ManualClock(T0), CountingIds())


def test_a_service_is_frozen_with_the_incident_and_free_with_its_containment(place: Place) -> None:
    assert place.ask() == FreezeAnswer(
        service="checkout",
        at=T0,
        frozen=False,
        allowed=True,
        known=True,
        fails_closed=False,
        held=(),
        stopped_by=(),
        drills=(),
        over=(),
    )
    incident = place.open()
    answer = place.ask()
    assert (answer.frozen, answer.allowed) == (True, False)
    assert [each.incident for each in answer.held] == [incident]
    assert place.ask("search").allowed
    assert place.ask("check").allowed, "a service whose name begins alike is another one"
    place.contain(incident)
    assert not place.ask().frozen


def test_two_incidents_freeze_until_both_end(place: Place) -> None:
    first, second = place.open(), place.open(Severity.CRITICAL)
    place.contain(first)
    assert [each.incident for each in place.ask().held] == [second]
    place.contain(second)
    assert not place.ask().frozen


def test_a_change_passes_once_every_incident_that_holds_it_lets_it(place: Place) -> None:
    for number, incident in enumerate((place.open(), place.open()), start=1):
        allow = {"change": "c0ffee", "purpose": LinkPurpose.FIX, "reason": "the fix"}
        place.do(f.AllowChange, incident, **allow)
        assert place.ask(names=("c0ffee",)).allowed is (number == 2)
    assert place.ask().frozen
    assert not place.ask(names=("beef",)).allowed
    assert place.ask(change=ChangeKind.FLAG_OFF).allowed


def test_an_incident_without_a_service_freezes_every_one(place: Place) -> None:
    place.open(service=None)
    assert place.ask("anything").frozen
    assert place.ask(None).frozen
    assert place.ask("*").frozen
    assert len(place.ask("*").held) == 1


def test_a_drill_freezes_nothing_and_is_reported(place: Place) -> None:
    incident = place.open(kind=Kind.DRILL)
    answer = place.ask()
    assert (answer.frozen, answer.allowed) == (False, True)
    assert [each.incident for each in answer.drills] == [incident]


def test_an_extension_runs_out_without_another_write(place: Place) -> None:
    incident = place.open()
    place.contain(incident)
    place.do(f.ExtendFreeze, incident, minutes=60, reason="unsure")
    assert place.ask().frozen
    place.clock.advance(60 * MINUTE)
    assert not place.ask().frozen
    assert place.freezes.of("checkout")[0].until == place.clock.now


def test_a_service_may_have_the_separator_in_its_name(place: Place) -> None:
    place.open(service="a#b")
    assert place.ask("a#b").frozen
    assert not place.ask("a").frozen


def test_a_store_without_the_operations_table_refuses_to_forget_a_freeze() -> None:
    with mock_aws():
        client = boto3.client("dynamodb")
        create_incident_tables(client)
        alone = DynamoIncidents(BotoCall(client), table=INCIDENTS)
        place = Place(alone, MemoryFreezes({}), ManualClock(T0), CountingIds())
        opening = make(
            OpenIncident,
            BO,
            incident_id="INC-1",
            title="t",
            severity=Severity.HIGH,
            category=Category.PRODUCTION,
        )
        with pytest.raises(InvalidSettings):
            Engine(store=alone, policies=Policies(), clock=place.clock, ids=place.ids).execute(
                opening
            )
        assert alone.load("INC-1") is None
