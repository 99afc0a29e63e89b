"""What every `HeartbeatStore` promises, tried on both: memory and DynamoDB (moto)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from tests.harness.cloud.incident_tables import OPERATIONS, create_incident_tables
from tests.harness.fakes.boto_call import BotoCall
from tocsin.adapters.heartbeats.memory import MemoryHeartbeats
from tocsin.adapters.heartbeats.store import DynamoHeartbeats
from tocsin.errors import ConditionFailed
from tocsin.incidents.model.heartbeats import Heartbeat, beaten, missed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.ports.heartbeats import HeartbeatStore

SET = datetime(2026, 9, 8, 14, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Iterator[HeartbeatStore]:
    if request.param == "memory":
        yield MemoryHeartbeats()
        return
    with mock_aws():
        client = boto3.client("dynamodb")
        create_incident_tables(client)
        yield DynamoHeartbeats(BotoCall(client), table=OPERATIONS)


def heartbeat(name: str = "backup", **changes: Any) -> Heartbeat:
    values: dict[str, Any] = {
        "every_seconds": 3600,
        "grace_seconds": 720,
        "set_by": "ana",
        "set_at": SET,
    }
    return Heartbeat(name=name, **(values | changes))


def test_what_is_saved_is_read_again_whole(store: HeartbeatStore) -> None:
    asked = heartbeat(
        service="checkout",
        proof="p",
        last_at=SET + HOUR,
        missed_at=SET + HOUR,
        told=True,
        drill=True,
    )
    store.save(asked, expected=0)
    assert store.get("backup") == asked
    assert store.get("other") is None


def test_it_is_written_over_the_version_that_was_seen_alone(store: HeartbeatStore) -> None:
    first = heartbeat()
    store.save(first, expected=0)
    with pytest.raises(ConditionFailed):
        store.save(first, expected=0)
    second = replace(beaten(first, SET + HOUR), ver=2)
    store.save(second, expected=1)
    with pytest.raises(ConditionFailed):
        store.save(replace(first, ver=2), expected=1)
    assert store.get("backup") == second


def test_what_is_removed_is_listed_no_more_and_read_still(store: HeartbeatStore) -> None:
    for name in ("b", "a"):
        store.save(heartbeat(name), expected=0)
    assert [one.name for one in store.all()] == ["a", "b"]
    gone = heartbeat("a", removed=True, ver=2)
    store.save(gone, expected=1)
    assert [one.name for one in store.all()] == ["b"]
    assert store.get("a") == gone


def test_due_is_what_has_something_to_be_done(store: HeartbeatStore) -> None:
    """The longest due first; what is missing and known to be is not due until it beats."""
    late = heartbeat("late")
    later = heartbeat("later", every_seconds=7200)
    for one in (later, late):
        store.save(one, expected=0)

    def due(at: datetime) -> list[str]:
        return [one.name for one in store.due(at=at, limit=10)]

    assert due(late.expected_by - timedelta(seconds=1)) == []
    assert due(late.expected_by) == ["late"]
    assert due(later.expected_by) == ["late", "later"]
    assert len(store.due(at=later.expected_by, limit=1)) == 1
    known = replace(missed(late, late.expected_by), told=True, ver=2)
    store.save(known, expected=1)
    assert due(later.expected_by) == ["later"]
    back = replace(beaten(known, SET + 2 * HOUR), ver=3)
    store.save(back, expected=2)
    assert due(SET + 2 * HOUR) == ["late"]
    store.save(replace(known, removed=True, ver=4), expected=3)
    assert due(late.expected_by) == ["late"]
    store.save(heartbeat("later", removed=True, ver=2), expected=1)
    assert due(later.expected_by) == ["late"]
