"""What the auditor reads, tried on both stores: memory and DynamoDB (moto)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from tests.harness.cloud.incident_tables import INCIDENTS, OPERATIONS, create_incident_tables
from tests.harness.fakes.application import CountingIds, ManualClock, Policies
from tests.harness.fakes.boto_call import BotoCall
from tests.harness.fakes.time import START
from tests.harness.worlds.stories import ANA, RESPONDER, signal
from tocsin.adapters.incidents.boards import DynamoAudit
from tocsin.adapters.incidents.keys import due_sk
from tocsin.adapters.incidents.memory import MemoryIncidents
from tocsin.adapters.incidents.memory_boards import MemoryAudit
from tocsin.adapters.incidents.store import DynamoIncidents
from tocsin.application.incidents.engine import Engine
from tocsin.incidents.commands.opening import OpenIncident
from tocsin.incidents.queries.agenda import next_due
from tocsin.incidents.vocabulary import Category, Severity
from tocsin.policy.compiled.policies import default

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.ports.incidents import AuditStore, IncidentStore

type Stores = tuple[IncidentStore, AuditStore]


@pytest.fixture(params=["memory", "dynamodb"])
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    if request.param == "memory":
        incidents = MemoryIncidents()
        yield incidents, MemoryAudit(incidents)
        return
    with mock_aws():
        client = boto3.client("dynamodb")
        create_incident_tables(client)
        yield (
            DynamoIncidents(BotoCall(client), table=INCIDENTS, operations_table=OPERATIONS),
            DynamoAudit(BotoCall(client), table=INCIDENTS),
        )


def opened(store: IncidentStore) -> None:
    command = OpenIncident(
        incident_id="INC-1",
        command_id="open",
        actor=ANA,
        correlation_id="c",
        groups=RESPONDER,
        title="down",
        severity=Severity.CRITICAL,
        category=Category.PRODUCTION,
    )
    Engine(store=store, policies=Policies(), clock=ManualClock(START), ids=CountingIds()).execute(
        command
    )


def test_an_incident_that_is_not_there_has_no_marks(stores: Stores) -> None:
    assert stores[1].marks("INC-1") is None


def test_the_marks_are_the_snapshot_its_place_in_the_index_and_what_is_unsent(
    stores: Stores,
) -> None:
    store, audit = stores
    opened(store)
    marks = audit.marks("INC-1")
    assert marks is not None
    assert marks.incident == store.load("INC-1")
    due = next_due(marks.incident, default())
    assert due is not None
    assert marks.due == due_sk(due)
    assert {item.target for item in marks.unsent} == {
        "audience:stakeholders",
        "person:commander-primary",
        "person:mitigation-primary",
    }


def test_a_message_is_unsent_until_it_is_marked(stores: Stores) -> None:
    store, audit = stores
    opened(store)
    marks = audit.marks("INC-1")
    assert marks is not None
    first = marks.unsent[0].key
    store.claim_outbox(first, owner="me", wall_now=START, lease=timedelta(minutes=1))
    claimed = audit.marks("INC-1")
    store.mark_sent(first, owner="me", sent_at=START)
    sent = audit.marks("INC-1")
    assert claimed is not None
    assert sent is not None
    assert (len(claimed.unsent), len(sent.unsent)) == (3, 2)


def test_a_pointer_is_mended_as_it_was_read_and_not_otherwise(stores: Stores) -> None:
    store, audit = stores
    engine = Engine(store=store, policies=Policies(), clock=ManualClock(START), ids=CountingIds())
    (outcome,) = engine.receive([signal(START)])
    (key,) = outcome.incident.signals
    read = store.pointer(key)
    assert read is not None
    closed = replace(read, open=False, reopen_until=START, over=read)
    assert not audit.mend(replace(closed, over=replace(read, version=read.version + 1)))
    assert not audit.mend(replace(closed, over=replace(read, incident="INC-OTHER")))
    assert store.pointer(key) == read
    assert audit.mend(closed)
    assert store.pointer(key) == closed
    assert not audit.mend(closed)
