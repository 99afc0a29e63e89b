"""Deliveries as providers make them, and the event API Gateway makes of them."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

SECRETS = {"stripe": b"whsec_house", "razorpay": b"rzp_house"}
REGISTRATIONS: dict[str, Any] = {
    "hash_key": "a-key-for-pseudonyms",
    "stripe/default": {
        "provider": "stripe",
        "endpoint": "default",
        "account": "acct_1SxHouse",
        "mode": "test",
        "connect": False,
        "secrets": [
            {"secret": "whsec_house", "not_after": None},
            {"secret": "whsec_old", "not_after": 1_000},
        ],
    },
    "stripe/live": {
        "provider": "stripe",
        "endpoint": "live",
        "account": "acct_1SxHouse",
        "mode": "live",
        "connect": False,
        "secrets": [{"secret": "whsec_live", "not_after": None}],
    },
    "stripe/platform": {
        "provider": "stripe",
        "endpoint": "platform",
        "account": "acct_1SxHouse",
        "mode": "test",
        "connect": True,
        "secrets": [{"secret": "whsec_house", "not_after": None}],
    },
    "stripe/shops": {
        "provider": "stripe",
        "endpoint": "shops",
        "account": "acct_1SxHouse",
        "mode": "live",
        "connect": True,
        "secrets": [{"secret": "whsec_shops", "not_after": None}],
    },
    "stripe/closed": {
        "provider": "stripe",
        "endpoint": "closed",
        "account": "acct_1SxHouse",
        "mode": "test",
        "secrets": [{"secret": "", "not_after": None}],
    },
    "razorpay/default": {
        "provider": "razorpay",
        "endpoint": "default",
        "account": "acc_QxTocsinHouse1",
        "mode": "test",
        "connect": False,
        "secrets": [
            {"secret": "rzp_house", "not_after": None},
            {"secret": "rzp_before", "not_after": 4_000_000_000},
            {"secret": "rzp_old", "not_after": 1_000},
        ],
    },
    "razorpay/live": {
        "provider": "razorpay",
        "endpoint": "live",
        "account": "acc_QxTocsinHouse1",
        "mode": "live",
        "secrets": [{"secret": "rzp_live", "not_after": None}],
    },
    "razorpay/closed": {
        "provider": "razorpay",
        "endpoint": "closed",
        "account": "acc_QxTocsinHouse1",
        "mode": "test",
        "secrets": [{"secret": "", "not_after": None}],
    },
}


def stripe_headers(body: bytes, now: int, *, secret: bytes | None = None) -> dict[str, str]:
    """The headers of a delivery signed at `now`."""
    key = SECRETS["stripe"] if secret is None else secret
    signature = hmac.digest(key, f"{now}.".encode() + body, "sha256").hex()
    return {
        "Content-Type": "application/json; charset=utf-8",
        "Stripe-Signature": f"t={now},v1={signature},v0={'0' * 64}",
    }


def razorpay_headers(
    body: bytes, event_id: str | None = "evt_Qx1", *, secret: bytes | None = None
) -> dict[str, str]:
    """The headers of a delivery; without an event id as some of Razorpay's have none."""
    key = SECRETS["razorpay"] if secret is None else secret
    headers = {
        "Content-Type": "application/json",
        "X-Razorpay-Signature": hmac.digest(key, body, "sha256").hex(),
    }
    return headers | ({"X-Razorpay-Event-Id": event_id} if event_id else {})


def http_event(
    provider: str,
    body: bytes | str,
    headers: dict[str, str],
    *,
    endpoint: str | None = None,
    encoded: bool | None = None,
) -> dict[str, Any]:
    """Payload format 2.0: header names in lower case, base64 for what is no text."""
    if isinstance(body, bytes):
        try:
            text, is_text = body.decode(), True
        except UnicodeDecodeError:
            text, is_text = "", False
        if encoded or not is_text:
            text, encoded = base64.b64encode(body).decode(), True
    else:
        text = body
    parameters = {"provider": provider} | ({"endpoint": endpoint} if endpoint else {})
    return {
        "version": "2.0",
        "routeKey": "POST /webhooks/{provider}",
        "rawPath": f"/webhooks/{provider}",
        "headers": {name.lower(): value for name, value in headers.items()},
        "pathParameters": parameters,
        "requestContext": {
            "http": {"method": "POST", "path": f"/webhooks/{provider}"},
            "requestId": "request-1",
        },
        "body": text,
        "isBase64Encoded": bool(encoded),
    }


def compact(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
