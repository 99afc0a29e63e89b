"""Charges: what makes a Razorpay subscription active, pending, halted, active again, completed.

A charge works or fails as `_works` of the subscription says, which a control sets. Every change
emits the events of Razorpay's table, several of them in one second.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from tocsin.local.sandbox import falling_due
from tocsin.local.sandbox.razorpay import entities
from tocsin.local.sandbox.razorpay.errors import bad_request
from tocsin.local.sandbox.razorpay.subscriptions import OVER, end

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tocsin.local.sandbox.defaults import Json
    from tocsin.local.sandbox.falling_due import Due
    from tocsin.local.sandbox.razorpay.merchant import Merchant

DAY: Final = 86_400


def authenticate(merchant: Merchant, identifier: str, *, now: int) -> Json:
    """What a customer does at `short_url`; with no later start the first charge follows at once.

    Raises:
        RazorpayRefusal: the page is gone: cancelled, expired or used before.
    """
    subscription = merchant.get("subscription", identifier)
    if subscription["status"] != "created":
        raise bad_request(f"This subscription is {subscription['status']}.")
    if subscription["customer_id"] is None:
        made = entities.customer(merchant.new_id("cust"), given={}, now=now)
        subscription["customer_id"] = merchant.keep(made, now=now)["id"]
    subscription["payment_method"] = "card"
    merchant.status(subscription, "authenticated", now=now)
    merchant.emit("subscription.authenticated", {"subscription": subscription}, now=now)
    if subscription["start_at"] is None:
        subscription["start_at"] = subscription["charge_at"] = now
        subscription["end_at"] = now + subscription["total_count"] * subscription["_period"]
        charge(merchant, subscription, now=now)
    return subscription


def charge(merchant: Merchant, subscription: Json, *, now: int) -> bool:
    """One attempt to charge the next cycle, or the one that is open; whether it worked."""
    if subscription["status"] not in {"authenticated", "active", "pending", "halted"}:
        raise bad_request(f"A subscription that is {subscription['status']} is not charged.")
    works = bool(subscription["_works"])
    invoice = _open_invoice(merchant, subscription, now=now)
    payment = entities.payment(
        merchant.new_id("pay"),
        amount=invoice["amount"],
        currency=invoice["currency"],
        works=works,
        now=now,
        customer_id=subscription["customer_id"],
        invoice_id=invoice["id"],
        order_id=invoice["order_id"],
    )
    merchant.keep(payment, now=now)
    if works:
        _succeed(merchant, subscription, invoice, payment, now=now)
    else:
        _fail(merchant, subscription, payment, now=now)
    return works


def pay_link(merchant: Merchant, identifier: str, *, now: int) -> Json:
    """What a customer does on the page of a payment link."""
    link = merchant.get("payment_link", identifier)
    if link["status"] != "created":
        raise bad_request(f"This payment link is {link['status']}.")
    payment = entities.payment(
        merchant.new_id("pay"),
        amount=link["amount"],
        currency=link["currency"],
        works=True,
        now=now,
    )
    _capture(merchant, payment, now=now)
    link |= {"amount_paid": link["amount"], "status": "paid", "updated_at": now}
    subjects = {"payment_link": link, "payment": payment}
    merchant.emit("payment_link.paid", subjects, now=now)
    return link


def pass_until(merchant: Merchant, until: int) -> int:
    """Everything due at or before second `until`, in its order; how many things happened."""
    alive = [one for one in merchant.objects["subscription"].values() if one["status"] not in OVER]

    def due_of(subscription: Json) -> Iterator[Due]:
        for at, act in _due_of(subscription):
            yield at, partial(act, merchant)

    return falling_due.pass_until(alive, due_of, until)


def _due_of(subscription: Json) -> Iterator[tuple[int, Callable[[Merchant, Json, int], object]]]:
    status = subscription["status"]
    if status == "created" and subscription["expire_by"]:
        yield subscription["expire_by"], _expire
    elif status == "authenticated":
        yield subscription["start_at"], _charge
    elif status == "pending":
        yield subscription["charge_at"], _charge
    elif status == "active":
        yield subscription["current_end"], _renew


def _expire(merchant: Merchant, subscription: Json, now: int) -> None:
    end(merchant, subscription, "expired", now=now)


def _charge(merchant: Merchant, subscription: Json, now: int) -> None:
    charge(merchant, subscription, now=now)


def _renew(merchant: Merchant, subscription: Json, now: int) -> None:
    if subscription["_cancel_at_end"]:
        end(merchant, subscription, "cancelled", now=now)
    elif subscription["remaining_count"] == 0:
        end(merchant, subscription, "completed", now=now)
    else:
        charge(merchant, subscription, now=now)


def _open_invoice(merchant: Merchant, subscription: Json, *, now: int) -> Json:
    """The unpaid invoice of the cycle being charged, made when there is none."""
    known = subscription.get("_open_invoice")
    if known:
        return merchant.get("invoice", known)
    item = merchant.get("plan", subscription["plan_id"])["item"]
    invoice = entities.invoice(
        merchant.new_id("inv"),
        of=subscription,
        amount=item["amount"] * subscription["quantity"],
        currency=item["currency"],
        now=now,
    )
    subscription["_open_invoice"] = invoice["id"]
    return merchant.keep(invoice, now=now)


def _capture(merchant: Merchant, payment: Json, *, now: int) -> None:
    merchant.emit("payment.authorized", {"payment": payment}, now=now)
    payment["status"], payment["captured"] = "captured", True
    payment["fee"] = payment["amount"] // 50
    payment["tax"] = payment["fee"] * 18 // 118
    merchant.emit("payment.captured", {"payment": payment}, now=now)


def _succeed(
    merchant: Merchant, subscription: Json, invoice: Json, payment: Json, *, now: int
) -> None:
    _capture(merchant, payment, now=now)
    start = now if subscription["current_end"] is None else subscription["current_end"]
    subscription |= {
        "current_start": start,
        "current_end": start + subscription["_period"],
        "charge_at": start + subscription["_period"],
        "paid_count": subscription["paid_count"] + 1,
        "remaining_count": subscription["remaining_count"] - 1,
        "auth_attempts": 0,
        "_open_invoice": None,
        "_last_payment": payment["id"],
    }
    invoice |= {
        "status": "paid",
        "paid_at": now,
        "payment_id": payment["id"],
        "amount_paid": invoice["amount"],
        "amount_due": 0,
        "billing_start": subscription["current_start"],
        "billing_end": subscription["current_end"],
    }
    merchant.emit("invoice.paid", {"payment": payment, "invoice": invoice}, now=now)
    both = {"subscription": subscription, "payment": payment}
    if subscription["status"] != "active":
        merchant.status(subscription, "active", now=now)
        merchant.emit("subscription.activated", {"subscription": subscription}, now=now)
    merchant.emit("subscription.charged", both, now=now)


def _fail(merchant: Merchant, subscription: Json, payment: Json, *, now: int) -> None:
    merchant.emit("payment.failed", {"payment": payment}, now=now)
    subscription["auth_attempts"] += 1
    subscription["charge_at"] = now + DAY
    status = subscription["status"]
    if status == "pending" and subscription["auth_attempts"] >= merchant.failures_until_halted:
        subscription["charge_at"] = None
        merchant.status(subscription, "halted", now=now)
        merchant.emit("subscription.halted", {"subscription": subscription}, now=now)
    elif status in {"active", "authenticated"}:
        merchant.status(subscription, "pending", now=now)
        merchant.emit("subscription.pending", {"subscription": subscription}, now=now)
    else:
        merchant.keep(subscription, now=now)
