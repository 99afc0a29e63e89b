"""What a caller can do to a subscription: create, update, cancel, resume.

The operations and their parameter names are the provider's; a parameter that would have no effect
here is refused, not ignored.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Final

from tocsin.local.sandbox.stripe import invoicing, items, objects, terms
from tocsin.local.sandbox.stripe.errors import declined, invalid, missing
from tocsin.local.sandbox.stripe.forms import boolean, integer, mapping, only, sequence, text
from tocsin.local.sandbox.stripe.metadata import merged

if TYPE_CHECKING:
    from tocsin.local.sandbox.defaults import Json
    from tocsin.local.sandbox.stripe.account import Account

WILL_END_NOTICE: Final = 3 * terms.DAY
"""How long before the end of a trial `trial_will_end` is sent; at once for shorter trials."""

OVER: Final = frozenset({"canceled", "incomplete_expired"})

_SHARED: Final = frozenset({"cancel_at_period_end", "default_payment_method", "description"})
_CREATE: Final = _SHARED | {
    "customer",
    "items",
    "metadata",
    "payment_behavior",
    "trial_end",
    "trial_period_days",
    "trial_settings",
}
_UPDATE: Final = _SHARED | {
    "billing_cycle_anchor",
    "cancel_at",
    "items",
    "metadata",
    "pause_collection",
    "proration_behavior",
    "trial_end",
}
_BEHAVIOURS: Final = frozenset({"allow_incomplete", "default_incomplete", "error_if_incomplete"})


def create(account: Account, params: Json, *, now: int) -> Json:
    """A new subscription, charged at once unless it starts with a trial or asks to wait."""
    only(params, _CREATE)
    behaviour = text(params, "payment_behavior") or "allow_incomplete"
    if behaviour not in _BEHAVIOURS:
        raise invalid(f"Invalid payment_behavior: {behaviour}", param="payment_behavior")
    customer_id = text(params, "customer", required=True) or ""
    account.get("customer", customer_id, param="customer")
    subscription = objects.subscription(
        account.new_id("sub"), customer_id=customer_id, metadata=merged({}, params), now=now
    )
    terms.apply_shared(subscription, params)
    wanted = sequence(params, "items")
    if not wanted:
        raise invalid("Missing required param: items.", param="items", code="parameter_missing")
    for given in wanted:
        items.add(account, subscription, given, now=now)
    terms.start_trial(subscription, params, now=now)
    _check_card(account, subscription, behaviour)
    account.add(subscription)
    if subscription["trial_end"]:
        _begin_trial(account, subscription, now=now)
    else:
        _begin_paid(account, subscription, charge=behaviour != "default_incomplete", now=now)
    return subscription


def update(account: Account, identifier: str, params: Json, *, now: int) -> Json:
    """Changes a subscription; one that is over takes metadata only."""
    only(params, _UPDATE)
    subscription = account.get("subscription", identifier)
    if subscription["status"] in OVER and set(params) - {"metadata"}:
        raise invalid("A canceled subscription can only update its metadata.")
    before = copy.deepcopy(subscription)
    subscription["metadata"] = merged(subscription["metadata"], params)
    terms.apply_shared(subscription, params)
    for given in sequence(params, "items"):
        items.change(account, subscription, given, now=now)
    if "pause_collection" in params:
        subscription["pause_collection"] = terms.pause_of(params)
    if "cancel_at" in params:
        subscription["cancel_at"] = integer(params, "cancel_at") if params["cancel_at"] else None
    terms.apply_trial_end(subscription, params, now=now)
    restarts = terms.restarts(params) or (
        before["status"] == "trialing" and subscription["status"] == "active"
    )
    if restarts:
        terms.set_period(subscription, start=now)
        subscription["billing_cycle_anchor"] = now
    if subscription != before:
        account.emit("customer.subscription.updated", subscription, now=now, before=before)
    if restarts:
        invoice = invoicing.bill(account, subscription, reason="subscription_update", now=now)
        collect(account, subscription, invoice, now=now)
    return subscription


def cancel(account: Account, identifier: str, params: Json, *, now: int) -> Json:
    """Ends a subscription at once."""
    only(params, frozenset({"cancellation_details", "invoice_now", "prorate"}))
    if boolean(params, "invoice_now") or boolean(params, "prorate"):
        raise invalid("This sandbox makes no final invoice on cancellation.", param="invoice_now")
    subscription = account.get("subscription", identifier)
    if subscription["status"] in OVER:
        raise missing("subscription", identifier)
    details = mapping(params, "cancellation_details")
    for name in ("comment", "feedback"):
        subscription["cancellation_details"][name] = text(details, name)
    invoicing.end(account, subscription, reason="cancellation_requested", now=now)
    return subscription


def resume(account: Account, identifier: str, params: Json, *, now: int) -> Json:
    """Brings back a subscription in status `paused`, with a new period from now."""
    only(params, frozenset({"billing_cycle_anchor", "proration_behavior"}))
    subscription = account.get("subscription", identifier)
    if subscription["status"] != "paused":
        raise invalid("Only a paused subscription can be resumed.")
    before = copy.deepcopy(subscription)
    terms.set_period(subscription, start=now)
    subscription["billing_cycle_anchor"], subscription["status"] = now, "active"
    account.emit("customer.subscription.updated", subscription, now=now, before=before)
    account.emit("customer.subscription.resumed", subscription, now=now)
    invoice = invoicing.bill(account, subscription, reason="subscription_update", now=now)
    collect(account, subscription, invoice, now=now)
    return subscription


def collect(account: Account, subscription: Json, invoice: Json, *, now: int) -> None:
    """Charges an invoice unless collection is paused, and then does what the pause says."""
    pause = subscription["pause_collection"]
    if pause is None:
        card = invoicing.card_of(account, subscription)
        invoicing.pay(account, invoice, card=card, now=now)
    elif pause["behavior"] == "void":
        invoicing.void(account, invoice, now=now)


def _begin_trial(account: Account, subscription: Json, *, now: int) -> None:
    account.emit("customer.subscription.created", subscription, now=now)
    invoice = invoicing.bill(
        account, subscription, reason="subscription_create", now=now, free=True
    )
    invoicing.pay(account, invoice, card=None, now=now)
    if subscription["trial_end"] - now <= WILL_END_NOTICE:
        notify_trial_end(account, subscription, now=now)


def notify_trial_end(account: Account, subscription: Json, *, now: int) -> None:
    """Three days' notice, once a trial; the event carries the whole subscription."""
    subscription["_notified"] = subscription["trial_end"]
    account.emit("customer.subscription.trial_will_end", subscription, now=now)


def _begin_paid(account: Account, subscription: Json, *, charge: bool, now: int) -> None:
    account.emit("customer.subscription.created", subscription, now=now)
    invoice = invoicing.bill(account, subscription, reason="subscription_create", now=now)
    if charge:
        card = invoicing.card_of(account, subscription)
        invoicing.pay(account, invoice, card=card, now=now)


def _check_card(account: Account, subscription: Json, behaviour: str) -> None:
    if subscription["trial_end"] or behaviour == "default_incomplete":
        return
    card = invoicing.card_of(account, subscription)
    if card is None:
        raise invalid(
            "This customer has no attached payment source or default payment method.",
            code="resource_missing",
        )
    if behaviour == "error_if_incomplete" and card not in objects.GOOD_CARDS:
        raise declined()
