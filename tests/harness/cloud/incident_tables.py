"""The `incidents` and `operations` tables for tests, with the keys and indexes of the design."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.adapters.incidents import keys

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

INCIDENTS = "incidents"
OPERATIONS = "operations"

_STRING_KEY: list[Any] = [
    {"AttributeName": "PK", "AttributeType": "S"},
    {"AttributeName": "SK", "AttributeType": "S"},
]
_SCHEMA: list[Any] = [
    {"AttributeName": "PK", "KeyType": "HASH"},
    {"AttributeName": "SK", "KeyType": "RANGE"},
]
_INDEXES: list[Any] = [
    {
        "IndexName": keys.DUE_INDEX,
        "KeySchema": [
            {"AttributeName": "due_pk", "KeyType": "HASH"},
            {"AttributeName": "due_sk", "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    },
    {
        "IndexName": keys.LIST_INDEX,
        "KeySchema": [
            {"AttributeName": "list_pk", "KeyType": "HASH"},
            {"AttributeName": "list_sk", "KeyType": "RANGE"},
        ],
        "Projection": {
            "ProjectionType": "INCLUDE",
            "NonKeyAttributes": list(keys.LIST_INCLUDED),
        },
    },
]


def create_incident_tables(client: DynamoDBClient) -> None:
    """Creates both tables, empty."""
    client.create_table(
        TableName=INCIDENTS,
        AttributeDefinitions=[
            *_STRING_KEY,
            {"AttributeName": "due_pk", "AttributeType": "S"},
            {"AttributeName": "due_sk", "AttributeType": "N"},
            {"AttributeName": "list_pk", "AttributeType": "S"},
            {"AttributeName": "list_sk", "AttributeType": "S"},
        ],
        KeySchema=_SCHEMA,
        GlobalSecondaryIndexes=_INDEXES,
        BillingMode="PAY_PER_REQUEST",
    )
    client.create_table(
        TableName=OPERATIONS,
        AttributeDefinitions=[
            *_STRING_KEY,
            {"AttributeName": "due_pk", "AttributeType": "S"},
            {"AttributeName": "due_sk", "AttributeType": "N"},
        ],
        KeySchema=_SCHEMA,
        GlobalSecondaryIndexes=_INDEXES[:1],
        BillingMode="PAY_PER_REQUEST",
    )
