"""Contact ways in the `operations` table: `PERSON#<person>` / `WAY#<way id>`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tocsin.adapters.contact_forms import PREFIX, in_order, person_pk, way_of, way_sk, way_text
from tocsin.adapters.dynamodb_incidents_items import key, n, s
from tocsin.adapters.dynamodb_table import Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

    from tocsin.people.ways import Way

ITEM_VERSION = 1
_NEW = "attribute_not_exists(PK)"


class DynamoContacts:
    """A `ContactStore` over the `operations` table.

    No function may delete: what is erased is overwritten with a key and a time to live in the
    past, which DynamoDB clears away. Backups keep what they hold for as long as they are kept.
    """

    def __init__(self, client: DynamoDBClient, *, table: str) -> None:
        self._table = Table(client, table)

    def ways(self, person: str) -> tuple[Way, ...]:
        found = self._table.query(
            KeyConditionExpression="PK = :pk AND begins_with(SK, :prefix)",
            ExpressionAttributeValues={":pk": s(person_pk(person)), ":prefix": s(PREFIX)},
            ConsistentRead=True,
        )
        return in_order(way for item in found if (way := _way(item)) is not None)

    def way(self, person: str, way_id: str) -> Way | None:
        item = self._table.get(key(person_pk(person), way_sk(way_id)))
        return None if item is None else _way(item)

    def put(self, way: Way) -> Way:
        written = replace(way, rev=way.rev + 1)
        self._replace(way, {"body": s(way_text(way)), "rev": n(written.rev)})
        return written

    def erase(self, way: Way) -> None:
        self._replace(way, {"ttl": n(int(way.added_at.timestamp()))})

    def _replace(self, way: Way, values: dict[str, Any]) -> None:
        item = key(person_pk(way.person), way_sk(way.id)) | {"v": n(ITEM_VERSION)} | values
        if way.rev == 0:
            self._table.put(item, condition=_NEW)
        else:
            self._table.put(item, condition="rev = :rev", values={":rev": n(way.rev)})


def _way(item: dict[str, Any]) -> Way | None:
    """The way of an item; None if it was erased."""
    return way_of(item["body"]["S"], int(item["rev"]["N"])) if "body" in item else None
