"""Link records in the `operations` table: `LINK#<handle>` / `LINK`, cleared away a day too late."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.adapters.dynamodb_incidents_items import key, n, s
from tocsin.adapters.dynamodb_table import Table
from tocsin.adapters.link_forms import SK, link_of, link_pk, link_text
from tocsin.errors import StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

    from tocsin.people.links import Link

ITEM_VERSION = 1
_KEPT_LONGER = timedelta(days=1)
"""An expired link is told that it is expired, not that it never was."""


class DynamoLinks:
    """A `LinkStore` over the `operations` table."""

    def __init__(self, client: DynamoDBClient, *, table: str) -> None:
        self._table = Table(client, table)

    def keep(self, link: Link) -> Link:
        item = key(link_pk(link.handle), SK) | {
            "v": n(ITEM_VERSION),
            "body": s(link_text(link)),
            "ttl": n(int((link.expires_at + _KEPT_LONGER).timestamp())),
        }
        if self._table.put_new(item):
            return link
        if (kept := self.find(link.handle)) is None:
            raise StoreUnavailable("a link's record is there and cannot be read")
        return kept

    def find(self, handle: str) -> Link | None:
        item = self._table.get(key(link_pk(handle), SK))
        return None if item is None else link_of(item["body"]["S"])
