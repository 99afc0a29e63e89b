"""What every `ReportStore` promises, tried on both: memory and DynamoDB (moto)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from tests.harness.cloud.incident_tables import OPERATIONS, create_incident_tables
from tests.harness.fakes.boto_call import BotoCall
from tocsin.adapters.reports.memory import MemoryReports
from tocsin.adapters.reports.store import DynamoReports
from tocsin.errors import BadInput, ConditionFailed
from tocsin.incidents.model.correspondents import Correspondent, Standing, with_outcome
from tocsin.incidents.model.reports import Gate, Outcome, Owed, Report, Reporter, Via, rung
from tocsin.incidents.vocabulary import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.ports.reports import ReportStore

CAME = datetime(2026, 9, 8, 14, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Iterator[ReportStore]:
    if request.param == "memory":
        yield MemoryReports()
        return
    with mock_aws():
        client = boto3.client("dynamodb")
        create_incident_tables(client)
        yield DynamoReports(BotoCall(client), table=OPERATIONS)


def report(number: int = 1, **changes: Any) -> Report:
    came = CAME + number * MINUTE
    values: dict[str, Any] = {
        "received_at": came,
        "triage_due": came + HOUR,
        "via": Via.API,
        "reporter": Reporter.CUSTOMER,
        "title": "the export is empty",
    }
    return Report(reference=f"R-20260908-14{number:02d}00-0A1B2C", **(values | changes))


def correspondent(of: Report, **changes: Any) -> Correspondent:
    values: dict[str, Any] = {
        "address": "kim@example.com",
        "until": CAME + 24 * HOUR,
        "due_at": of.received_at,
    }
    return Correspondent(reference=of.reference, **(values | changes))


def test_what_is_put_is_read_again_whole(store: ReportStore) -> None:
    asked = report(
        detail="two\nlines",
        exposure=True,
        severity=Severity.HIGH,
        service="export",
        by="ana",
        suspect=True,
        rung_at=CAME,
        incident="INC-1",
        outcome=Outcome.KNOWN,
        answered_by="bo",
        answered_at=CAME,
    )
    waits = correspondent(asked, standing=Standing.ASKED, proof="p", outcome=Outcome.KNOWN, tries=2)
    store.put(asked, waits)
    assert (store.get(asked.reference), store.correspondent(asked.reference)) == (asked, waits)
    assert store.get("R-20260908-140000-000000") is None
    assert store.correspondent("R-20260908-140000-000000") is None


def test_a_number_is_given_once(store: ReportStore) -> None:
    store.put(report(), correspondent(report()))
    for other in (None, correspondent(report())):
        with pytest.raises(ConditionFailed):
            store.put(report(title="another"), other)
    assert store.get(report().reference) == report()


def test_it_is_written_over_the_version_that_was_seen_alone(store: ReportStore) -> None:
    store.put(report())
    after = replace(rung(report(), "INC-1", CAME), ver=2)
    store.save(after, expected=1)
    with pytest.raises(ConditionFailed):
        store.save(replace(report(), ver=2), expected=1)
    with pytest.raises(ConditionFailed):
        store.save(report(2), expected=1)
    assert store.get(after.reference) == after


def test_they_are_listed_newest_first_page_by_page(store: ReportStore) -> None:
    for number in range(5):
        store.put(report(number), correspondent(report(number)))
    store.save_gate(Gate(until=CAME, flood="R"), expected=0)
    store.take("all", most=2, until=CAME)
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = store.listed(limit=2, cursor=cursor)
        found += [one.reference for one in page.items]
        if (cursor := page.cursor) is None:
            break
    assert found == [report(number).reference for number in (4, 3, 2, 1, 0)]
    with pytest.raises(BadInput):
        store.listed(limit=2, cursor="LIMIT#all")


def test_due_is_what_has_to_ring(store: ReportStore) -> None:
    """What waits for nobody at once, what nobody looks at after its hour; by how it came."""
    late, bad, form = report(1), report(2, exposure=True), report(3, via=Via.FORM)
    for one in (late, bad, form, report(4, suspect=True, exposure=True)):
        store.put(one)

    def due(via: Via, at: datetime) -> list[Report]:
        return list(store.due(via, at=at, limit=10))

    assert due(Via.API, bad.received_at) == [bad]
    assert due(Via.API, late.triage_due) == [bad, late]
    assert due(Via.FORM, form.triage_due) == [form]
    assert len(store.due(Via.API, at=late.triage_due, limit=1)) == 1
    store.save(replace(rung(bad, "", CAME), ver=2), expected=1)
    store.save(replace(late, outcome=Outcome.SPAM, ver=2), expected=1)
    assert due(Via.API, late.triage_due + 24 * HOUR) == []


def test_the_gate_is_written_over_what_was_seen(store: ReportStore) -> None:
    assert store.gate() is None
    first = Gate(until=CAME, flood="R-1", ringing=("R-1", "R-2"))
    store.save_gate(first, expected=0)
    with pytest.raises(ConditionFailed):
        store.save_gate(first, expected=0)
    store.save_gate(replace(first, ringing=(), ver=2), expected=1)
    with pytest.raises(ConditionFailed):
        store.save_gate(replace(first, ver=2), expected=1)
    assert store.gate() == Gate(until=CAME, flood="R-1", ver=2)


def test_an_address_is_found_while_something_is_to_be_written_and_then_erased(
    store: ReportStore,
) -> None:
    one = correspondent(report())
    store.put(report(), one)
    assert store.to_be_written_to(at=one.due_at or CAME, limit=10) == (one.reference,)
    assert store.to_be_written_to(at=CAME, limit=10) == ()
    asked = replace(one, standing=Standing.CONFIRMED, due_at=None, ver=2)
    store.save_correspondent(asked, expected=1)
    with pytest.raises(ConditionFailed):
        store.save_correspondent(asked, expected=1)
    assert store.to_be_written_to(at=CAME + HOUR, limit=10) == ()
    told = replace(with_outcome(asked, Outcome.FIXED, CAME), ver=3)
    store.save_correspondent(told, expected=2)
    assert store.to_be_written_to(at=CAME + HOUR, limit=10) == (one.reference,)
    store.forget(told)
    assert store.correspondent(one.reference) is None
    assert store.to_be_written_to(at=CAME + HOUR, limit=10) == ()
    with pytest.raises(ConditionFailed):
        store.save_correspondent(replace(told, ver=4), expected=3)


def test_no_more_is_taken_than_there_is(store: ReportStore) -> None:
    until = CAME + HOUR
    assert [store.take("a", most=3, until=until) for _ in range(5)] == [True] * 3 + [False] * 2
    assert store.take("b", most=1, until=until) is True
    assert store.take("a", most=4, until=until) is True


def test_what_is_owed_is_found_when_it_is_due_until_that_very_one_is_settled(
    store: ReportStore,
) -> None:
    first = Owed(incident="INC-1", by="ana", due_at=CAME)
    again = Owed(incident="INC-1", by="bo", due_at=CAME + HOUR)
    other = Owed(incident="INC-2", by="ana", due_at=CAME + MINUTE)
    for one in (first, other, again):
        store.owe(one)
    assert store.owed(at=CAME + MINUTE, limit=9) == (other,)
    store.settle(first)
    assert store.owed(at=CAME + HOUR, limit=9) == (other, again)
    assert store.owed(at=CAME + HOUR, limit=1) == (other,)
    for _ in range(2):
        store.settle(again)
    assert store.owed(at=CAME + HOUR, limit=9) == (other,)
