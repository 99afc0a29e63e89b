"""Both stores of waiting deployments keep the same contract, and the form they are stored in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from tests.harness.cloud.incident_tables import OPERATIONS, create_incident_tables
from tests.harness.fakes.boto_call import BotoCall
from tocsin.adapters.releases.deployments import (
    DynamoDeployments,
    MemoryDeployments,
    deployment_of,
    deployment_text,
)
from tocsin.errors import ConditionFailed
from tocsin.incidents.model.deployments import Deployment, DeploymentState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.ports.deployments import DeploymentStore

NOW = datetime(2026, 9, 8, 14, 0, 0, 250_000, tzinfo=UTC)
STORED = (
    '{"asked":null,"due_at":"2026-09-08T14:00:00.250000+00:00","environment":"production",'
    '"failures":0,"id":"7001","installation":401,"pulls":[12],"refusals":0,"reports":0,'
    '"repository":"acme/checkout","repository_id":501,'
    '"requested_at":"2026-09-08T14:00:00.250000+00:00","run":9001,"said":"",'
    '"sha":"c0ffee1","state":"waiting","ver":1}'
)
"""As one was stored first: what is waiting then has to be read for as long as GitHub waits."""


def waiting(number: int = 7001, due_at: datetime = NOW) -> Deployment:
    return Deployment(
        id=str(number),
        repository="acme/checkout",
        repository_id=501,
        run=9001,
        environment="production",
        sha="c0ffee1",
        pulls=(12,),
        installation=401,
        requested_at=NOW,
        due_at=due_at,
    )


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Iterator[DeploymentStore]:
    if request.param == "memory":
        yield MemoryDeployments()
        return
    with mock_aws():
        client = boto3.client("dynamodb")
        create_incident_tables(client)
        yield DynamoDeployments(BotoCall(client), OPERATIONS)


def test_what_was_stored_first_is_read_and_written_the_same() -> None:
    assert deployment_of(STORED) == waiting()
    assert deployment_text(waiting()) == STORED


def test_it_is_written_down_once_and_the_same_again_changes_nothing(store: DeploymentStore) -> None:
    assert store.add(waiting())
    assert not store.add(waiting(due_at=NOW + timedelta(hours=1)))
    assert store.get("acme/checkout", "7001") == waiting()
    assert store.get("acme/checkout", "7002") is None


def test_what_is_due_is_found_the_longest_due_first_and_not_a_moment_early(
    store: DeploymentStore,
) -> None:
    for number, minutes in ((1, 2), (2, 1), (3, 0)):
        store.add(waiting(number, NOW + timedelta(minutes=minutes)))
    assert [one.id for one in store.due(at=NOW, limit=9)] == ["3"]
    assert store.due(at=NOW - timedelta(microseconds=1), limit=9) == ()
    later = NOW + timedelta(minutes=5)
    assert [one.id for one in store.due(at=later, limit=9)] == ["3", "2", "1"]
    assert [one.id for one in store.due(at=later, limit=2)] == ["3", "2"]


def test_what_is_answered_is_due_no_more_and_two_rounds_cannot_both_go_on(
    store: DeploymentStore,
) -> None:
    store.add(waiting())
    first = waiting().after(state=DeploymentState.APPROVED)
    store.save(first)
    assert store.due(at=NOW + timedelta(days=40), limit=9) == ()
    with pytest.raises(ConditionFailed):
        store.save(waiting().after(state=DeploymentState.REJECTED))
    with pytest.raises(ConditionFailed):
        store.save(waiting(9).after(state=DeploymentState.REJECTED))
    assert store.get("acme/checkout", "7001") == first
