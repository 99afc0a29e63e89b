"""What most people write: verify the bytes, and one conditional `put_item` of a boto3 client."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any


def handler(plan: dict[str, Any]) -> Any:
    """As little around the client as around the floor's own call."""
    import boto3  # noqa: PLC0415 - from the bundle

    dynamodb = boto3.client("dynamodb")
    secret = plan["secret"].encode()

    def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
        body = event["body"].encode()
        parts = dict(part.split("=", 1) for part in event["headers"]["stripe-signature"].split(","))
        signed = parts["t"].encode() + b"." + body
        expected = hmac.new(secret, signed, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, parts["v1"]):
            return {"statusCode": 400, "body": ""}
        item = {
            "PK": {"S": "stripe#acct_bench#test"},
            "SK": {"S": json.loads(body)["id"]},
            "b": {"B": body},
        }
        dynamodb.put_item(
            TableName="bench", Item=item, ConditionExpression="attribute_not_exists(SK)"
        )
        return {"statusCode": 200, "body": ""}

    return lambda_handler
