"""One stored shape, rendered for every API version a caller or an endpoint may be pinned to.

The sandbox keeps the newest shape. The version of 2025-03-31 moved a subscription's period to its
items and an invoice's subscription under `parent`; older versions get the old places, so that a
parser which reads one shape only is found out. Keys that begin with `_` never leave the sandbox.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tocsin.local.sandbox.defaults import NEWEST
from tocsin.local.sandbox.stripe.errors import invalid

if TYPE_CHECKING:
    from tocsin.local.sandbox.defaults import Json


BASIL: Final = "2025-03-31.basil"

ACACIA: Final = "2025-02-24.acacia"

CLOVER: Final = "2025-09-30.clover"

OLDEST: Final = "2020-08-27"

KNOWN: Final = (OLDEST, "2022-11-15", "2023-10-16", "2024-06-20", ACACIA, BASIL, CLOVER, NEWEST)


def checked(version: str) -> str:
    """`version` itself, or a refusal in the provider's words."""
    if version not in KNOWN:
        raise invalid(f"Invalid Stripe API version: {version}")
    return version


def is_older_shape(version: str) -> bool:
    """Whether periods are still at the top level and invoices name their subscription."""
    return version[:10] < BASIL[:10]


def render(stored: Json, version: str) -> Json:
    """A copy of `stored` as a caller on `version` sees it."""
    shown: Json = _public(stored)
    if is_older_shape(version):
        older = _OLDER.get(stored["object"])
        if older is not None:
            older(shown, stored)
    return shown


def changed_attributes(before: Json, after: Json) -> Json:
    """What an event's `previous_attributes` holds: the old value of everything that differs.

    Objects are compared inside, lists as a whole; a key that is new has the old value null.
    """
    previous: Json = {}
    for key in before.keys() | after.keys():
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            previous[key] = changed_attributes(old, new)
        else:
            previous[key] = old
    return previous


def _public(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _public(child) for key, child in value.items() if not key.startswith("_")}
    if isinstance(value, list):
        return [_public(child) for child in value]
    return value


def _older_subscription(shown: Json, _stored: Json) -> None:
    items = shown["items"]["data"]
    for item in items:
        start, end = item.pop("current_period_start"), item.pop("current_period_end")
        shown["current_period_start"], shown["current_period_end"] = start, end
    alone = items[0] if len(items) == 1 else None
    shown["plan"] = alone["plan"] if alone else None
    shown["quantity"] = alone["quantity"] if alone else None
    shown.pop("billing_mode", None)


def _older_invoice(shown: Json, stored: Json) -> None:
    parent = shown.pop("parent")
    subscription = parent["subscription_details"]["subscription"] if parent else None
    shown["subscription"] = subscription
    shown["payment_intent"] = stored["_payment_intent"]
    shown["charge"] = None
    shown["paid"] = shown["status"] == "paid"
    for line, origin in zip(shown["lines"]["data"], stored["lines"]["data"], strict=True):
        details = line.pop("parent")["subscription_item_details"]
        line.pop("pricing")
        line["price"], line["plan"] = origin["_price"], origin["_plan"]
        line["type"], line["proration"] = "subscription", details["proration"]
        line["subscription_item"] = details["subscription_item"]


def _older_payment_intent(shown: Json, stored: Json) -> None:
    shown["invoice"] = stored["_invoice"]


_OLDER: Final = {
    "subscription": _older_subscription,
    "invoice": _older_invoice,
    "payment_intent": _older_payment_intent,
}
