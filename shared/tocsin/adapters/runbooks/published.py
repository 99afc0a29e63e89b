"""Documents of published policies by their version, read by a signed call.

What the billing functions need of an incident's runbook; `runbooks.store` has the rest, and an
SDK client with it.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from tocsin.adapters.runbooks import forms

if TYPE_CHECKING:
    from tocsin.adapters.aws.call import AwsCall, Item


class DynamoDbPublished:
    """A published policy as it was compiled; None for what nobody published. Raises `Unavailable`.

    By `Query` alone, and consistent.
    """

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._aws, self._table = aws, table

    def __call__(self, version: str) -> bytes | None:
        if (known := self._one(forms.version_sk(version))) is None:
            return None
        item = self._one(forms.number_sk(int(known["number"]["N"])))
        return None if item is None else forms.unpacked(base64.b64decode(item["packed"]["B"]))

    def _one(self, sk: str) -> Item | None:
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "PK = :pk AND SK = :sk",
            "ExpressionAttributeValues": {":pk": {"S": forms.PK}, ":sk": {"S": sk}},
            "ConsistentRead": True,
        }
        found: list[Item] = self._aws.call("Query", request)["Items"]
        return found[0] if found else None
