"""Which incidents freeze billing now: the freezes of `operations`, read by a signed call.

The items are written by the command that freezes or unfreezes, so the answer is never behind. The
function that asks sells too, and would pay for an SDK client at every cold start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.adapters.incidents.forms import FREEZE_PK, freeze_of
from tocsin.billing.access.freeze import Holding

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.adapters.aws.call import AwsCall


class DynamoDbBillingFreezes:
    """Implements `ports.billing.checkout.BillingFreezes`. Reads are consistent."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._aws, self._table = aws, table

    def holding(self, at: datetime) -> tuple[Holding, ...]:
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "PK = :pk",
            "ExpressionAttributeValues": {":pk": {"S": FREEZE_PK}},
            "ConsistentRead": True,
        }
        found: dict[str, Holding] = {}
        while True:
            answer = self._aws.call("Query", request)
            held = (freeze_of(item["body"]["S"]) for item in answer["Items"])
            found |= {
                each.incident: Holding(each.incident, each.policy)
                for each in held
                if each.billing and each.holds_at(at)
            }
            if not (last := answer.get("LastEvaluatedKey")):
                return tuple(found.values())
            request["ExclusiveStartKey"] = last
