"""The open billing incidents, from the board's index: one query, half a read unit.

Billing incidents are those of category `operational`. Drills are none: what a drill plays must not
change what a customer may use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.adapters.dynamodb_incidents_keys import LIST_INDEX, OPEN_LIST
from tocsin.incidents.vocabulary import Category

if TYPE_CHECKING:
    from tocsin.adapters.aws_call import AwsCall

REAL_PREFIX = "INC#INC-"


class DynamoDbOpenIncidents:
    """Implements `billing.ports.OpenIncidents`, eventually consistent."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._aws, self._table = aws, table

    def billing(self) -> tuple[str, ...]:
        request: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": LIST_INDEX,
            "KeyConditionExpression": "list_pk = :open",
            "FilterExpression": "category = :billing AND begins_with(PK, :real)",
            "ProjectionExpression": "PK",
            "ExpressionAttributeValues": {
                ":open": {"S": OPEN_LIST},
                ":billing": {"S": Category.OPERATIONAL.value},
                ":real": {"S": REAL_PREFIX},
            },
            "ScanIndexForward": False,
        }
        found: list[str] = []
        while True:
            answer = self._aws.call("Query", request)
            found += [item["PK"]["S"].removeprefix("INC#") for item in answer["Items"]]
            if not (last := answer.get("LastEvaluatedKey")):
                return tuple(found)
            request["ExclusiveStartKey"] = last
