"""Remembered requests in the `operations` table: `ASKED#<digest of person and key>` / `ASKED`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.adapters.dynamodb_incidents_items import key, n, s
from tocsin.adapters.dynamodb_table import Table
from tocsin.ports.requests import Done

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

ITEM_VERSION = 1
SK = "ASKED"


class DynamoRequests:
    """A `RequestStore` over the `operations` table."""

    def __init__(self, client: DynamoDBClient, *, table: str) -> None:
        self._table = Table(client, table)

    def done(self, digest: str) -> Done | None:
        item = self._table.get(key(_pk(digest), SK))
        return None if item is None else Done(wish=item["wish"]["S"], result=item["result"]["S"])

    def keep(self, digest: str, done: Done, *, until: int) -> None:
        item = key(_pk(digest), SK) | {
            "v": n(ITEM_VERSION),
            "wish": s(done.wish),
            "result": s(done.result),
            "ttl": n(until),
        }
        self._table.put_new(item)


def _pk(digest: str) -> str:
    return f"ASKED#{digest}"
