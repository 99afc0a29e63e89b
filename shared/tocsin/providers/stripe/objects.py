"""Stripe's subscription object in every shape it has had, and where to ask for one.

Two changes of the API matter. The period moved from the subscription to its items (basil), and an
item's plan became a price. Which shape a body has is seen in the body: an event's `api_version`
may be another account's, and a listed event may be rendered otherwise than its webhook was.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from tocsin.billing.event import GivenBack
from tocsin.billing.identity import is_object_id
from tocsin.billing.projection.ledger_key import usable_time
from tocsin.billing.projection.paid import Invoice, Mark, Paid
from tocsin.billing.subscription import Status, Subscription, SubscriptionItem
from tocsin.errors import UnreadableShape
from tocsin.ports.billing.projection import Refunded
from tocsin.providers.bodies.pruning import workspace_in
from tocsin.providers.foreign_json import entries, flag, object_id, reference, section, text
from tocsin.providers.stripe.webhook import GIVEN_BACK_TYPES, subscription_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.billing.identity import Identity

STATUS = {
    "incomplete": Status.PENDING,
    "trialing": Status.TRIALING,
    "active": Status.ACTIVE,
    "past_due": Status.PAST_DUE,
    "unpaid": Status.SUSPENDED,
    "paused": Status.PAUSED,
    "canceled": Status.CANCELLED,
    "incomplete_expired": Status.EXPIRED,
}


def snapshot_in(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object a snapshot event carries."""
    return section(document, "data", "object")


def subscription(shape: Mapping[str, Any], *, as_of: int) -> Subscription:
    """Reads one subscription object of any API version.

    With several items the latest period end counts (what has been paid for is not cut short by a
    shorter item) and the plan is all of them, sorted and joined by `+`. Where they end at different
    times each is kept with its own (docs.stripe.com/billing/subscriptions/mixed-interval).

    Raises:
        UnreadableShape: id, status, plan or period end is in none of its known places.
    """
    del as_of  # Stripe says what holds now; nothing has to be compared with a time
    items = entries(shape.get("items"), "data")
    identifier, raw_status = object_id(shape, "id"), text(shape, "status")
    plans = sorted({plan for each in (items or (shape,)) if (plan := _plan(each))})
    ends = [end for each in items if (end := usable_time(each.get("current_period_end")))]
    period_end = max(ends) if ends else usable_time(shape.get("current_period_end"))
    starts = [
        start
        for each in items
        if usable_time(each.get("current_period_end")) == period_end
        and (start := usable_time(each.get("current_period_start")))
    ]
    if _is_cut(shape):
        raise UnreadableShape("A Stripe subscription has more items than are listed.")
    if not (identifier and raw_status and plans and period_end):
        found = {"id": identifier, "status": raw_status, "plan": plans, "period end": period_end}
        missing = ", ".join(name for name, value in found.items() if not value)
        raise UnreadableShape(f"A Stripe subscription lacks: {missing}.")
    return Subscription(
        id=identifier,
        status=STATUS.get(raw_status, Status.UNKNOWN),
        raw_status=raw_status,
        plan="+".join(plans),
        period_end=period_end,
        collection_paused=isinstance(shape.get("pause_collection"), dict),
        ends_at_period_end=flag(shape, "cancel_at_period_end") is True
        or usable_time(shape.get("cancel_at")) == period_end,
        ends_at=usable_time(shape.get("cancel_at")),
        quantity=_quantity(items),
        workspace=workspace_in(shape.get("metadata")),
        period_start=min(starts) if ends and starts else _start_of(shape),
        items=_ending_apart(items),
    )


def rest(shape: Mapping[str, Any]) -> str | None:
    """Where the items that are left out are listed; None where none is.

    A nested list holds the first ten and says `has_more` (docs.stripe.com/api/subscription_items/
    list): plan, quantity and period would be those of the first ten.
    """
    items, identifier = entries(shape.get("items"), "data"), object_id(shape, "id")
    if not _is_cut(shape) or identifier is None:
        return None
    query = {"subscription": identifier, "limit": 100}
    if items and (last := text(items[-1], "id")):
        query["starting_after"] = last
    return f"/v1/subscription_items?{urlencode(query)}"


def joined(shape: Mapping[str, Any], page: Mapping[str, Any]) -> dict[str, Any]:
    """The object with one more page of its items.

    Raises:
        KeyError, TypeError, ValueError: this is no page of items.
    """
    more, has_more = page["data"], page["has_more"]
    if not isinstance(more, list) or not isinstance(has_more, bool) or (has_more and not more):
        raise TypeError("a page has a list and says whether there is more")
    listed = entries(shape.get("items"), "data")
    return {**shape, "items": {"data": [*listed, *more], "has_more": has_more}}


def _is_cut(shape: Mapping[str, Any]) -> bool:
    items = section(shape, "items")
    total = items.get("total_count")
    left = isinstance(total, int) and total > len(entries(items, "data"))
    return flag(items, "has_more") is True or left


def _ending_apart(items: list[dict[str, Any]]) -> tuple[SubscriptionItem, ...]:
    """Each item with its own end; () where all end together, or one does not say when."""
    found = [
        SubscriptionItem(plan, end, _quantity([each]))
        for each in items
        if (plan := _plan(each)) and (end := usable_time(each.get("current_period_end")))
    ]
    apart = len({each.end for each in found}) > 1 and len(found) == len(items)
    return tuple(sorted(found, key=lambda each: (each.end, each.plan))) if apart else ()


def _quantity(items: list[dict[str, Any]]) -> int | None:
    """All items together; a metered one has none."""
    found = [
        number
        for each in items
        if isinstance(number := each.get("quantity"), int) and not isinstance(number, bool)
    ]
    return sum(found) if found else None


def path(subscription: str) -> str:
    """The path of one subscription; its id is foreign text and is quoted."""
    return f"/v1/subscriptions/{quote(subscription, safe='')}"


def headers(key: str, identity: Identity) -> dict[str, str]:
    """Authorisation by the account's key, on behalf of a connected account where there is one."""
    authorised = {"Authorization": f"Bearer {key}"}
    if connected := identity.connected_account:
        authorised["Stripe-Account"] = connected
    return authorised


def is_gone(status: int, shape: Mapping[str, Any]) -> bool:
    """404, or 410 where it was deleted; whatever else the body says."""
    del shape
    return status in {404, 410}


def _start_of(shape: Mapping[str, Any]) -> int | None:
    return usable_time(shape.get("current_period_start"))


def _plan(item: Mapping[str, Any]) -> str | None:
    return reference(item, "price") or reference(item, "plan")


# Invoices: docs.stripe.com/api/invoices/object and .../invoice-line-item/object.

_OF_A_CYCLE = frozenset({"subscription_create", "subscription_cycle"})
"""Why an invoice was made, where leaving it unpaid leaves its period unpaid. What a change in
the middle of a period costs may stay unpaid while the period itself was paid."""

_PAGE = 20
"""Newest first, and few are kept; an invoice with ten lines is about 20 kB of JSON."""


def invoice_told(document: Mapping[str, Any]) -> Paid | None:
    """What an invoice's event tells of payment: paid until the end of its lines, or not."""
    shape = section(document, "data", "object")
    end = _paid_for(shape)
    if text(shape, "object") != "invoice" or end is None:
        return None
    at = usable_time(document.get("created"))
    if _is_paid(shape):
        return Paid(paid=found) if (found := _invoices(shape)) else None
    if at is not None and text(shape, "billing_reason") in _OF_A_CYCLE:
        return Paid(unpaid=Mark(at, end))
    return None


def given_back(document: Mapping[str, Any]) -> GivenBack | None:
    """The invoice, payment or charge of a full refund or a lost dispute, and how much was lost."""
    shape = section(document, "data", "object")
    if text(document, "type") not in GIVEN_BACK_TYPES:
        return None
    charged = text(shape, "object") == "charge"
    found = GivenBack(
        invoice=reference(shape, "invoice"),
        payment=reference(shape, "payment_intent"),
        charge=None if charged else reference(shape, "charge"),
    )
    if found == GivenBack() or charged:
        return None if found == GivenBack() else found
    return replace(found, amount=_number(shape, "amount"), currency=text(shape, "currency"))


def invoices_path(subscription: str) -> str:
    """A subscription's paid invoices (docs.stripe.com/api/invoices/list), the newest first."""
    query = {"subscription": subscription, "status": "paid", "limit": _PAGE}
    return f"/v1/invoices?{urlencode(query)}"


def paid_in(page: Mapping[str, Any]) -> Paid:
    """The paid invoices of a page."""
    if not isinstance(page["data"], list):
        raise TypeError("a page has a list")
    paid = filter(_is_paid, entries(page, "data"))
    return Paid(paid=tuple(invoice for each in paid for invoice in _invoices(each)))


def trace(given_back: GivenBack) -> str | None:
    """From the charge to its payment, from the payment to its invoice.

    Up to 2025-02-24.acacia a charge names its invoice; later ones are found by
    docs.stripe.com/api/invoice-payment/list.
    """
    if given_back.invoice is not None:
        return f"/v1/invoices/{quote(given_back.invoice, safe='')}"
    if given_back.charge is not None:
        return f"/v1/charges/{quote(given_back.charge, safe='')}"
    if given_back.payment is not None:
        query = {
            "payment[type]": "payment_intent",
            "payment[payment_intent]": given_back.payment,
            "limit": 1,
        }
        return f"/v1/invoice_payments?{urlencode(query)}"
    return None


def traced(given_back: GivenBack, shape: Mapping[str, Any]) -> GivenBack | Refunded:
    """What the answer to `trace` tells."""
    if given_back.invoice is not None:
        identifier, end = object_id(shape, "id"), _paid_for(shape)
        concerned = subscription_of(shape)
        if identifier is None or end is None or not is_object_id(concerned or ""):
            return Refunded()
        return Refunded(concerned, Paid(back=(Invoice(end, identifier),)))
    if given_back.charge is not None:
        if _is_part(given_back, shape):
            return Refunded()
        return GivenBack(reference(shape, "invoice"), reference(shape, "payment_intent"))
    payments = entries(shape, "data")
    return GivenBack(reference(payments[0], "invoice") if payments else None)


def _is_part(lost: GivenBack, charge: Mapping[str, Any]) -> bool:
    """Whether a lost dispute leaves a part of its charge paid.

    docs.stripe.com/api/disputes/object: its amount may be of a part of the order; what was refunded
    before is added to it. Where the two cannot be compared it was all of it.
    """
    charged, refunded = _number(charge, "amount"), _number(charge, "amount_refunded") or 0
    if lost.amount is None or charged is None or lost.currency != text(charge, "currency"):
        return False
    return lost.amount + refunded < charged


def _number(shape: Mapping[str, Any], name: str) -> int | None:
    value = shape.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _is_paid(invoice: Mapping[str, Any]) -> bool:
    return text(invoice, "status") == "paid" or flag(invoice, "paid") is True


def _invoices(invoice: Mapping[str, Any]) -> tuple[Invoice, ...]:
    """An invoice once for each end of a period that it takes money for: items may end apart."""
    if (identifier := object_id(invoice, "id")) is None:
        return ()
    return tuple(Invoice(end, identifier) for end in sorted(_paid_ends(invoice)))


def _paid_for(invoice: Mapping[str, Any]) -> int | None:
    """The end of the latest period that an invoice takes money for."""
    return max(_paid_ends(invoice), default=None)


def _paid_ends(invoice: Mapping[str, Any]) -> set[int]:
    """The ends of the periods that an invoice takes money for.

    A line of a trial or of a credit takes none; an item added by hand has a period of its own
    that says nothing of the subscription's.
    """
    return {
        end
        for line in entries(invoice.get("lines"), "data")
        if _takes_money(line) and (end := usable_time(section(line, "period").get("end")))
    }


def _takes_money(line: Mapping[str, Any]) -> bool:
    amount = line.get("amount")
    by_hand = text(line, "type") == "invoiceitem" and not flag(line, "proration")
    parent = section(line, "parent")
    if text(parent, "type") == "invoice_item_details":
        by_hand = not flag(section(parent, "invoice_item_details"), "proration")
    return isinstance(amount, int) and amount > 0 and not by_hand
