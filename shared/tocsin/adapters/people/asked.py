"""Remembered requests by the plain AWS call: the items of `people.stores`, without an SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.errors import ConditionFailed
from tocsin.ports.requests import Done

if TYPE_CHECKING:
    from tocsin.adapters.aws.call import AwsCall, Item

_SK = "ASKED"


class DynamoDbAsked:
    """Implements `ports.requests.RequestStore`."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._aws, self._table = aws, table

    def done(self, digest: str) -> Done | None:
        answer = self._aws.call(
            "GetItem", {"TableName": self._table, "Key": _key(digest), "ConsistentRead": True}
        )
        item: Item | None = answer.get("Item")
        return Done(wish=item["wish"]["S"], result=item["result"]["S"]) if item else None

    def keep(self, digest: str, done: Done, *, until: int) -> None:
        item = _key(digest) | {
            "v": {"N": "1"},
            "wish": {"S": done.wish},
            "result": {"S": done.result},
            "ttl": {"N": str(until)},
        }
        request = {
            "TableName": self._table,
            "Item": item,
            "ConditionExpression": "attribute_not_exists(PK)",
        }
        try:
            self._aws.call("PutItem", request)
        except ConditionFailed:
            return  # the first record stays


def _key(digest: str) -> Item:
    return {"PK": {"S": f"ASKED#{digest}"}, "SK": {"S": _SK}}
