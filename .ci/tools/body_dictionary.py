"""Builds the preset dictionary that stored webhook bodies are packed with.

    python -m tools.body_dictionary

Not run by the build: a dictionary that bodies were packed with must never change. The shapes here
are what version 1 was built from, kept so that it can be checked and so that version 2 has a
starting point. Deflate reaches back from the end, so the most usual shapes come last.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TARGET = Path("shared/tocsin/providers/bodies/dictionaries/v1.txt")

NUMBER = 17  # epoch seconds and many amounts begin so
_RECURRING = {"interval": "month", "interval_count": 1}
_PRICE = {
    "created": NUMBER,
    "currency": "usd",
    "id": "price_1",
    "livemode": False,
    "metadata": {"workspace": "ws_"},
    "object": "price",
    "product": "prod_",
    "recurring": _RECURRING,
    "type": "recurring",
    "unit_amount": 1000,
}
_PLAN = {
    "amount": 1000,
    "created": NUMBER,
    "currency": "eur",
    "id": "price_1",
    "interval": "month",
    "interval_count": 1,
    "livemode": False,
    "object": "plan",
    "product": "prod_",
}
_ITEM = {
    "created": NUMBER,
    "current_period_end": NUMBER,
    "current_period_start": NUMBER,
    "id": "si_",
    "object": "subscription_item",
    "plan": _PLAN,
    "price": _PRICE,
    "quantity": 1,
    "subscription": "sub_1",
}
_SUBSCRIPTION = {
    "cancel_at": NUMBER,
    "cancel_at_period_end": False,
    "canceled_at": NUMBER,
    "collection_method": "charge_automatically",
    "created": NUMBER,
    "currency": "usd",
    "current_period_end": NUMBER,
    "current_period_start": NUMBER,
    "customer": "cus_",
    "ended_at": NUMBER,
    "id": "sub_1",
    "items": {"data": [_ITEM], "object": "list", "total_count": 1},
    "latest_invoice": "in_1",
    "livemode": True,
    "metadata": {"workspace": "ws_"},
    "object": "subscription",
    "pause_collection": {"behavior": "void", "resumes_at": NUMBER},
    "plan": _PLAN,
    "quantity": 1,
    "schedule": "sub_sched_1",
    "start_date": NUMBER,
    "status": "active",
    "trial_end": NUMBER,
    "trial_start": NUMBER,
}
_INVOICE = {
    "amount_due": 1000,
    "amount_paid": 1000,
    "amount_remaining": 0,
    "attempt_count": 1,
    "billing_reason": "subscription_cycle",
    "charge": "ch_3",
    "collection_method": "charge_automatically",
    "created": NUMBER,
    "currency": "usd",
    "customer": "cus_",
    "customer_email": "h:",
    "id": "in_1",
    "livemode": False,
    "metadata": {"workspace": "ws_"},
    "next_payment_attempt": NUMBER,
    "object": "invoice",
    "paid": True,
    "parent": {
        "subscription_details": {"metadata": {"workspace": "ws_"}, "subscription": "sub_1"},
        "type": "subscription_details",
    },
    "payment_intent": "pi_3",
    "period_end": NUMBER,
    "period_start": NUMBER,
    "status": "paid",
    "subscription": "sub_1",
    "tax": 0,
    "total": 1000,
}
_CHECKOUT = {
    "amount_total": 1000,
    "client_reference_id": "ws_",
    "created": NUMBER,
    "currency": "usd",
    "customer": "cus_",
    "customer_details": {"email": "h:"},
    "expires_at": NUMBER,
    "id": "cs_test_a1",
    "invoice": "in_1",
    "livemode": False,
    "metadata": {"workspace": "ws_"},
    "mode": "subscription",
    "object": "checkout.session",
    "payment_intent": "pi_3",
    "payment_status": "paid",
    "status": "complete",
    "subscription": "sub_1",
}
_CHARGE = {
    "amount": 1000,
    "amount_received": 1000,
    "amount_refunded": 0,
    "billing_details": {"email": "h:", "phone": "h:"},
    "captured": True,
    "created": NUMBER,
    "currency": "usd",
    "customer": "cus_",
    "disputed": False,
    "failure_code": "card_declined",
    "id": "ch_3",
    "invoice": "in_1",
    "last_payment_error": {"code": "card_declined", "decline_code": "insufficient_funds"},
    "livemode": False,
    "object": "charge",
    "outcome": {
        "network_status": "approved_by_network",
        "reason": "insufficient_funds",
        "risk_level": "normal",
        "type": "authorized",
    },
    "paid": True,
    "payment_intent": "pi_3",
    "receipt_email": "h:",
    "refunded": False,
    "status": "succeeded",
}
_PAYMENT = {
    "amount": 1000,
    "amount_refunded": 0,
    "captured": True,
    "contact": "h:",
    "created_at": NUMBER,
    "currency": "INR",
    "customer_id": "cust_",
    "email": "h:",
    "entity": "payment",
    "error_code": "BAD_REQUEST_ERROR",
    "error_reason": "payment_failed",
    "error_source": "customer",
    "error_step": "payment_authorization",
    "fee": 1000,
    "id": "pay_",
    "invoice_id": "inv_",
    "method": "card",
    "notes": {"workspace": "ws_"},
    "order_id": "order_",
    "status": "captured",
    "tax": 100,
}
_RAZORPAY_SUBSCRIPTION = {
    "auth_attempts": 0,
    "charge_at": NUMBER,
    "created_at": NUMBER,
    "current_end": NUMBER,
    "current_start": NUMBER,
    "customer_id": "cust_",
    "end_at": NUMBER,
    "ended_at": NUMBER,
    "entity": "subscription",
    "has_scheduled_changes": False,
    "id": "sub_",
    "notes": {"workspace": "ws_"},
    "paid_count": 1,
    "plan_id": "plan_",
    "quantity": 1,
    "remaining_count": 11,
    "start_at": NUMBER,
    "status": "active",
    "total_count": 12,
    "type": 1,
}
_WORDS = [
    "trialing unpaid incomplete_expired incomplete past_due paused canceled created authenticated",
    "pending halted cancelled completed expired resumed charged activated updated deleted void",
    "payment_failed payment_succeeded finalized subscription_create subscription_update manual",
    "2020-08-27 2022-11-15 2023-10-16 2024-06-20 2025-03-31.basil 2025-09-30.clover acacia",
]


def _stripe(kind: str, version: str, shape: dict[str, Any], **data: object) -> dict[str, Any]:
    return {
        "account": "acct_1",
        "api_version": version,
        "created": NUMBER,
        "data": {"object": shape, **data},
        "id": "evt_1",
        "livemode": False,
        "object": "event",
        "request": {"id": "req_"},
        "type": kind,
    }


def _razorpay(event: str, **payload: dict[str, Any]) -> dict[str, Any]:
    return {
        "account_id": "acc_",
        "contains": list(payload),
        "created_at": NUMBER,
        "entity": "event",
        "event": event,
        "payload": {kind: {"entity": shape} for kind, shape in payload.items()},
    }


SHAPES: list[object] = [
    *_WORDS,
    _stripe("charge.failed", "2024-06-20", _CHARGE),
    _razorpay("payment.failed", payment=_PAYMENT),
    _razorpay("subscription.charged", subscription=_RAZORPAY_SUBSCRIPTION, payment=_PAYMENT),
    _stripe("checkout.session.completed", "2024-06-20", _CHECKOUT),
    _stripe("invoice.paid", "2025-03-31.basil", _INVOICE),
    _stripe(
        "customer.subscription.updated",
        "2025-03-31.basil",
        _SUBSCRIPTION,
        previous_attributes={"cancel_at_period_end": False, "status": "incomplete"},
    ),
]


def build() -> bytes:
    """The dictionary's bytes: every shape as `body_codec` would write it, one after another."""
    return "".join(
        shape
        if isinstance(shape, str)
        else json.dumps(shape, separators=(",", ":"), ensure_ascii=False, sort_keys=True)
        for shape in SHAPES
    ).encode()


if __name__ == "__main__":
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_bytes(build())
