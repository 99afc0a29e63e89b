"""Customers, products, prices, and the lists of everything: the plain part of the provider."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final

from tocsin.local.sandbox.stripe import invoicing, objects
from tocsin.local.sandbox.stripe.errors import declined, invalid
from tocsin.local.sandbox.stripe.forms import integer, mapping, only, text
from tocsin.local.sandbox.stripe.lists import PAGING, in_range, page
from tocsin.local.sandbox.stripe.metadata import merged
from tocsin.local.sandbox.stripe.subscriptions import OVER
from tocsin.local.sandbox.stripe.terms import known_card

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.local.sandbox.defaults import Json
    from tocsin.local.sandbox.stripe.account import Account

_TEXTS: Final = ("name", "email", "description", "phone")
_CUSTOMER: Final = frozenset({*_TEXTS, "metadata", "invoice_settings", "payment_method"})


def create_customer(account: Account, params: Json, *, now: int) -> Json:
    """A customer; a card counts only where `invoice_settings` makes it the default."""
    only(params, _CUSTOMER)
    customer = objects.customer(account.new_id("cus"), now=now)
    _apply_customer(customer, params)
    account.add(customer)
    account.emit("customer.created", customer, now=now)
    return customer


def update_customer(account: Account, identifier: str, params: Json, *, now: int) -> Json:
    """Changes a customer; no event when nothing differs."""
    only(params, _CUSTOMER)
    customer = account.get("customer", identifier)
    before = copy.deepcopy(customer)
    _apply_customer(customer, params)
    if customer != before:
        account.emit("customer.updated", customer, now=now, before=before)
    return customer


def create_product(account: Account, params: Json, *, now: int) -> Json:
    """Something prices can be of."""
    only(params, frozenset({"name", "metadata"}))
    name = text(params, "name", required=True) or ""
    identifier = account.new_id("prod")
    product = objects.product(identifier, name=name, metadata=merged({}, params), now=now)
    account.add(product)
    account.emit("product.created", product, now=now)
    return product


def create_price(account: Account, params: Json, *, now: int) -> Json:
    """A recurring price, in the smallest unit of one of the sandbox's currencies."""
    only(
        params,
        frozenset({"currency", "product", "unit_amount", "recurring", "nickname", "lookup_key"}),
    )
    currency = text(params, "currency", required=True) or ""
    if currency not in objects.CURRENCIES:
        raise invalid(f"Invalid currency: {currency}.", param="currency")
    product = text(params, "product", required=True) or ""
    account.get("product", product, param="product")
    recurring = mapping(params, "recurring")
    interval = text(recurring, "interval", required=True)
    if interval not in objects.INTERVAL_SECONDS:
        raise invalid(f"Invalid interval: {interval}", param="recurring[interval]")
    price = objects.price(
        account.new_id("price"),
        product_id=product,
        amount=integer(params, "unit_amount", 0) or 0,
        currency=currency,
        recurring={
            "interval": interval,
            "interval_count": integer(recurring, "interval_count", 1),
        },
        now=now,
    )
    price["nickname"] = text(params, "nickname")
    price["lookup_key"] = text(params, "lookup_key")
    account.add(price)
    account.emit("price.created", price, now=now)
    return price


def pay_invoice(account: Account, identifier: str, params: Json, *, now: int) -> Json:
    """Charges an open invoice with the card given, or the one that would be used anyway."""
    only(params, frozenset({"payment_method"}))
    invoice = account.get("invoice", identifier)
    details = invoice["parent"]["subscription_details"]
    subscription = account.get("subscription", details["subscription"])
    given = text(params, "payment_method")
    card = known_card(given) if given else invoicing.card_of(account, subscription)
    if not invoicing.pay(account, invoice, card=card, now=now):
        raise declined()
    return invoice


def list_objects(
    account: Account, kind: str, params: Json, *, as_of: int | None = None
) -> tuple[list[Json], bool]:
    """One page of a kind; cancelled subscriptions are left out unless `status` asks for them.

    With `as_of` a replica answers that knows nothing later.
    """
    filters = _FILTERS.get(kind, frozenset())
    only(params, PAGING | filters | {"created"})
    found = in_range(_known(account, kind, as_of), params)
    for name in filters - {"status", "price"}:
        if (wanted := text(params, name)) is not None:
            found = [one for one in found if _field(one, name) == wanted]
    if kind == "subscription":
        found = _of_status(found, text(params, "status"))
        if (price := text(params, "price")) is not None:
            found = [
                one
                for one in found
                if any(item["price"]["id"] == price for item in one["items"]["data"])
            ]
    elif "status" in params:
        found = [one for one in found if one["status"] == params["status"]]
    return page(found, params)


_FILTERS: Final = {
    "customer": frozenset({"email"}),
    "price": frozenset({"product"}),
    "subscription": frozenset({"customer", "price", "status"}),
    "invoice": frozenset({"customer", "subscription", "status"}),
    "payment_intent": frozenset({"customer"}),
    "checkout.session": frozenset({"customer", "subscription", "status", "payment_intent"}),
}


def _apply_customer(customer: Json, params: Json) -> None:
    for name in _TEXTS:
        if (value := text(params, name)) is not None:
            customer[name] = value or None
    customer["metadata"] = merged(customer["metadata"], params)
    card = text(mapping(params, "invoice_settings"), "default_payment_method")
    attached = text(params, "payment_method")
    if attached:
        known_card(attached)
    if card is not None:
        customer["invoice_settings"]["default_payment_method"] = known_card(card) if card else None


def _known(account: Account, kind: str, as_of: int | None) -> Iterable[Json]:
    stored = account.objects[kind]
    if as_of is None:
        return stored.values()
    known = [one for one in stored.values() if account.events.existed(one, at=as_of)]
    return [account.events.state_of(one["id"], at=as_of) or one for one in known]


def _field(one: Json, name: str) -> Any:
    if name == "subscription" and one["object"] == "invoice":
        return one["parent"]["subscription_details"]["subscription"]
    return one[name]


def _of_status(found: list[Json], wanted: str | None) -> list[Json]:
    if wanted == "all":
        return found
    if wanted is None:
        return [one for one in found if one["status"] != "canceled"]
    if wanted == "ended":
        return [one for one in found if one["status"] in OVER]
    return [one for one in found if one["status"] == wanted]
