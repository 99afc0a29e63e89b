"""What audiences were told: `TOLD#<incident>` / `<kind>#<target>` in the `operations` table."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tocsin.adapters.dynamodb_incidents_items import key, n, s
from tocsin.adapters.dynamodb_table import Table
from tocsin.ports.messages import Told

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

    from tocsin.incidents.model.outbox import OutboxItem

ITEM_VERSION = 1
_KEPT = timedelta(days=400)
_ALWAYS = "attribute_exists(PK) OR attribute_not_exists(PK)"


class DynamoNews:
    """A `NewsStore` over the `operations` table."""

    def __init__(self, client: DynamoDBClient, *, table: str) -> None:
        self._table = Table(client, table)

    def last(self, item: OutboxItem) -> Told | None:
        found = self._table.get(_key(item))
        return None if found is None else Told(found["hash"]["S"], int(found["seq"]["N"]))

    def keep(self, item: OutboxItem) -> None:
        values = {
            "v": n(ITEM_VERSION),
            "hash": s(item.content_hash),
            "seq": n(item.seq),
            "ttl": n(int((item.due_at + _KEPT).timestamp())),
        }
        self._table.put(_key(item) | values, condition=_ALWAYS)


def _key(item: OutboxItem) -> dict[str, Any]:
    return key(f"TOLD#{item.incident}", f"{item.kind}#{item.target}")
