"""What `Numbers` promises together with the store, tried on both: memory and DynamoDB (moto)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from tests.contract.incidents.test_incident_store import one_call_at_a_time, opened
from tests.harness.cloud.incident_tables import INCIDENTS, OPERATIONS, create_incident_tables
from tests.harness.fakes.boto_call import BotoCall
from tocsin.adapters.incidents.memory import MemoryIncidents
from tocsin.adapters.incidents.numbers import LEFT_ALONE, DynamoNumbers, MemoryNumbers
from tocsin.adapters.incidents.store import DynamoIncidents
from tocsin.errors import NumberTaken, StoreUnavailable, TocsinError, VersionConflict
from tocsin.incidents.vocabulary import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tocsin.ports.incidents import IncidentStore
    from tocsin.ports.numbers import Numbers

type Both = tuple[IncidentStore, Numbers]

OTHER = "INC-01HZX3K5T8Q2W4E6R7Y9A0S1D2"


@pytest.fixture(params=["memory", "dynamodb"])
def both(request: pytest.FixtureRequest) -> Iterator[Both]:
    if request.param == "memory":
        incidents = MemoryIncidents()
        yield incidents, MemoryNumbers(incidents)
        return
    with mock_aws():
        client = one_call_at_a_time(boto3.client("dynamodb"))
        create_incident_tables(client)
        aws = BotoCall(client)
        yield (
            DynamoIncidents(
                aws, INCIDENTS, operations_table=OPERATIONS, pause=lambda _attempt: None
            ),
            DynamoNumbers(aws, hasty=aws, incidents_table=INCIDENTS, operations_table=OPERATIONS),
        )


class TestNumbers:
    """The one contract of both."""

    def test_they_count_from_one_and_drills_apart(self, both: Both) -> None:
        _, numbers = both
        assert [numbers.next(Kind.REAL) for _ in range(3)] == [1, 2, 3]
        assert [numbers.next(Kind.DRILL) for _ in range(2)] == [1, 2]
        assert numbers.next(Kind.BACKFILLED) == 4

    def test_two_hundred_at_once_get_two_hundred(self, both: Both) -> None:
        _, numbers = both
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: numbers.next(Kind.REAL), range(200)))
        assert sorted(map(int, filter(None, found))) == list(range(1, 201))

    def test_a_written_number_leads_to_its_incident(self, both: Both) -> None:
        store, numbers = both
        store.commit(commit := opened(number=7))
        assert numbers.holder("INC-7") == commit.incident.id
        assert numbers.holder("DRILL-7") is None
        assert numbers.holder("INC-8") is None

    def test_one_number_is_never_two_incidents(self, both: Both) -> None:
        store, numbers = both
        store.commit(first := opened(number=7))
        with pytest.raises(NumberTaken):
            store.commit(opened(OTHER, number=7))
        assert store.load(OTHER) is None, "all of it or nothing"
        assert numbers.holder("INC-7") == first.incident.id
        store.commit(opened(OTHER, number=8))

    def test_a_number_that_was_passed_over_is_nobodys(self, both: Both) -> None:
        store, numbers = both
        assert numbers.skip(Kind.REAL, 7)
        assert numbers.skip(Kind.REAL, 7), "said twice is said once"
        assert numbers.holder("INC-7") is None
        with pytest.raises(NumberTaken):
            store.commit(opened(number=7))

    def test_a_number_somebody_has_is_not_passed_over(self, both: Both) -> None:
        store, numbers = both
        store.commit(first := opened(number=7))
        assert not numbers.skip(Kind.REAL, 7)
        assert numbers.holder("INC-7") == first.incident.id

    def test_a_lost_race_says_so_before_it_speaks_of_numbers(self, both: Both) -> None:
        store, _ = both
        store.commit(commit := opened(number=7))
        with pytest.raises(VersionConflict):
            store.commit(commit)

    def test_several_are_loaded_at_once_and_unknown_ones_are_left_out(self, both: Both) -> None:
        store, _ = both
        store.commit(one := opened())
        store.commit(two := opened(OTHER))
        found = store.load_all([OTHER, one.incident.id, "INC-NONE", OTHER])
        assert found == {OTHER: two.incident, one.incident.id: one.incident}
        assert store.load_all([]) == {}


class Failing:
    """A table that does not answer; `asked` counts what it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def call(self, operation: str, payload: Mapping[str, object]) -> dict[str, Any]:
        del payload
        self.asked += 1
        raise StoreUnavailable(f"{operation} failed: TimeoutError.")


def test_a_counter_that_fails_is_asked_once_and_then_left_alone() -> None:
    """A batch of fifty alarms waits once, not fifty times."""
    seconds, counter, heard = [0.0], Failing(), list[TocsinError]()
    numbers = DynamoNumbers(
        counter,
        hasty=counter,
        incidents_table=INCIDENTS,
        operations_table=OPERATIONS,
        failed=heard.append,
        monotonic=lambda: seconds[0],
    )
    assert [numbers.next(Kind.REAL) for _ in range(50)] == [None] * 50
    assert not numbers.skip(Kind.REAL, 1)
    assert (counter.asked, len(heard)) == (1, 1)
    seconds[0] = LEFT_ALONE
    assert numbers.next(Kind.REAL) is None
    assert counter.asked == 2
