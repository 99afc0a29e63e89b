"""Rotations in the `operations` table, under `ROTA#<role>`; their places are in `rota_forms`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.adapters.aws.attributes import key, n, s
from tocsin.adapters.aws.table import NEW, Cancelled, Table
from tocsin.adapters.people.forms import (
    BASE,
    KEPT_AFTER_END,
    WAS,
    override_of,
    override_sk,
    rota_pk,
    rotation_of,
    text_of,
    was_sk,
)
from tocsin.errors import StoreUnavailable, VersionConflict
from tocsin.incidents.timeline.entry import format_time
from tocsin.people.rotation import Rota

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.adapters.aws.call import AwsCall
    from tocsin.incidents.vocabulary import Role
    from tocsin.people.rotation import Override, Rotation

ITEM_VERSION = 1


class DynamoRotas:
    """A `RotaStore` over the `operations` table."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._table = Table(aws, table)

    def rota(self, role: Role, *, since: datetime) -> Rota:
        """One read: rotation and overrides lie side by side, what was before behind them."""
        found = list(
            self._table.query(
                KeyConditionExpression="PK = :pk AND SK < :was",
                # A filter may not name a key; only overrides have an end.
                FilterExpression="attribute_not_exists(ends_at) OR ends_at > :since",
                ExpressionAttributeValues={
                    ":pk": s(rota_pk(role)),
                    ":was": s(WAS),
                    ":since": s(format_time(since)),
                },
                ConsistentRead=True,
            )
        )
        bodies = {item["SK"]["S"]: item["body"]["S"] for item in found}
        base = bodies.pop(BASE, None)
        return Rota(
            rotation=None if base is None else rotation_of(base),
            overrides=tuple(override_of(text) for text in bodies.values()),
        )

    def set_rotation(self, rotation: Rotation, *, before: Rotation | None) -> None:
        writes = [self._put(_item(rotation.role, BASE, text_of(rotation)))]
        if before is None:
            writes[0]["Put"]["ConditionExpression"] = NEW
        else:
            known = text_of(before)
            writes[0]["Put"] |= {
                "ConditionExpression": "body = :before",
                "ExpressionAttributeValues": {":before": s(known)},
            }
            writes.append(self._put(_item(before.role, was_sk(before), known)))
        try:
            self._table.transact(writes)
        except Cancelled as cancelled:
            if cancelled.reasons[0] == "ConditionalCheckFailed":
                raise VersionConflict("somebody else changed the rotation") from cancelled
            raise StoreUnavailable(str(cancelled)) from cancelled

    def past(self, role: Role) -> tuple[Rotation, ...]:
        found = self._table.query(
            KeyConditionExpression="PK = :pk AND begins_with(SK, :was)",
            ExpressionAttributeValues={":pk": s(rota_pk(role)), ":was": s(WAS)},
            ConsistentRead=True,
        )
        return tuple(rotation_of(item["body"]["S"]) for item in found)

    def set_override(self, override: Override) -> None:
        gone = override.ends_at + KEPT_AFTER_END
        item = _item(override.role, override_sk(override), text_of(override)) | {
            "ends_at": s(format_time(override.ends_at)),
            "ttl": n(int(gone.timestamp())),
        }
        try:
            self._table.transact([self._put(item)])
        except Cancelled as cancelled:
            raise StoreUnavailable(str(cancelled)) from cancelled

    def _put(self, item: dict[str, Any]) -> dict[str, Any]:
        return {"Put": {"TableName": self._table.name, "Item": item}}


def _item(role: Role, sk: str, text: str) -> dict[str, Any]:
    return key(rota_pk(role), sk) | {"v": n(ITEM_VERSION), "body": s(text)}
