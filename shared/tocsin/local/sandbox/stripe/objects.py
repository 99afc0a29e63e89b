"""Builds the provider's objects with the fields its own SDK declares as always present."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tocsin.local.sandbox.defaults import Json

GOOD_CARDS: Final = frozenset({"pm_card_visa", "pm_card_mastercard", "pm_card_amex"})
BAD_CARDS: Final = frozenset({"pm_card_chargeCustomerFail", "pm_card_visa_chargeDeclined"})
CURRENCIES: Final = frozenset({"usd", "eur", "gbp", "inr", "jpy"})
INTERVAL_SECONDS: Final = {
    "day": 86_400,
    "week": 7 * 86_400,
    "month": 30 * 86_400,
    "year": 365 * 86_400,
}
"""Billing intervals; a month is 30 days here, so that period ends need no calendar."""


def customer(identifier: str, *, now: int) -> Json:
    """A customer without a card."""
    return {
        "id": identifier,
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": now,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "email": None,
        "invoice_prefix": identifier[-8:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def product(identifier: str, *, name: str, metadata: Json, now: int) -> Json:
    """Something prices can be of."""
    return {
        "id": identifier,
        "object": "product",
        "active": True,
        "created": now,
        "default_price": None,
        "description": None,
        "images": [],
        "livemode": False,
        "marketing_features": [],
        "metadata": metadata,
        "name": name,
        "type": "service",
        "updated": now,
        "url": None,
    }


def price(
    identifier: str, *, product_id: str, amount: int, currency: str, recurring: Json, now: int
) -> Json:
    """A recurring price; `recurring` holds `interval` and `interval_count`."""
    return {
        "id": identifier,
        "object": "price",
        "active": True,
        "billing_scheme": "per_unit",
        "created": now,
        "currency": currency,
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": product_id,
        "recurring": {
            "interval": recurring["interval"],
            "interval_count": recurring["interval_count"],
            "meter": None,
            "trial_period_days": None,
            "usage_type": "licensed",
        },
        "tax_behavior": "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring",
        "unit_amount": amount,
        "unit_amount_decimal": str(amount),
    }


def plan(of: Json) -> Json:
    """The older twin of a price, which items still carry."""
    return {
        "id": of["id"],
        "object": "plan",
        "active": of["active"],
        "amount": of["unit_amount"],
        "amount_decimal": of["unit_amount_decimal"],
        "billing_scheme": of["billing_scheme"],
        "created": of["created"],
        "currency": of["currency"],
        "interval": of["recurring"]["interval"],
        "interval_count": of["recurring"]["interval_count"],
        "livemode": False,
        "metadata": of["metadata"],
        "nickname": of["nickname"],
        "product": of["product"],
        "trial_period_days": None,
        "usage_type": "licensed",
    }


def period_seconds(of: Json) -> int:
    """How long one period of a price is."""
    recurring = of["recurring"]
    return int(INTERVAL_SECONDS[recurring["interval"]] * recurring["interval_count"])


def item(identifier: str, *, subscription: str, of: Json, quantity: int, now: int) -> Json:
    """One price `of` a subscription, its first period from `now`."""
    return {
        "id": identifier,
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": now,
        "current_period_end": now + period_seconds(of),
        "current_period_start": now,
        "discounts": [],
        "metadata": {},
        "plan": plan(of),
        "price": of,
        "quantity": quantity,
        "subscription": subscription,
        "tax_rates": [],
    }


def subscription(identifier: str, *, customer_id: str, metadata: Json, now: int) -> Json:
    """A subscription without items, not yet paid."""
    return {
        "id": identifier,
        "object": "subscription",
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": now,
        "billing_mode": {"type": "classic"},
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically",
        "created": now,
        "currency": "usd",
        "customer": customer_id,
        "days_until_due": None,
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "ended_at": None,
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "items": listing("subscription_items", f"subscription={identifier}"),
        "latest_invoice": None,
        "livemode": False,
        "metadata": metadata,
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": None,
        "payment_settings": {"payment_method_types": None, "save_default_payment_method": "off"},
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": now,
        "status": "incomplete",
        "test_clock": None,
        "transfer_data": None,
        "trial_end": None,
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        "trial_start": None,
    }


def listing(path: str, query: str) -> Json:
    """An empty list object as it appears inside another object."""
    return {"object": "list", "data": [], "has_more": False, "url": f"/v1/{path}?{query}"}


def invoice_line(identifier: str, *, invoice: str, of_item: Json, amount: int) -> Json:
    """What one item of a subscription costs in its present period, in the smallest unit."""
    return {
        "id": identifier,
        "object": "line_item",
        "amount": amount,
        "currency": of_item["price"]["currency"],
        "description": None,
        "discountable": True,
        "discounts": [],
        "invoice": invoice,
        "livemode": False,
        "metadata": {},
        "parent": {
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": None,
                "proration": False,
                "subscription": of_item["subscription"],
                "subscription_item": of_item["id"],
            },
            "type": "subscription_item_details",
        },
        "period": {
            "end": of_item["current_period_end"],
            "start": of_item["current_period_start"],
        },
        "pricing": {
            "price_details": {
                "price": of_item["price"]["id"],
                "product": of_item["price"]["product"],
            },
            "type": "price_details",
            "unit_amount_decimal": of_item["price"]["unit_amount_decimal"],
        },
        "quantity": of_item["quantity"],
        "subtotal": amount,
        "_plan": of_item["plan"],
        "_price": of_item["price"],
    }


def payment_intent(identifier: str, *, invoice: Json, now: int) -> Json:
    """The payment of one invoice, not yet attempted."""
    return {
        "id": identifier,
        "object": "payment_intent",
        "amount": invoice["amount_due"],
        "amount_capturable": 0,
        "amount_received": 0,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": f"{identifier}_secret",
        "confirmation_method": "automatic",
        "created": now,
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "description": "Subscription payment",
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": {},
        "next_action": None,
        "payment_method": None,
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
        "_invoice": invoice["id"],
    }
