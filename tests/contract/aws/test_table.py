"""The one way in which stores read and write, over DynamoDB as moto imitates it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from tests.harness.cloud.incident_tables import OPERATIONS, create_incident_tables
from tests.harness.fakes.boto_call import BotoCall
from tests.harness.fakes.lossy_call import LossyCall
from tocsin.adapters.aws.attributes import key, n, s
from tocsin.adapters.aws.table import NEW, Cancelled, Table
from tocsin.errors import ConditionFailed, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.adapters.aws.attributes import Item

ONE = key("A", "1") | {"body": s("one")}


@pytest.fixture
def aws() -> Iterator[BotoCall]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        create_incident_tables(client)
        yield BotoCall(client)


@pytest.fixture
def table(aws: BotoCall) -> Table:
    return Table(aws, OPERATIONS)


def new(item: Item) -> Item:
    return {"Put": {"TableName": OPERATIONS, "Item": item, "ConditionExpression": NEW}}


def test_a_new_item_is_written_once(table: Table) -> None:
    assert table.put_new(ONE)
    assert not table.put_new(key("A", "1") | {"body": s("another")})
    assert table.get(key("A", "1")) == ONE


def test_a_write_whose_answer_was_lost_is_known_again(aws: BotoCall) -> None:
    table = Table(LossyCall(aws), OPERATIONS)

    assert table.put_new(ONE)
    assert aws.calls["PutItem"] == 2


def test_a_condition_that_does_not_hold_shows_what_lies_there(table: Table) -> None:
    table.put(ONE)

    with pytest.raises(ConditionFailed) as refused:
        table.put(ONE | {"body": s("two")}, condition="body = :body", values={":body": s("three")})

    assert refused.value.item == ONE


def test_a_query_goes_on_page_after_page(table: Table, aws: BotoCall) -> None:
    for number in range(5):
        table.put(key("A", str(number)))

    found = list(
        table.query(
            KeyConditionExpression="PK = :pk",
            ExpressionAttributeValues={":pk": s("A")},
            Limit=2,
        )
    )

    assert [item["SK"]["S"] for item in found] == list("01234")
    assert aws.calls["Query"] == 3


def test_those_that_exist_of_more_keys_than_one_call_takes(table: Table, aws: BotoCall) -> None:
    table.put(ONE)
    table.put(key("A", "230"))

    found = table.known([key("A", str(number)) for number in range(250)])

    assert sorted(item["SK"]["S"] for item in found) == ["1", "230"]
    assert aws.calls["BatchGetItem"] == 3


def test_a_cancelled_transaction_says_why_part_by_part(table: Table) -> None:
    table.put(ONE)

    with pytest.raises(Cancelled) as cancelled:
        table.transact([new(key("B", "1")), new(ONE)])

    assert cancelled.value.reasons == ("None", "ConditionalCheckFailed")
    assert table.get(key("B", "1")) is None


REFUSED = {
    "ConditionCheck": {
        "TableName": OPERATIONS,
        "Key": key("Z", "9"),
        "ConditionExpression": "attribute_exists(PK)",
    }
}


def test_a_cancelled_transaction_leaves_everything_as_it_was(table: Table) -> None:
    """Also what it had replaced, removed and changed before its last part was refused."""
    replaced, removed, changed = (key("A", name) | {"count": n(1)} for name in "123")
    before = [replaced, removed, changed]
    for item in before:
        table.put(item)
    parts: list[dict[str, Any]] = [
        {"Put": {"TableName": OPERATIONS, "Item": replaced | {"count": n(2)}}},
        {"Delete": {"TableName": OPERATIONS, "Key": key("A", "2")}},
        {
            "Update": {
                "TableName": OPERATIONS,
                "Key": key("A", "3"),
                "UpdateExpression": "ADD #count :one",
                "ExpressionAttributeNames": {"#count": "count"},
                "ExpressionAttributeValues": {":one": n(1)},
            }
        },
    ]

    with pytest.raises(Cancelled):
        table.transact([*parts, REFUSED])

    assert [table.get(key("A", name)) for name in "123"] == before
    table.transact(parts)
    after = [table.get(key("A", name)) for name in "123"]
    assert after == [replaced | {"count": n(2)}, None, changed | {"count": n(2)}]


class _Busy:
    """A service that gives up on one transaction after all its tries."""

    def __init__(self, **context: str) -> None:
        self.context = context

    def call(self, _operation: str, _payload: object) -> dict[str, Any]:
        raise StoreUnavailable("busy", **self.context)


def test_contention_is_told_by_its_reasons_and_silence_as_what_it_is() -> None:
    with pytest.raises(Cancelled) as cancelled:
        Table(_Busy(cancelled="TransactionConflict,None"), OPERATIONS).transact([new(ONE)])
    assert cancelled.value.reasons == ("TransactionConflict", "None")

    with pytest.raises(StoreUnavailable):
        Table(_Busy(), OPERATIONS).transact([new(ONE)])


def test_an_update_answers_with_the_item_after_it(table: Table) -> None:
    table.put(ONE | {"count": n(1)})

    after = table.update(
        key("A", "1"),
        "ADD #count :one",
        condition="attribute_exists(PK)",
        names={"#count": "count"},
        values={":one": n(1)},
    )

    assert after["count"] == n(2)
