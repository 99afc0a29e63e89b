"""The items of a subscription: which prices, how many, and changing them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.local.sandbox.stripe import objects
from tocsin.local.sandbox.stripe.errors import invalid, missing
from tocsin.local.sandbox.stripe.forms import boolean, integer, only, text
from tocsin.local.sandbox.stripe.metadata import merged

if TYPE_CHECKING:
    from tocsin.local.sandbox.defaults import Json
    from tocsin.local.sandbox.stripe.account import Account


def listed(subscription: Json) -> list[Json]:
    """The stored items themselves."""
    listed: list[Json] = subscription["items"]["data"]
    return listed


def _price_of(account: Account, given: Json, position: str) -> Json:
    price = text(given, "price", required=True) or ""
    found = account.get("price", price, param=f"{position}[price]")
    if not found["active"]:
        raise invalid(f"The price specified is inactive: {price}", param=f"{position}[price]")
    return found


def add(account: Account, subscription: Json, given: Any, *, now: int) -> None:
    """One more price, in the period the others are in."""
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
    present = listed(subscription)
    if present:
        same_currency(subscription, added["price"])
        for name in ("current_period_start", "current_period_end"):
            added[name] = present[0][name]
    else:
        subscription["currency"] = added["price"]["currency"]
    present.append(added)


def same_currency(subscription: Json, price: Json) -> None:
    """Refuses a price in another currency than the subscription's."""
    if price["currency"] != subscription["currency"]:
        raise invalid(
            f"The price specified only supports `{price['currency']}`. This doesn't match the"
            f" expected currency: `{subscription['currency']}`.",
            param="items",
        )


def change(account: Account, subscription: Json, given: Any, *, now: int) -> None:
    """Another price or quantity for the item named; a new one if none is."""
    if not isinstance(given, dict) or "id" not in given:
        add(account, subscription, given, now=now)
        return
    only(given, frozenset({"id", "price", "quantity", "deleted", "metadata"}))
    present = listed(subscription)
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
        price = _price_of(account, given, "items")
        same_currency(subscription, price)
        chosen["price"] = price
        chosen["plan"] = objects.plan(chosen["price"])
