"""The least that ingest can do: verify the bytes and put them, with no client in between.

What somebody writes who counts microseconds: botocore's signer, urllib3's pool, one attempt, no
look at the answer but its status. It shares no code with Tocsin, so that nothing which makes our
own call cheaper is credited to both.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from typing import Any


def handler(plan: dict[str, Any]) -> Any:
    """A handler with no second provider, no rotation, no limits, no retry, no log, no count."""
    import urllib3  # noqa: PLC0415 - from the bundle
    from botocore.auth import SigV4Auth  # noqa: PLC0415 - from the bundle
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415 - from the bundle
    from botocore.credentials import Credentials  # noqa: PLC0415 - from the bundle

    env = os.environ
    credentials = Credentials(
        env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], env["AWS_SESSION_TOKEN"]
    )
    signer = SigV4Auth(credentials, "dynamodb", env["AWS_REGION"])
    pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=0.5, read=1.5))
    endpoint = env["AWS_ENDPOINT_URL"] + "/"
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
        request = AWSRequest(
            method="POST",
            url=endpoint,
            data=json.dumps(put, separators=(",", ":")).encode(),
            headers={
                "Content-Type": "application/x-amz-json-1.0",
                "X-Amz-Target": "DynamoDB_20120810.PutItem",
            },
        )
        signer.add_auth(request)
        response = pool.request(
            "POST", endpoint, body=request.data, headers=dict(request.headers), redirect=False
        )
        return {"statusCode": response.status, "body": ""}

    return lambda_handler
