"""Whether a billing incident is open, as the memory store and the board's index say it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from tests.harness.cloud.incident_tables import INCIDENTS, OPERATIONS, create_incident_tables
from tests.harness.fakes.application import CountingIds, ManualClock, Policies
from tests.harness.fakes.boto_call import BotoCall
from tests.harness.worlds.stories import ANA, EVERYTHING, local
from tocsin.adapters.billing.access.incidents import DynamoDbOpenIncidents
from tocsin.adapters.billing.access.memory import MemoryOpenIncidents
from tocsin.adapters.incidents.memory import MemoryIncidents
from tocsin.adapters.incidents.store import DynamoIncidents
from tocsin.incidents.commands.closing import Close
from tocsin.incidents.commands.opening import OpenIncident
from tocsin.incidents.vocabulary import Category, Kind, Resolution, Severity
from tocsin.runtime.wiring.incidents import Application

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.ports.billing.projection import OpenIncidents
    from tocsin.ports.incidents import IncidentStore

IDS = CountingIds()


@pytest.fixture(params=["memory", "dynamodb"])
def both(request: pytest.FixtureRequest) -> Iterator[tuple[Application, OpenIncidents]]:
    """An application, and what billing sees of its incidents."""
    if request.param == "memory":
        store = MemoryIncidents()
        yield application(store), MemoryOpenIncidents(store)
        return
    with mock_aws():
        client = boto3.client("dynamodb")
        create_incident_tables(client)
        dynamo = DynamoIncidents(BotoCall(client), table=INCIDENTS, operations_table=OPERATIONS)
        yield application(dynamo), DynamoDbOpenIncidents(BotoCall(), INCIDENTS)


def application(store: IncidentStore) -> Application:
    clock = ManualClock(local("09-08 10:00"))
    return Application(store=store, policies=Policies(), clock=clock, ids=IDS)


def command(incident: str) -> dict[str, Any]:
    return {
        "incident_id": incident,
        "command_id": IDS.unique_id(),
        "actor": ANA,
        "correlation_id": "c",
        "groups": EVERYTHING,
    }


def opened(app: Application, category: Category, kind: Kind = Kind.REAL) -> str:
    incident = IDS.incident_id(drill=kind is Kind.DRILL)
    app.execute(
        OpenIncident(
            **command(incident),
            title="something",
            severity=Severity.MEDIUM,
            category=category,
            kind=kind,
        )
    )
    return incident


def test_real_open_billing_incidents_are_seen_and_nothing_else(
    both: tuple[Application, OpenIncidents],
) -> None:
    app, seen = both
    assert seen.billing() == ()
    opened(app, Category.PRODUCTION)
    opened(app, Category.SECURITY)
    opened(app, Category.OPERATIONAL, Kind.DRILL)
    assert seen.billing() == ()
    first, second = opened(app, Category.OPERATIONAL), opened(app, Category.OPERATIONAL)
    assert sorted(seen.billing()) == [first, second]
    app.execute(Close(**command(first), resolution=Resolution.FALSE_POSITIVE, reason="a typo"))
    assert seen.billing() == (second,)
