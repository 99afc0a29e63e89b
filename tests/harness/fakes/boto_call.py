"""DynamoDB through boto3 in this process: the calls of `aws_http`, an order of magnitude faster.

For tests that make thousands of calls under moto and are not about the wire. Items without binary
attributes only: there boto3's documents and the JSON protocol's are the same.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

from tocsin.errors import ConditionFailed

if TYPE_CHECKING:
    from collections.abc import Mapping


class BotoCall:
    """Behaves as `AwsHttp` does, within the above; `calls` counts by operation."""

    def __init__(self) -> None:
        self._client = boto3.client("dynamodb", region_name="us-east-1")
        self.calls: Counter[str] = Counter()

    def call(self, operation: str, payload: Mapping[str, object]) -> dict[str, Any]:
        self.calls[operation] += 1
        try:
            return self._client._make_api_call(operation, dict(payload))  # type: ignore[attr-defined, no-any-return]
        except ClientError as error:
            response: Any = error.response
            if response["Error"]["Code"] == "ConditionalCheckFailedException":
                raise ConditionFailed(response.get("Item")) from None
            if response["Error"]["Code"] == "TransactionCanceledException":
                raise ConditionFailed(response) from None
            raise
