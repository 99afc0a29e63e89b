"""DynamoDB through boto3 in this process: the calls of `aws_http`, an order of magnitude faster.

For tests that make thousands of calls under moto and are not about the wire. Binary attributes are
text in the JSON protocol and bytes in boto3's documents; the rest is the same.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections import Counter
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

from tocsin.errors import ConditionFailed, StoreRefused, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_dynamodb.client import DynamoDBClient


class BotoCall:
    """Behaves as `AwsHttp` does with one attempt; `calls` counts by operation."""

    def __init__(self, client: DynamoDBClient | None = None) -> None:
        self._client = client or boto3.client("dynamodb", region_name="us-east-1")
        self.calls: Counter[str] = Counter()

    def call(self, operation: str, payload: Mapping[str, object]) -> dict[str, Any]:
        self.calls[operation] += 1
        try:
            answer = self._client._make_api_call(operation, binary(payload, b64decode))  # type: ignore[attr-defined]
        except ClientError as error:
            response: Any = error.response
            if response["Error"]["Code"] == "ConditionalCheckFailedException":
                raise ConditionFailed(response.get("Item")) from None
            reasons = [each.get("Code") for each in response.get("CancellationReasons", [])]
            if "ConditionalCheckFailed" in reasons:
                raise ConditionFailed(response) from None
            if response["Error"]["Code"] == "ValidationException":
                raise StoreRefused(response["Error"]["Message"]) from error
            failure = StoreUnavailable(response["Error"]["Code"], operation=operation)
            if reasons:
                failure.context["cancelled"] = ",".join(reasons)
            raise failure from error
        found: dict[str, Any] = binary(answer, lambda value: b64encode(value).decode())
        return found


def binary(document: Any, changed: Callable[[Any], Any]) -> Any:
    """The document with the values of its binary attributes changed."""
    if isinstance(document, dict):
        return {
            name: changed(value)
            if name == "B" and isinstance(value, str | bytes)
            else binary(value, changed)
            for name, value in document.items()
        }
    if isinstance(document, list | tuple):
        return [binary(each, changed) for each in document]
    return document
