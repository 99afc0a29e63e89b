"""What a caller can do to a subscription: create, update, cancel, resume.

The operations and their parameter names are the provider's; a parameter that would have no effect
here is refused, not ignored.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final

from tocsin.local.sandbox import invoicing, objects
from tocsin.local.sandbox.errors import declined, invalid, missing
from tocsin.local.sandbox.forms import boolean, integer, mapping, only, sequence, text
from tocsin.local.sandbox.metadata import merged

if TYPE_CHECKING:
    from tocsin.local.sandbox.account import Account
    from tocsin.local.sandbox.defaults import Json

DAY: Final = 86_400
WILL_END_NOTICE: Final = 3 * DAY
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
_PAUSES: Final = frozenset({"keep_as_draft", "mark_uncollectible", "void"})


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
    _apply_shared(subscription, params)
    wanted = sequence(params, "items")
    if not wanted:
        raise invalid("Missing required param: items.", param="items", code="parameter_missing")
    for given in wanted:
        _add_item(account, subscription, given, now=now)
    _start_trial(subscription, params, now=now)
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
    _apply_shared(subscription, params)
    for given in sequence(params, "items"):
        _change_item(account, subscription, given, now=now)
    if "pause_collection" in params:
        subscription["pause_collection"] = _pause(params)
    if "cancel_at" in params:
        subscription["cancel_at"] = integer(params, "cancel_at") if params["cancel_at"] else None
    _apply_trial_end(subscription, params, now=now)
    restarts = _restarts(params) or (
        before["status"] == "trialing" and subscription["status"] == "active"
    )
    if restarts:
        set_period(subscription, start=now)
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
    set_period(subscription, start=now)
    subscription["billing_cycle_anchor"], subscription["status"] = now, "active"
    account.emit("customer.subscription.updated", subscription, now=now, before=before)
    account.emit("customer.subscription.resumed", subscription, now=now)
    invoice = invoicing.bill(account, subscription, reason="subscription_update", now=now)
    collect(account, subscription, invoice, now=now)
    return subscription


def set_period(subscription: Json, *, start: int, until: int | None = None) -> None:
    """The period every item is in: one length of its price, or up to `until` for a trial."""
    for item in subscription["items"]["data"]:
        item["current_period_start"] = start
        item["current_period_end"] = until or start + objects.period_seconds(item["price"])
    if subscription["cancel_at_period_end"]:
        subscription["cancel_at"] = period_end(subscription)


def period_end(subscription: Json) -> int:
    """When the present period is over."""
    return min(int(item["current_period_end"]) for item in subscription["items"]["data"])


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


def _apply_shared(subscription: Json, params: Json) -> None:
    at_end = boolean(params, "cancel_at_period_end")
    if at_end is not None:
        subscription["cancel_at_period_end"] = at_end
        subscription["cancel_at"] = (
            period_end(subscription) if at_end and _items(subscription) else None
        )
    card = text(params, "default_payment_method")
    if card is not None:
        subscription["default_payment_method"] = known_card(card) if card else None
    description = text(params, "description")
    if description is not None:
        subscription["description"] = description or None


def known_card(card: str) -> str:
    """A test card of the provider's own list.

    Raises:
        ProviderRefusal: any other, as there is nothing else to attach.
    """
    if card not in objects.GOOD_CARDS | objects.BAD_CARDS:
        raise missing("PaymentMethod", card, param="default_payment_method", status=400)
    return card


def _items(subscription: Json) -> list[Json]:
    listed: list[Json] = subscription["items"]["data"]
    return listed


def _price_of(account: Account, given: Json, position: str) -> Json:
    price = text(given, "price", required=True) or ""
    found = account.get("price", price, param=f"{position}[price]")
    if not found["active"]:
        raise invalid(f"The price specified is inactive: {price}", param=f"{position}[price]")
    return found


def _add_item(account: Account, subscription: Json, given: Any, *, now: int) -> None:
    if not isinstance(given, dict):
        raise invalid("Invalid object", param="items")
    only(given, frozenset({"price", "quantity", "metadata"}))
    added = objects.item(
        account.new_id("si"),
        subscription=subscription["id"],
        of=_price_of(account, given, "items"),
        quantity=integer(given, "quantity", 1) or 0,
        now=now,
    )
    added["metadata"] = merged({}, given)
    present = _items(subscription)
    if present:
        for name in ("current_period_start", "current_period_end"):
            added[name] = present[0][name]
    present.append(added)


def _change_item(account: Account, subscription: Json, given: Any, *, now: int) -> None:
    if not isinstance(given, dict) or "id" not in given:
        _add_item(account, subscription, given, now=now)
        return
    only(given, frozenset({"id", "price", "quantity", "deleted", "metadata"}))
    present = _items(subscription)
    chosen = next((item for item in present if item["id"] == given["id"]), None)
    if chosen is None:
        raise missing("subscription_item", str(given["id"]), param="items[id]", status=400)
    if boolean(given, "deleted"):
        if len(present) == 1:
            raise invalid("A subscription must have at least one active plan.", param="items")
        present.remove(chosen)
        return
    chosen["quantity"] = integer(given, "quantity", chosen["quantity"])
    chosen["metadata"] = merged(chosen["metadata"], given)
    if "price" in given:
        chosen["price"] = _price_of(account, given, "items")
        chosen["plan"] = objects.plan(chosen["price"])


def _start_trial(subscription: Json, params: Json, *, now: int) -> None:
    days, until = integer(params, "trial_period_days"), integer(params, "trial_end")
    if days is not None and until is not None:
        raise invalid("Received both trial_end and trial_period_days.", param="trial_end")
    until = now + days * DAY if days else until
    if until is None:
        return
    if until <= now:
        raise invalid("trial_end must be in the future.", param="trial_end")
    ending = mapping(mapping(params, "trial_settings"), "end_behavior")
    behaviour = text(ending, "missing_payment_method")
    if behaviour:
        subscription["trial_settings"]["end_behavior"]["missing_payment_method"] = behaviour
    subscription["status"] = "trialing"
    subscription["trial_start"], subscription["trial_end"] = now, until
    subscription["billing_cycle_anchor"] = until
    set_period(subscription, start=now, until=until)


def _apply_trial_end(subscription: Json, params: Json, *, now: int) -> None:
    if "trial_end" not in params:
        return
    if subscription["status"] != "trialing":
        raise invalid("This sandbox moves the end of a running trial only.", param="trial_end")
    if params["trial_end"] == "now":
        subscription["status"], subscription["trial_end"] = "active", now
        return
    until = integer(params, "trial_end") or 0
    if until <= now:
        raise invalid("trial_end must be in the future.", param="trial_end")
    subscription["trial_end"] = subscription["billing_cycle_anchor"] = until
    set_period(subscription, start=subscription["trial_start"], until=until)


def _pause(params: Json) -> Json | None:
    pause = mapping(params, "pause_collection")
    if not pause:
        return None
    only(pause, frozenset({"behavior", "resumes_at"}))
    behaviour = text(pause, "behavior", required=True)
    if behaviour not in _PAUSES:
        raise invalid(f"Invalid behavior: {behaviour}", param="pause_collection[behavior]")
    return {"behavior": behaviour, "resumes_at": integer(pause, "resumes_at")}


def _restarts(params: Json) -> bool:
    anchor = text(params, "billing_cycle_anchor")
    if anchor in {None, "unchanged"}:
        return False
    if anchor != "now":
        raise invalid(
            "billing_cycle_anchor can be set to `now` only.", param="billing_cycle_anchor"
        )
    return True
