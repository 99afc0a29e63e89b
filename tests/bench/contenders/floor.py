"""The least that ingest can do: verify the bytes and put them, over the same HTTP layer as ours."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any


def handler(plan: dict[str, Any]) -> Any:
    """A handler with no second provider, no rotation, no limits, no log and no count."""
    from tocsin.runtime import aws_http  # noqa: PLC0415 - from the bundle

    dynamodb = aws_http.from_environment("dynamodb")
    secret = plan["secret"].encode()

    def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
        body = event["body"].encode()
        parts = dict(part.split("=", 1) for part in event["headers"]["stripe-signature"].split(","))
        signed = parts["t"].encode() + b"." + body
        if not hmac.compare_digest(
            hmac.new(secret, signed, hashlib.sha256).hexdigest(), parts["v1"]
        ):
            return {"statusCode": 400, "body": ""}
        item = {
            "PK": {"S": "stripe#acct_bench#test"},
            "SK": {"S": json.loads(body)["id"]},
            "b": {"B": base64.b64encode(body).decode()},
        }
        put = {
            "TableName": "bench",
            "Item": item,
            "ConditionExpression": "attribute_not_exists(SK)",
        }
        dynamodb.call("PutItem", put)
        return {"statusCode": 200, "body": ""}

    return lambda_handler
