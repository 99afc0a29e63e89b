"""Invoices and their payment: what makes a subscription active, past due, unpaid or cancelled.

A payment works or fails by the test card on the subscription or its customer, as in the provider's
own test mode. Every change emits the events the provider emits, in the provider's usual order.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Final

from tocsin.local.sandbox.stripe import objects
from tocsin.local.sandbox.stripe.errors import declined, invalid

if TYPE_CHECKING:
    from tocsin.local.sandbox.defaults import Json
    from tocsin.local.sandbox.stripe.account import Account

RETRY_AFTER_SECONDS: Final = (3 * 86_400, 5 * 86_400, 7 * 86_400)
"""Waits between automatic payment attempts of one invoice; after the last, `after_retries`."""


def card_of(account: Account, subscription: Json) -> str | None:
    """The card that would be charged: the subscription's own, else its customer's."""
    customer = account.get("customer", subscription["customer"])
    card: str | None = subscription["default_payment_method"]
    return card or customer["invoice_settings"]["default_payment_method"]


def bill(
    account: Account, subscription: Json, *, reason: str, now: int, free: bool = False
) -> Json:
    """Makes and finalises the invoice of the subscription's present period; not yet paid."""
    identifier = account.new_id("in")
    lines = []
    for item in subscription["items"]["data"]:
        amount = 0 if free else item["price"]["unit_amount"] * item["quantity"]
        line = account.new_id("il")
        lines.append(objects.invoice_line(line, invoice=identifier, of_item=item, amount=amount))
    invoice = _draft(identifier, subscription, lines, reason=reason, now=now)
    account.add(invoice)
    subscription["latest_invoice"] = identifier
    account.emit("invoice.created", invoice, now=now)
    before = copy.deepcopy(invoice)
    customer = account.get("customer", subscription["customer"])
    invoice["number"] = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04d}"
    customer["next_invoice_sequence"] += 1
    invoice["status"], invoice["status_transitions"]["finalized_at"] = "open", now
    invoice["effective_at"] = now
    if invoice["amount_due"]:
        intent = objects.payment_intent(account.new_id("pi"), invoice=invoice, now=now)
        account.add(intent)
        invoice["_payment_intent"] = intent["id"]
        account.emit("payment_intent.created", intent, now=now)
    account.emit("invoice.finalized", invoice, now=now, before=before)
    return invoice


def pay(account: Account, invoice: Json, *, card: str | None, now: int) -> bool:
    """Attempts the payment and applies its outcome to the subscription; whether it worked."""
    if invoice["status"] == "paid":
        raise invalid("Invoice is already paid", code="invoice_already_paid")
    if invoice["status"] != "open":
        raise invalid("This invoice can no longer be paid", code="invoice_not_editable")
    works = not invoice["amount_due"] or card in objects.GOOD_CARDS
    invoice["attempted"] = True
    invoice["attempt_count"] += 1 if invoice["amount_due"] else 0
    _settle_intent(account, invoice, card=card, works=works, now=now)
    if works:
        _mark_paid(account, invoice, now=now)
    else:
        _mark_failed(account, invoice, now=now)
    return works


def void(account: Account, invoice: Json, *, now: int) -> None:
    """The invoice will never be asked for again."""
    before = copy.deepcopy(invoice)
    invoice["status"], invoice["auto_advance"] = "void", False
    invoice["next_payment_attempt"] = None
    invoice["status_transitions"]["voided_at"] = now
    account.emit("invoice.voided", invoice, now=now, before=before)


def _draft(
    identifier: str, subscription: Json, lines: list[Json], *, reason: str, now: int
) -> Json:
    total = sum(line["amount"] for line in lines)
    period = lines[0]["period"]
    url = f"/v1/invoices/{identifier}/lines"
    return {
        "id": identifier,
        "object": "invoice",
        "amount_due": total,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_remaining": total,
        "amount_shipping": 0,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": True,
        "automatic_tax": {"enabled": False, "liability": None, "status": None},
        "billing_reason": reason,
        "collection_method": "charge_automatically",
        "created": now,
        "currency": subscription["currency"],
        "customer": subscription["customer"],
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "due_date": None,
        "effective_at": None,
        "ending_balance": None,
        "issuer": {"type": "self"},
        "lines": {"object": "list", "data": lines, "has_more": False, "url": url},
        "livemode": False,
        "metadata": {},
        "next_payment_attempt": None,
        "number": None,
        "parent": {
            "quote_details": None,
            "subscription_details": {
                "metadata": subscription["metadata"],
                "subscription": subscription["id"],
            },
            "type": "subscription_details",
        },
        "period_end": period["end"],
        "period_start": period["start"],
        "starting_balance": 0,
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "subtotal": total,
        "total": total,
        "_payment_intent": None,
    }


def _settle_intent(
    account: Account, invoice: Json, *, card: str | None, works: bool, now: int
) -> None:
    if invoice["_payment_intent"] is None:
        return
    intent = account.get("payment_intent", invoice["_payment_intent"])
    before = copy.deepcopy(intent)
    intent["payment_method"] = card if works else None
    intent["status"] = "succeeded" if works else "requires_payment_method"
    intent["amount_received"] = intent["amount"] if works else 0
    intent["last_payment_error"] = None if works else declined().body["error"]
    kind = "payment_intent.succeeded" if works else "payment_intent.payment_failed"
    account.emit(kind, intent, now=now, before=before)


def _mark_paid(account: Account, invoice: Json, *, now: int) -> None:
    before = copy.deepcopy(invoice)
    invoice["status"], invoice["status_transitions"]["paid_at"] = "paid", now
    invoice["amount_paid"], invoice["amount_remaining"] = invoice["amount_due"], 0
    invoice["auto_advance"], invoice["next_payment_attempt"] = False, None
    account.emit("invoice.paid", invoice, now=now, before=before)
    account.emit("invoice.payment_succeeded", invoice, now=now, before=before)
    subscription = _latest_of(account, invoice)
    if subscription and subscription["status"] in {"incomplete", "past_due", "unpaid"}:
        change_status(account, subscription, "active", now=now)


def _mark_failed(account: Account, invoice: Json, *, now: int) -> None:
    before = copy.deepcopy(invoice)
    attempts = invoice["attempt_count"]
    first = invoice["billing_reason"] == "subscription_create"
    exhausted = not first and attempts > len(RETRY_AFTER_SECONDS)
    waits = not first and not exhausted
    invoice["next_payment_attempt"] = now + RETRY_AFTER_SECONDS[attempts - 1] if waits else None
    account.emit("invoice.payment_failed", invoice, now=now, before=before)
    subscription = _latest_of(account, invoice)
    if subscription is None or first:
        return
    if exhausted:
        _give_up(account, subscription, now=now)
    elif subscription["status"] == "active":
        change_status(account, subscription, "past_due", now=now)


def _give_up(account: Account, subscription: Json, *, now: int) -> None:
    if account.after_retries == "cancel":
        end(account, subscription, reason="payment_failed", now=now)
    elif account.after_retries == "unpaid":
        change_status(account, subscription, "unpaid", now=now)


def _latest_of(account: Account, invoice: Json) -> Json | None:
    """The invoice's subscription, if it is its latest invoice: older ones change no status."""
    identifier = invoice["parent"]["subscription_details"]["subscription"]
    subscription = account.get("subscription", identifier)
    return subscription if subscription["latest_invoice"] == invoice["id"] else None


def change_status(account: Account, subscription: Json, status: str, *, now: int) -> None:
    """Another status, and the event that says so."""
    before = copy.deepcopy(subscription)
    subscription["status"] = status
    account.emit("customer.subscription.updated", subscription, now=now, before=before)


def end(
    account: Account, subscription: Json, *, reason: str, now: int, status: str = "canceled"
) -> None:
    """The subscription is over; nothing the provider does later brings it back."""
    subscription["status"], subscription["ended_at"] = status, now
    subscription["canceled_at"] = subscription["canceled_at"] or now
    subscription["cancellation_details"]["reason"] = reason
    subscription["pause_collection"] = None
    if subscription["latest_invoice"]:
        invoice = account.get("invoice", subscription["latest_invoice"])
        if invoice["status"] == "open":
            void(account, invoice, now=now)
    account.emit("customer.subscription.deleted", subscription, now=now)
