"""The meter's arithmetic, on answers as DynamoDB gives them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.bench.meter import Meter, Reading

JSON = "application/x-amz-json-1.0"
DYNAMODB = "DynamoDB_20120810"


class Scripted(Meter):
    """A meter whose wire answers from a list and remembers what it was asked."""

    def __init__(self, *answers: tuple[int, dict[str, Any]]) -> None:
        super().__init__("http://127.0.0.1:1", key="none")
        self.answers = list(answers)
        self.sent: list[tuple[str, dict[str, Any]]] = []

    def _send(self, service: str, target: str, content_type: str, body: bytes) -> tuple[int, bytes]:
        self.sent.append((service, json.loads(body)))
        status, answer = self.answers.pop(0)
        return status, json.dumps(answer).encode()


def consumed(units: float) -> dict[str, Any]:
    return {"ConsumedCapacity": {"TableName": "events", "CapacityUnits": units}}


def ask(meter: Meter, operation: str, **payload: object) -> tuple[int, bytes]:
    target = operation if "." in operation else f"{DYNAMODB}.{operation}"
    return meter.forward(target, JSON, json.dumps(payload).encode())


def test_reads_and_writes_are_counted_apart_and_taken_once() -> None:
    meter = Scripted((200, consumed(2.0)), (200, consumed(0.5)))

    ask(meter, "UpdateItem")
    ask(meter, "Query")

    assert meter.take() == Reading(calls=2, write_units=2.0, read_units=0.5)
    assert meter.take() == Reading()
    assert all(sent["ReturnConsumedCapacity"] == "TOTAL" for _, sent in meter.sent)


def test_a_transaction_is_one_call_and_the_sum_of_its_tables() -> None:
    tables = [{"CapacityUnits": 4.0}, {"CapacityUnits": 2.0}]
    meter = Scripted((200, {"ConsumedCapacity": tables}))

    ask(meter, "TransactWriteItems")

    assert meter.take() == Reading(calls=1, write_units=6.0)


def test_a_refused_put_is_one_call_at_the_price_of_the_same_put() -> None:
    refusal = {"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}
    meter = Scripted((400, refusal), (200, consumed(3.0)))

    status, answer = ask(meter, "PutItem", Item={"PK": 1}, ConditionExpression="no")

    assert (status, json.loads(answer)) == (400, refusal)
    assert meter.take() == Reading(calls=1, write_units=3.0)
    assert "ConditionExpression" not in meter.sent[1][1]
    assert meter.sent[1][1]["Item"] == {"PK": 1}


def test_a_refused_update_is_one_call_at_the_price_of_an_update_by_nothing() -> None:
    refusal = {"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}
    meter = Scripted((400, refusal), (200, consumed(2.0)))

    key = {"PK": {"S": "SUB#1"}, "SK": {"S": "SUB"}}
    ask(meter, "UpdateItem", TableName="t", Key=key, UpdateExpression="SET a = :b")

    assert meter.take() == Reading(calls=1, write_units=2.0)
    assert meter.sent[1][1]["Key"] == key
    assert meter.sent[1][1]["UpdateExpression"] == "REMOVE #never"
    assert meter.sent[1][1]["ConditionExpression"] == "attribute_exists(#key)"


def test_a_refused_update_of_nothing_costs_the_least_there_is() -> None:
    refusal = {"__type": "#ConditionalCheckFailedException"}
    meter = Scripted((400, refusal), (400, refusal))

    ask(meter, "UpdateItem", TableName="t", Key={"PK": {"S": "SUB#1"}})

    assert meter.take() == Reading(calls=1, write_units=1.0)


def test_a_refused_transaction_has_no_price_to_be_learnt_and_says_so() -> None:
    meter = Scripted((400, {"__type": "#ConditionalCheckFailedException"}))

    with pytest.raises(RuntimeError, match="price of a refused TransactWriteItems"):
        ask(meter, "TransactWriteItems")


def test_calls_to_other_services_are_passed_on_and_not_counted() -> None:
    meter = Scripted((200, {"SecretString": "{}"}))

    status, _ = ask(meter, "secretsmanager.GetSecretValue", SecretId="registrations")

    assert status == 200
    assert meter.sent == [("secretsmanager", {"SecretId": "registrations"})]
    assert meter.take() == Reading()
