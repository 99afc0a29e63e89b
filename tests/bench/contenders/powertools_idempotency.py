"""The usual answer to duplicate deliveries: a boto3 put behind Powertools' idempotency."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any


def handler(plan: dict[str, Any]) -> Any:
    """Verify, then store within the idempotent part, keyed by the event's id."""
    import boto3  # noqa: PLC0415 - from the bundle
    from aws_lambda_powertools import Logger  # noqa: PLC0415 - from the bundle
    from aws_lambda_powertools.utilities.idempotency import (  # noqa: PLC0415 - from the bundle
        DynamoDBPersistenceLayer,
        IdempotencyConfig,
        idempotent_function,
    )

    logger = Logger(service="bench")
    dynamodb = boto3.client("dynamodb")
    layer = DynamoDBPersistenceLayer(table_name="idempotency")
    config = IdempotencyConfig(event_key_jmespath="id", expires_after_seconds=3600)
    secret = plan["secret"].encode()

    @idempotent_function(  # type: ignore[untyped-decorator]  # published without its type
        data_keyword_argument="document", persistence_store=layer, config=config
    )
    def store(*, document: dict[str, Any], body: bytes) -> dict[str, Any]:
        item = {
            "PK": {"S": "stripe#acct_bench#test"},
            "SK": {"S": document["id"]},
            "b": {"B": base64.b64encode(body)},
        }
        dynamodb.put_item(TableName="bench", Item=item)
        logger.info("stored", extra={"event_id": document["id"]})
        return {"statusCode": 200, "body": ""}

    def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        config.register_lambda_context(context)
        body = event["body"].encode()
        parts = dict(part.split("=", 1) for part in event["headers"]["stripe-signature"].split(","))
        signed = parts["t"].encode() + b"." + body
        expected = hmac.new(secret, signed, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, parts["v1"]):
            return {"statusCode": 400, "body": ""}
        return dict(store(document=json.loads(body), body=body))

    return lambda_handler
