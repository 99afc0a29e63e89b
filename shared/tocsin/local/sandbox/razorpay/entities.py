"""Builds Razorpay's entities with the fields its documentation and samples always show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tocsin.local.sandbox.defaults import Json

PERIOD_SECONDS: Final = {
    "daily": 86_400,
    "weekly": 7 * 86_400,
    "monthly": 30 * 86_400,
    "quarterly": 90 * 86_400,
    "yearly": 365 * 86_400,
}
"""Billing periods; a month is 30 days here, so that period ends need no calendar."""


def plan(identifier: str, *, item_id: str, given: Json, now: int) -> Json:
    """What subscriptions are of; amounts in the smallest unit of `currency`."""
    item = given["item"]
    return {
        "id": identifier,
        "entity": "plan",
        "interval": given["interval"],
        "period": given["period"],
        "item": {
            "id": item_id,
            "active": True,
            "name": item["name"],
            "description": item.get("description"),
            "amount": item["amount"],
            "unit_amount": item["amount"],
            "currency": item["currency"],
            "type": "plan",
            "unit": None,
            "tax_inclusive": False,
            "hsn_code": None,
            "sac_code": None,
            "tax_rate": None,
            "tax_id": None,
            "tax_group_id": None,
            "created_at": now,
            "updated_at": now,
        },
        "notes": given.get("notes") or {},
        "created_at": now,
    }


def customer(identifier: str, *, given: Json, now: int) -> Json:
    """A customer."""
    return {
        "id": identifier,
        "entity": "customer",
        "name": given.get("name"),
        "email": given.get("email"),
        "contact": given.get("contact"),
        "gstin": None,
        "notes": given.get("notes") or {},
        "created_at": now,
    }


def subscription(identifier: str, *, given: Json, period: int, now: int) -> Json:
    """A subscription nobody has authenticated yet; `period` is one cycle in seconds."""
    start = given.get("start_at")
    total = given["total_count"]
    return {
        "id": identifier,
        "entity": "subscription",
        "plan_id": given["plan_id"],
        "customer_id": given.get("customer_id"),
        "status": "created",
        "current_start": None,
        "current_end": None,
        "ended_at": None,
        "quantity": given.get("quantity", 1),
        "notes": given.get("notes") or {},
        "charge_at": start,
        "start_at": start,
        "end_at": start + total * period if start else None,
        "auth_attempts": 0,
        "total_count": total,
        "paid_count": 0,
        "customer_notify": bool(given.get("customer_notify", True)),
        "created_at": now,
        "expire_by": given.get("expire_by"),
        "short_url": f"https://rzp.io/i/{identifier[-9:]}",
        "has_scheduled_changes": False,
        "change_scheduled_at": None,
        "source": "api",
        "payment_method": None,
        "offer_id": None,
        "remaining_count": total,
        "_period": period,
        "_works": True,
        "_cancel_at_end": False,
    }


def invoice(identifier: str, *, of: Json, amount: int, currency: str, now: int) -> Json:
    """The invoice of one cycle of the subscription `of`, issued and not yet paid."""
    return {
        "id": identifier,
        "entity": "invoice",
        "receipt": None,
        "invoice_number": None,
        "customer_id": of["customer_id"],
        "customer_details": {"id": of["customer_id"], "name": None, "email": None, "contact": None},
        "order_id": f"order_{identifier[-14:]}",
        "subscription_id": of["id"],
        "line_items": [],
        "payment_id": None,
        "status": "issued",
        "expire_by": None,
        "issued_at": now,
        "paid_at": None,
        "cancelled_at": None,
        "expired_at": None,
        "sms_status": None,
        "email_status": None,
        "date": now,
        "terms": None,
        "partial_payment": False,
        "amount": amount,
        "amount_paid": 0,
        "amount_due": amount,
        "currency": currency,
        "description": None,
        "notes": {},
        "comment": None,
        "short_url": f"https://rzp.io/i/{identifier[-9:]}",
        "type": "invoice",
        "billing_start": of["current_start"],
        "billing_end": of["current_end"],
        "created_at": now,
    }


def payment(
    identifier: str,
    *,
    amount: int,
    currency: str,
    works: bool,
    now: int,
    customer_id: str | None = None,
    invoice_id: str | None = None,
    order_id: str | None = None,
) -> Json:
    """One attempt to pay: authorised, to be captured, or failed."""
    return {
        "id": identifier,
        "entity": "payment",
        "amount": amount,
        "currency": currency,
        "status": "authorized" if works else "failed",
        "order_id": order_id,
        "invoice_id": invoice_id,
        "international": False,
        "method": "card",
        "amount_refunded": 0,
        "refund_status": None,
        "captured": False,
        "description": "Recurring payment via subscription" if invoice_id else None,
        "card_id": f"card_{identifier[-14:]}",
        "bank": None,
        "wallet": None,
        "vpa": None,
        "email": "void@razorpay.com",
        "contact": "+910000000000",
        "customer_id": customer_id,
        "token_id": None,
        "notes": {},
        "fee": None,
        "tax": None,
        "error_code": None if works else "BAD_REQUEST_ERROR",
        "error_description": None if works else "Payment failed because of insufficient funds",
        "error_source": None if works else "customer",
        "error_step": None if works else "payment_authorization",
        "error_reason": None if works else "insufficient_funds",
        "acquirer_data": {"auth_code": "000000"},
        "created_at": now,
    }


def refund(identifier: str, *, of: Json, amount: int, notes: Json, now: int) -> Json:
    """Money that went back from the payment `of`."""
    return {
        "id": identifier,
        "entity": "refund",
        "amount": amount,
        "currency": of["currency"],
        "payment_id": of["id"],
        "notes": notes,
        "receipt": None,
        "acquirer_data": {"arn": None},
        "created_at": now,
        "batch_id": None,
        "status": "processed",
        "speed_processed": "normal",
        "speed_requested": "normal",
    }


def payment_link(identifier: str, *, given: Json, now: int) -> Json:
    """A page on which an amount can be paid once."""
    return {
        "id": identifier,
        "entity": "payment_link",
        "accept_partial": False,
        "amount": given["amount"],
        "amount_paid": 0,
        "cancelled_at": 0,
        "created_at": now,
        "currency": given.get("currency", "INR"),
        "customer": given.get("customer") or {},
        "description": given.get("description", ""),
        "expire_by": given.get("expire_by", 0),
        "expired_at": 0,
        "notes": given.get("notes") or {},
        "notify": {"email": False, "sms": False},
        "payments": None,
        "reference_id": given.get("reference_id", ""),
        "reminder_enable": False,
        "short_url": f"https://rzp.io/i/{identifier[-9:]}",
        "status": "created",
        "updated_at": now,
        "user_id": "",
    }


def downtime(identifier: str, *, method: str, severity: str, instrument: Json, now: int) -> Json:
    """A payment method that does not work."""
    return {
        "id": identifier,
        "entity": "payment.downtime",
        "method": method,
        "begin": now,
        "end": None,
        "status": "started",
        "scheduled": False,
        "severity": severity,
        "instrument": instrument,
        "created_at": now,
        "updated_at": now,
    }
