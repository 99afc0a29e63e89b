"""Preventive work in the `incidents` table, found through its boards in the index `list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.adapters import dynamodb_incidents_items as items
from tocsin.adapters.action_forms import action_of, board_pk
from tocsin.adapters.cursors import cursor_of, key_of
from tocsin.adapters.dynamodb_incidents_items import s
from tocsin.adapters.dynamodb_incidents_keys import LIST_INDEX
from tocsin.adapters.dynamodb_table import Table
from tocsin.ports.incidents import ActionPage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


class DynamoActions:
    """An `ActionStore` over the `incidents` table; a line that is gone by then is left out."""

    def __init__(self, client: DynamoDBClient, *, table: str) -> None:
        self._table = Table(client, table)

    def page(self, *, done: bool, limit: int = 50, cursor: str | None = None) -> ActionPage:
        query: dict[str, Any] = {
            "IndexName": LIST_INDEX,
            "KeyConditionExpression": "list_pk = :list",
            "ExpressionAttributeValues": {":list": s(board_pk(done=done))},
            "Limit": limit,
        }
        if cursor is not None:
            query["ExclusiveStartKey"] = key_of(cursor)
        answer = self._table.page(**query)
        found = (
            self._table.get(items.key(line["PK"]["S"], line["SK"]["S"])) for line in answer["Items"]
        )
        last = answer.get("LastEvaluatedKey")
        return ActionPage(
            actions=tuple(action_of(item["body"]["S"]) for item in found if item is not None),
            cursor=None if last is None else cursor_of(last),
        )
