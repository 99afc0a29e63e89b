"""Freezes in the `operations` table. They are written by the command that causes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.adapters.aws.attributes import s
from tocsin.adapters.aws.table import Table
from tocsin.adapters.incidents.forms import FREEZE_PK, freeze_of

if TYPE_CHECKING:
    from tocsin.adapters.aws.call import AwsCall
    from tocsin.incidents.queries.freeze import ServiceFreeze


class DynamoFreezes:
    """A `FreezeStore` over the `operations` table. Reads are consistent."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._table = Table(aws, table)

    def of(self, service: str) -> tuple[ServiceFreeze, ...]:
        found = self._read("PK = :pk AND begins_with(SK, :sk)", {":sk": s(f"{service}#")})
        return tuple(held for held in found if held.service == service)

    def all(self) -> tuple[ServiceFreeze, ...]:
        return self._read("PK = :pk", {})

    def _read(self, condition: str, values: dict[str, Any]) -> tuple[ServiceFreeze, ...]:
        found = self._table.query(
            KeyConditionExpression=condition,
            ExpressionAttributeValues={":pk": s(FREEZE_PK), **values},
            ConsistentRead=True,
        )
        return tuple(freeze_of(item["body"]["S"]) for item in found)
