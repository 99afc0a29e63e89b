"""Checkout sessions in mode `subscription`: a page a customer may complete, once, while it is open.

Nothing is created or charged until the customer completes it; that is no call of the API, so it
has a control of the sandbox. What then happens is what the provider does: customer, subscription,
first invoice and its payment, and last `checkout.session.completed`.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final

from tocsin.local.sandbox.stripe import objects, resources, subscriptions
from tocsin.local.sandbox.stripe.errors import declined, invalid
from tocsin.local.sandbox.stripe.forms import integer, mapping, only, sequence, text
from tocsin.local.sandbox.stripe.metadata import merged
from tocsin.local.sandbox.stripe.terms import known_card

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tocsin.local.sandbox.defaults import Json
    from tocsin.local.sandbox.stripe.account import Account

_CREATE: Final = frozenset(
    {
        "cancel_url",
        "client_reference_id",
        "customer",
        "customer_email",
        "expires_at",
        "line_items",
        "metadata",
        "mode",
        "payment_method_types",
        "subscription_data",
        "success_url",
    }
)
_SUBSCRIPTION: Final = frozenset({"description", "metadata", "trial_period_days"})
_SHORTEST: Final = 30 * 60
_LONGEST: Final = 24 * 3_600


def create(account: Account, params: Json, *, now: int) -> Json:
    """An open session with a page of its own; it expires by itself after a day at most."""
    only(params, _CREATE)
    if text(params, "mode", required=True) != "subscription":
        raise invalid("This sandbox has sessions in mode `subscription` only.", param="mode")
    customer, email = text(params, "customer"), text(params, "customer_email")
    if customer and email:
        raise invalid("You may only specify one of customer, customer_email.", param="customer")
    if customer:
        account.get("customer", customer, param="customer")
    items = [_item(account, given) for given in sequence(params, "line_items")]
    if not items:
        raise invalid("Missing required param: line_items.", param="line_items")
    currencies = {price["currency"] for price, _ in items}
    if len(currencies) != 1:
        raise invalid("All prices on a Checkout Session must be in one currency.")
    wanted = mapping(params, "subscription_data")
    only(wanted, _SUBSCRIPTION)
    session = _session(account.new_id("cs_test"), params, now=now)
    total = sum(price["unit_amount"] * quantity for price, quantity in items)
    trial = integer(wanted, "trial_period_days")
    session |= {
        "amount_subtotal": total,
        "amount_total": 0 if trial else total,
        "currency": currencies.pop(),
        "_items": [{"price": price["id"], "quantity": quantity} for price, quantity in items],
        "_subscription_data": wanted,
    }
    return account.add(session)


def expire(account: Account, identifier: str, params: Json, *, now: int) -> Json:
    """Closes an open session; the provider refuses it for one that is complete or expired."""
    only(params, frozenset())
    session = account.get("checkout.session", identifier)
    if session["status"] != "open":
        raise invalid(
            f'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout'
            f" Session has a status of {session['status']}."
        )
    _close(account, session, now)
    return session


def complete(account: Account, identifier: str, *, card: str, now: int) -> Json:
    """What a customer does on the page with a test card; the session.

    Raises:
        ProviderRefusal: the session is not open any more, or the card is declined: then it stays
            open, as the page does.
    """
    session = account.get("checkout.session", identifier)
    if session["status"] != "open" or session["expires_at"] <= now:
        raise invalid(f"This session is {session['status']} and can not be completed.")
    if known_card(card) not in objects.GOOD_CARDS:
        raise declined()
    customer = session["customer"] or _new_customer(account, session, now=now)
    wanted: Json = {
        "customer": customer,
        "default_payment_method": card,
        "items": [{**one, "quantity": str(one["quantity"])} for one in session["_items"]],
        **session["_subscription_data"],
    }
    subscription = subscriptions.create(account, wanted, now=now)
    before = copy.deepcopy(session)
    session |= {
        "customer": customer,
        "customer_details": {"email": session["customer_email"]},
        "invoice": subscription["latest_invoice"],
        "payment_status": "no_payment_required" if subscription["trial_end"] else "paid",
        "status": "complete",
        "subscription": subscription["id"],
        "url": None,
    }
    account.emit("checkout.session.completed", session, now=now, before=before)
    return session


def due_of(
    account: Account, session: Json
) -> Iterator[tuple[int, Callable[[Account, Json, int], None]]]:
    """When an open session expires."""
    del account
    if session["status"] == "open":
        yield session["expires_at"], _close


def _close(account: Account, session: Json, now: int) -> None:
    session["status"], session["url"] = "expired", None
    account.emit("checkout.session.expired", session, now=now)


def _new_customer(account: Account, session: Json, *, now: int) -> str:
    given = {"email": session["customer_email"]} if session["customer_email"] else {}
    return str(resources.create_customer(account, given, now=now)["id"])


def _item(account: Account, given: Any) -> tuple[Json, int]:
    if not isinstance(given, dict):
        raise invalid("Invalid object", param="line_items")
    only(given, frozenset({"price", "quantity"}))
    price = text(given, "price", required=True) or ""
    quantity = integer(given, "quantity", 1) or 0
    if quantity < 1:
        raise invalid("This value must be greater than or equal to 1.", param="line_items")
    return account.get("price", price, param="line_items[price]"), quantity


def _expiry(params: Json, now: int) -> int:
    at = integer(params, "expires_at", now + _LONGEST) or 0
    if not now + _SHORTEST <= at <= now + _LONGEST:
        raise invalid(
            "The `expires_at` timestamp must be at least 30 minutes and at most 24 hours from"
            " Checkout Session creation.",
            param="expires_at",
        )
    return at


def _session(identifier: str, params: Json, *, now: int) -> Json:
    return {
        "id": identifier,
        "object": "checkout.session",
        "automatic_tax": {"enabled": False, "liability": None, "status": None},
        "cancel_url": text(params, "cancel_url"),
        "client_reference_id": text(params, "client_reference_id"),
        "created": now,
        "custom_fields": [],
        "customer": text(params, "customer"),
        "customer_details": None,
        "customer_email": text(params, "customer_email"),
        "expires_at": _expiry(params, now),
        "invoice": None,
        "livemode": False,
        "locale": None,
        "metadata": merged({}, params),
        "mode": "subscription",
        "payment_intent": None,
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "status": "open",
        "subscription": None,
        "success_url": text(params, "success_url"),
        "url": f"https://checkout.stripe.com/c/pay/{identifier}",
    }
