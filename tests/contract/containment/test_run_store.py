"""What every `RunStore` promises, tried on both: memory and DynamoDB (moto)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from tests.harness.cloud.incident_tables import OPERATIONS, create_incident_tables
from tests.harness.fakes.boto_call import BotoCall
from tests.harness.worlds.containing import ANA_IS, Containing
from tocsin.adapters.containment.memory import MemoryRuns
from tocsin.adapters.containment.store import DynamoRuns
from tocsin.containment.guards import Begun, Ledger
from tocsin.containment.runs import Purpose, executed
from tocsin.errors import ApprovalRequired, ConditionFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.containment.runs import Run
    from tocsin.ports.containment import RunStore


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Iterator[RunStore]:
    if request.param == "memory":
        yield MemoryRuns()
        return
    with mock_aws():
        client = boto3.client("dynamodb")
        create_incident_tables(client)
        yield DynamoRuns(BotoCall(client), OPERATIONS)


@pytest.fixture
def planned() -> Run:
    world = Containing()
    return world.desk.dry_run(ANA_IS, world.ask("access-key-off")).run


def full() -> Run:
    """One with every field that a life of it fills in."""
    world = Containing()
    run = world.contained("access-key-off")
    world.desk.verify(ANA_IS, world.incident, run.id, {"sessions": "ended"})
    with pytest.raises(ApprovalRequired):
        world.undo(run)
    world.agree(run, Purpose.UNDO)
    return replace(world.undo(run), ver=1)


def test_what_is_saved_is_read_again_whole(store: RunStore) -> None:
    run = full()
    assert run.approvals
    assert run.undo_asked
    store.save(run)
    assert store.get(run.incident, run.id) == run
    assert store.of(run.incident) == (run,)
    assert store.get(run.incident, "run-another") is None


def test_a_version_is_written_over_the_one_before_it_and_over_no_other(
    store: RunStore, planned: Run
) -> None:
    store.save(planned)
    with pytest.raises(ConditionFailed):
        store.save(planned)
    store.save(replace(planned, why="two", ver=2))
    with pytest.raises(ConditionFailed):
        store.save(replace(planned, why="two again", ver=2))
    found = store.get(planned.incident, planned.id)
    assert found is not None
    assert found.why == "two"


def test_run_and_ledger_are_written_together_or_not_at_all(store: RunStore, planned: Run) -> None:
    assert store.ledger() == Ledger()
    begun = Begun(incident=planned.incident, at=planned.asked_at)
    held = Ledger(live={planned.slot: planned.id}, begun=(begun,), ver=1)
    store.save(planned, ledger=held)
    assert store.ledger() == held

    with pytest.raises(ConditionFailed):
        store.save(replace(planned, ver=2), ledger=held)
    assert store.get(planned.incident, planned.id) == planned
    with pytest.raises(ConditionFailed):
        store.save(planned, ledger=replace(held, ver=2))
    assert store.ledger() == held


def test_what_is_due_is_found_when_it_is_and_not_before(store: RunStore, planned: Run) -> None:
    at = planned.asked_at
    told = replace(planned, told=("planned", "executed"), lasts_seconds=3600)
    block = executed(replace(told, ver=0), at)
    store.save(block)
    untold = replace(planned, id="run-untold", slot="another")
    store.save(untold)

    assert store.due(at=at, limit=9) == (untold,)
    assert store.due(at=at + timedelta(hours=1), limit=9) == (untold, block)
    assert store.due(at=at + timedelta(hours=1), limit=1) == (untold,)
    store.save(replace(untold, told=("planned",), ver=2))
    assert store.due(at=at + timedelta(minutes=59), limit=9) == ()
