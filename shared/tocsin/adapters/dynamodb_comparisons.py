"""The newest comparison of each account: `RECON#<identity>` / `COMPARED` in operations.

at      epoch seconds, the condition of the next write
n, bad  how many were compared, and how many of them differ
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.billing.outage.divergence import Comparison
from tocsin.errors import ConditionFailed

if TYPE_CHECKING:
    from tocsin.adapters.aws_call import AwsCall, Item
    from tocsin.billing.identity import Identity

SCHEMA_VERSION = 1


class DynamoDbComparisons:
    """Implements `billing.divergence.ComparisonLog`. Reads are consistent."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._aws, self._table = aws, table

    def record(self, identity: Identity, comparison: Comparison) -> None:
        at = {"N": str(comparison.at)}
        item = _key(identity) | {
            "v": {"N": str(SCHEMA_VERSION)},
            "at": at,
            "n": {"N": str(comparison.compared)},
            "bad": {"N": str(comparison.differing)},
        }
        request = {
            "TableName": self._table,
            "Item": item,
            "ConditionExpression": "attribute_not_exists(PK) OR #at <= :at",
            "ExpressionAttributeNames": {"#at": "at"},
            "ExpressionAttributeValues": {":at": at},
        }
        try:
            self._aws.call("PutItem", request)
        except ConditionFailed:
            return  # a newer one is kept

    def newest(self, identity: Identity) -> Comparison | None:
        request = {"TableName": self._table, "Key": _key(identity), "ConsistentRead": True}
        if not (item := self._aws.call("GetItem", request).get("Item")):
            return None
        at, compared, differing = (int(item[name]["N"]) for name in ("at", "n", "bad"))
        return Comparison(at, compared, differing)


def _key(identity: Identity) -> Item:
    return {"PK": {"S": f"RECON#{identity}"}, "SK": {"S": "COMPARED"}}
