"""Razorpay's subscription entity, and where to ask for one.

The entity documents fewer states than the events show (`paused` is missing there), and the words
do not mean what Stripe's mean: `pending` is a failed charge that is retried, `halted` is what
comes after the retries. Both can become active again.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from tocsin.billing.event import GivenBack
from tocsin.billing.projection.ledger_key import usable_time
from tocsin.billing.projection.paid import Invoice, Paid
from tocsin.billing.subscription import Status, Subscription
from tocsin.errors import UnreadableShape
from tocsin.ports.billing.projection import Refunded
from tocsin.providers.bodies.pruning import workspace_in
from tocsin.providers.foreign_json import entries, object_id, section, text
from tocsin.providers.razorpay.webhook import GIVEN_BACK_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.billing.identity import Identity

STATUS = {
    "created": Status.PENDING,
    "authenticated": Status.TRIALING,
    "active": Status.ACTIVE,
    "pending": Status.PAST_DUE,
    "halted": Status.SUSPENDED,
    "paused": Status.PAUSED,
    "cancelled": Status.CANCELLED,
    "completed": Status.COMPLETED,
    "expired": Status.EXPIRED,
}

_BAD_REQUEST = 400
_UNKNOWN_ID = "id provided does not exist"


def snapshot_in(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The entity a snapshot event carries."""
    return section(document, "payload", "subscription", "entity")


def subscription(shape: Mapping[str, Any], *, as_of: int) -> Subscription:
    """Reads one subscription entity as of that moment (epoch seconds).

    `authenticated` is a trial only while its start lies ahead; after that the first charge is
    what is waited for. Until the first charge succeeds there is no period, and none after a pause:
    what is resumed is active with `current_start` and `current_end` null
    (razorpay.com/docs/api/payments/subscriptions/resume-subscription).

    Raises:
        UnreadableShape: id, status or plan is missing.
    """
    identifier, raw_status = object_id(shape, "id"), text(shape, "status")
    plan, period_end = text(shape, "plan_id"), usable_time(shape.get("current_end"))
    if not (identifier and raw_status and plan):
        found = {"id": identifier, "status": raw_status, "plan_id": plan}
        missing = ", ".join(name for name, value in found.items() if not value)
        raise UnreadableShape(f"A Razorpay subscription lacks: {missing}.")
    status = STATUS.get(raw_status, Status.UNKNOWN)
    if status is Status.TRIALING and (usable_time(shape.get("start_at")) or 0) <= as_of:
        status = Status.PENDING
    return Subscription(
        id=identifier,
        status=status,
        raw_status=raw_status,
        plan=plan,
        period_end=period_end,
        workspace=workspace_in(shape.get("notes")),
        period_start=usable_time(shape.get("current_start")),
        quantity=number if isinstance(number := shape.get("quantity"), int) else None,
    )


def rest(shape: Mapping[str, Any]) -> str | None:
    """None: an entity is whole."""
    del shape
    return None


def joined(shape: Mapping[str, Any], page: Mapping[str, Any]) -> dict[str, Any]:
    """Never asked for, for there is no rest."""
    del page
    return dict(shape)


def path(subscription: str) -> str:
    """The path of one subscription; its id is foreign text and is quoted."""
    return f"/v1/subscriptions/{quote(subscription, safe='')}"


def headers(key: str, identity: Identity) -> dict[str, str]:
    """Basic authorisation with `<key id>:<key secret>`."""
    del identity  # a key belongs to one account and mode
    return {"Authorization": "Basic " + base64.b64encode(key.encode()).decode()}


def is_gone(status: int, shape: Mapping[str, Any]) -> bool:
    """404 or 410, or the 400 with which Razorpay answers for an id it does not know.

    It names neither a code nor a field of its own for that, so its words have to tell.
    """
    said = text(section(shape, "error"), "description") or ""
    return status in {404, 410} or (status == _BAD_REQUEST and _UNKNOWN_ID in said.casefold())


# Invoices: razorpay.com/docs/api/payments/subscriptions/fetch-invoices. `billing_end` is the end of
# the cycle that an invoice is for; one that is only for an add-on or for the mandate has none.

_PAGE = 100


def invoice_told(document: Mapping[str, Any]) -> Paid | None:
    """The paid invoice of an event, and until when it pays.

    The event of a charge tells nothing more than its subscription does: that is active, until the
    end of the cycle charged for.
    """
    return _paid(section(document, "payload", "invoice", "entity"))


def given_back(document: Mapping[str, Any]) -> GivenBack | None:
    """The invoice of a payment that was refunded in full, or lost in a dispute about all of it.

    A dispute has an amount of its own (razorpay.com/docs/webhooks/payloads/disputes); what was
    refunded before is added to it. Where nothing can be compared it was all of it.
    """
    payment = section(document, "payload", "payment", "entity")
    dispute = section(document, "payload", "dispute", "entity")
    lost = text(document, "event") == "payment.dispute.lost" and not _is_part(dispute, payment)
    if text(document, "event") not in GIVEN_BACK_TYPES:
        return None
    invoice = object_id(payment, "invoice_id")
    full = lost or text(payment, "refund_status") == "full"
    return GivenBack(invoice) if full and invoice else None


def _is_part(dispute: Mapping[str, Any], payment: Mapping[str, Any]) -> bool:
    disputed, paid = dispute.get("amount"), payment.get("amount")
    refunded = payment.get("amount_refunded") or 0
    if not (isinstance(disputed, int) and isinstance(paid, int) and isinstance(refunded, int)):
        return False
    same = text(dispute, "currency") == text(payment, "currency")
    return same and disputed + refunded < paid


def invoices_path(subscription: str) -> str:
    """A subscription's invoices, the newest first."""
    return f"/v1/invoices?{urlencode({'subscription_id': subscription, 'count': _PAGE})}"


def paid_in(page: Mapping[str, Any]) -> Paid:
    """The paid invoices of a page.

    Raises:
        ValueError: some are paid, and of none it is said until when.
    """
    if not isinstance(page["items"], list):
        raise TypeError("a page has a list")
    paid = [each for each in entries(page, "items") if text(each, "status") == "paid"]
    told = Paid()
    for each in paid:
        told = told.with_(_paid(each) or Paid())
    if paid and not told.paid:
        raise ValueError("paid invoices, but no end of a cycle")
    return told


def trace(given_back: GivenBack) -> str | None:
    """The invoice itself: a payment names it."""
    return given_back.invoice and f"/v1/invoices/{quote(given_back.invoice, safe='')}"


def traced(given_back: GivenBack, shape: Mapping[str, Any]) -> GivenBack | Refunded:
    """What the invoice tells."""
    concerned, end = object_id(shape, "subscription_id"), usable_time(shape.get("billing_end"))
    if concerned is None or end is None or given_back.invoice is None:
        return Refunded()
    return Refunded(concerned, Paid(back=(Invoice(end, given_back.invoice),)))


def _paid(invoice: Mapping[str, Any]) -> Paid | None:
    identifier, end = object_id(invoice, "id"), usable_time(invoice.get("billing_end"))
    if text(invoice, "status") != "paid" or identifier is None or end is None:
        return None
    return Paid(paid=(Invoice(end, identifier),))
