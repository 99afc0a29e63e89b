"""One request for every rule of a real AWS that its fakes may not have; it breaks that one alone.

A request is made as botocore would send it, without botocore's own look at its parameters.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config

from tests.harness.strict_aws import cases_by_service as more
from tests.harness.strict_aws.in_moto import prepared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.awsrequest import AWSPreparedRequest

    from tests.harness.strict_aws.wire import Request

TABLE, OTHER_TABLE, INDEX = "strict", "strict-other", "list"
KEY = {"PK": {"S": "a"}, "SK": {"S": "b"}}
_SMALL = {"ExpressionAttributeValues": {":a": {"S": "a"}}}
_OF_KEY = {"TableName": TABLE, "KeyConditionExpression": "PK = :a", **_SMALL}


@dataclass(frozen=True, slots=True)
class Case:
    """A request that breaks `rule`."""

    rule: str
    service: str
    operation: str
    params: Mapping[str, Any]

    @property
    def name(self) -> str:
        return f"{self.service} {self.operation}: {self.rule}"


def _put(**attributes: Any) -> dict[str, Any]:
    return {"TableName": TABLE, "Item": KEY | attributes}


def _update(expression: str, **values: Any) -> dict[str, Any]:
    given = {f":{name}": value for name, value in values.items()}
    return {"TableName": TABLE, "Key": KEY, "UpdateExpression": expression} | (
        {"ExpressionAttributeValues": given} if given else {}
    )


def _steps(number: int, size: int = 1) -> dict[str, Any]:
    return {
        "TransactItems": [
            {"Put": _put(SK={"S": str(each)}, text={"S": "x" * size})} for each in range(number)
        ]
    }


_S, _N = {"S": "a"}, {"N": "1"}
_DEEP: dict[str, Any] = {"S": "a"}
for _ in range(34):
    _DEEP = {"L": [_DEEP]}

DYNAMODB: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("required member", "PutItem", {"TableName": TABLE}),
    ("type", "Query", _OF_KEY | {"Limit": "1"}),
    ("length", "Query", _OF_KEY | {"Limit": 0}),
    ("enum", "Query", _OF_KEY | {"Select": "SOME"}),
    ("pattern", "Query", _OF_KEY | {"IndexName": "no index!"}),
    ("key attribute in a filter", "Query", _OF_KEY | {"FilterExpression": "SK = :a"}),
    ("unused placeholder", "Query", _OF_KEY | {"ExpressionAttributeNames": {"#n": "n"}}),
    (
        "unused placeholder",
        "PutItem",
        _put() | {"ConditionExpression": "attribute_not_exists(PK)"} | _SMALL,
    ),
    ("undefined placeholder", "PutItem", _put() | {"ConditionExpression": "n = :n"}),
    (
        "undefined placeholder",
        "GetItem",
        {"TableName": TABLE, "Key": KEY, "ProjectionExpression": "#n"},
    ),
    (
        "empty definitions",
        "PutItem",
        _put()
        | {"ConditionExpression": "attribute_not_exists(PK)", "ExpressionAttributeValues": {}},
    ),
    ("reserved word", "GetItem", {"TableName": TABLE, "Key": KEY, "ProjectionExpression": "state"}),
    ("reserved word", "UpdateItem", _update("SET size = :a", a=_S)),
    ("empty expression", "Query", _OF_KEY | {"FilterExpression": ""}),
    (
        "expression size",
        "PutItem",
        _put()
        | {"ConditionExpression": " OR ".join(["attribute_not_exists(aaaaaaaaaaaaaaaaa)"] * 100)},
    ),
    ("syntax", "PutItem", _put() | {"ConditionExpression": "a == :a"} | _SMALL),
    ("function", "PutItem", _put() | {"ConditionExpression": "starts_with(a, :a)"} | _SMALL),
    ("redundant parentheses", "PutItem", _put() | {"ConditionExpression": "((a = :a))"} | _SMALL),
    (
        "operands of IN",
        "PutItem",
        _put()
        | {
            "ConditionExpression": f"a IN ({', '.join(f':a{n}' for n in range(101))})",
            "ExpressionAttributeValues": {f":a{n}": _S for n in range(101)},
        },
    ),
    (
        "legacy parameters",
        "Query",
        _OF_KEY | {"QueryFilter": {"a": {"ComparisonOperator": "NULL"}}},
    ),
    ("section twice", "UpdateItem", _update("SET a = :a SET b = :a", a=_S)),
    ("overlapping paths", "UpdateItem", _update("SET a = :a REMOVE a", a=_S)),
    ("update of a key", "UpdateItem", _update("SET SK = :a", a=_S)),
    ("operand type", "UpdateItem", _update("SET a = a + :a", a=_S)),
    ("operand type", "UpdateItem", _update("ADD a :a", a=_S)),
    ("key condition", "Query", _OF_KEY | {"KeyConditionExpression": "PK = :a OR SK = :a"}),
    (
        "key condition",
        "Query",
        _OF_KEY | {"KeyConditionExpression": "PK = :a AND contains(SK, :a)"},
    ),
    ("key condition", "Query", _OF_KEY | {"KeyConditionExpression": "SK = :a"}),
    ("key type", "Query", _OF_KEY | {"ExpressionAttributeValues": {":a": _N}}),
    (
        "consistent read of an index",
        "Query",
        _OF_KEY
        | {"IndexName": INDEX, "KeyConditionExpression": "list_pk = :a", "ConsistentRead": True},
    ),
    (
        "not projected",
        "Query",
        _OF_KEY
        | {
            "IndexName": INDEX,
            "KeyConditionExpression": "list_pk = :a",
            "ProjectionExpression": "body",
        },
    ),
    (
        "not projected",
        "Query",
        _OF_KEY
        | {
            "IndexName": INDEX,
            "KeyConditionExpression": "list_pk = :a",
            "Select": "ALL_ATTRIBUTES",
        },
    ),
    ("select", "Query", _OF_KEY | {"Select": "COUNT", "ProjectionExpression": "a"}),
    ("start key", "Query", _OF_KEY | {"ExclusiveStartKey": {"PK": _S}}),
    ("empty key", "PutItem", _put(SK={"S": ""})),
    ("empty key", "GetItem", {"TableName": TABLE, "Key": KEY | {"SK": {"S": ""}}}),
    ("key type", "PutItem", _put(SK=_N)),
    ("key missing", "PutItem", {"TableName": TABLE, "Item": {"PK": _S}}),
    ("key schema", "GetItem", {"TableName": TABLE, "Key": KEY | {"a": _S}}),
    ("key size", "PutItem", _put(SK={"S": "x" * 1_025})),
    ("empty index key", "PutItem", _put(list_pk={"S": ""}, list_sk=_S)),
    ("empty index key", "UpdateItem", _update("SET list_pk = :a", a={"S": ""})),
    ("index key type", "PutItem", _put(list_pk=_N, list_sk=_S)),
    ("item size", "PutItem", _put(text={"S": "x" * 400 * 1024})),
    ("one kind a value", "PutItem", _put(a={"S": "a", "N": "1"})),
    ("number", "PutItem", _put(a={"N": "one"})),
    ("number", "PutItem", _put(a={"N": "1" * 39})),
    ("empty set", "PutItem", _put(a={"SS": []})),
    ("set member twice", "PutItem", _put(a={"SS": ["a", "a"]})),
    ("nesting", "PutItem", _put(a=_DEEP)),
    ("return values", "PutItem", _put() | {"ReturnValues": "UPDATED_NEW"}),
    ("length", "TransactWriteItems", _steps(101)),
    ("transaction size", "TransactWriteItems", _steps(12, 380_000)),
    (
        "two operations on one item",
        "TransactWriteItems",
        {"TransactItems": [{"Put": _put()}, {"Delete": {"TableName": TABLE, "Key": KEY}}]},
    ),
    (
        "length",
        "TransactWriteItems",
        {"TransactItems": [{"Put": _put()}], "ClientRequestToken": "x" * 37},
    ),
    (
        "batch size",
        "BatchWriteItem",
        {
            "RequestItems": {
                table: [{"PutRequest": {"Item": KEY | {"SK": {"S": str(n)}}}} for n in range(13)]
                for table in (TABLE, OTHER_TABLE)
            }
        },
    ),
    (
        "length",
        "BatchWriteItem",
        {
            "RequestItems": {
                TABLE: [{"PutRequest": {"Item": KEY | {"SK": {"S": str(n)}}}} for n in range(26)]
            }
        },
    ),
    (
        "item twice",
        "BatchWriteItem",
        {"RequestItems": {TABLE: [{"PutRequest": {"Item": KEY}}] * 2}},
    ),
    (
        "length",
        "BatchGetItem",
        {"RequestItems": {TABLE: {"Keys": [KEY | {"SK": {"S": str(n)}} for n in range(101)]}}},
    ),
    ("item twice", "BatchGetItem", {"RequestItems": {TABLE: {"Keys": [KEY, KEY]}}}),
)

CASES = (
    *(Case(rule, "dynamodb", operation, params) for rule, operation, params in DYNAMODB),
    *(
        Case(rule, "sqs", operation, {"QueueUrl": more.QUEUE} | params)
        for rule, operation, params in more.SQS
    ),
    *(Case(rule, "sns", operation, params) for rule, operation, params in more.SNS),
    *(Case(rule, "sesv2", operation, params) for rule, operation, params in more.SES),
    *(Case(rule, service, operation, params) for rule, service, operation, params in more.OTHERS),
)


def client(service: str, endpoint: str) -> Any:
    """A client that looks at nothing before it sends, and sends once."""
    unchecked = Config(parameter_validation=False, retries={"total_max_attempts": 1})
    found: Any = boto3.client(  # type: ignore[call-overload]
        service,
        region_name="us-east-1",
        endpoint_url=endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=unchecked,
    )
    return found


def on_the_wire(service: str, operation: str, params: Mapping[str, Any]) -> Request:
    """The request, as it leaves; nobody answers it."""
    sent: list[Request] = []

    def caught(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        sent.append(prepared(request))
        return AWSResponse(request.url, 599, HTTPHeaders(), None)

    caller = client(service, "http://127.0.0.1:1")
    caller.meta.events.register("before-send", caught)
    with suppress(Exception):  # there is no answer to be read
        caller._make_api_call(operation, dict(params))
    (request,) = sent
    return request
