"""Storms on the emulator's DynamoDB, where writers really meet, at the size that was promised."""

from __future__ import annotations

from statistics import quantiles
from typing import TYPE_CHECKING

import pytest

from tests.bench import sweep
from tests.harness.cloud.emulator import incident_tables
from tests.harness.cloud.incident_tables import INCIDENTS, OPERATIONS
from tests.harness.fakes.boto_call import BotoCall
from tests.harness.worlds.storms import Storm, numbered_storms
from tocsin.adapters.incidents.store import DynamoIncidents

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

pytestmark = [pytest.mark.full, pytest.mark.timeout(1_200)]


def storm_over(client: DynamoDBClient) -> Storm:
    return Storm(
        lambda: DynamoIncidents(BotoCall(client), table=INCIDENTS, operations_table=OPERATIONS)
    )


def test_five_thousand_due_at_once_are_acted_on_once_across_two_sweeps() -> None:
    with incident_tables() as client:
        storm = storm_over(client)
        storm.everything_falls_due(storm.open(5_000))


def test_ten_responders_with_fifty_notes_each_leave_five_hundred_entries() -> None:
    with incident_tables() as client:
        storm_over(client).everybody_writes(10, 50)


def test_a_sweep_with_nothing_due_costs_the_same_however_many_are_open() -> None:
    found = sweep.measure(few=10, many=2_000)
    assert found[2_000] == found[10]


def test_two_hundred_alarms_get_two_hundred_numbers_for_one_call_each() -> None:
    """Counted in calls, and in time as pairs: what a number costs an opening."""
    with incident_tables() as client:
        with_numbers, without = numbered_storms(lambda: BotoCall(client), alarms=200, writers=5)
    assert with_numbers.names == [f"INC-{n}" for n in range(1, 201)]
    assert with_numbers.calls - without.calls == {"UpdateItem": 200}
    slow = [1000 * quantiles(storm.seconds, n=20)[-1] for storm in (with_numbers, without)]
    print("p95 of an opening with and without a number, ms:", *map(round, slow))  # noqa: T201
