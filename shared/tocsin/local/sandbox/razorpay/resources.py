"""Plans, customers, payments, refunds, links and downtimes: the plain part of Razorpay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tocsin.local.sandbox.razorpay import entities
from tocsin.local.sandbox.razorpay.errors import bad_request
from tocsin.local.sandbox.razorpay.params import notes, only, text, whole

if TYPE_CHECKING:
    from tocsin.local.sandbox.defaults import Json
    from tocsin.local.sandbox.razorpay.merchant import Merchant

CURRENCIES: Final = frozenset({"INR", "USD", "EUR", "GBP", "SGD"})
_CUSTOMER: Final = frozenset({"name", "email", "contact", "notes", "fail_existing", "gstin"})
_LINK: Final = frozenset(
    {
        "amount",
        "callback_method",
        "callback_url",
        "currency",
        "customer",
        "description",
        "expire_by",
        "notes",
        "notify",
        "reference_id",
        "reminder_enable",
    }
)
_SHORTEST_DAILY: Final = 7


def create_plan(merchant: Merchant, given: Json, *, now: int) -> Json:
    """A plan; Razorpay wants at least seven days of a daily one."""
    only(given, frozenset({"period", "interval", "item", "notes"}))
    period = text(given, "period", required=True)
    interval = whole(given, "interval", required=True, least=1) or 1
    if period not in entities.PERIOD_SECONDS:
        raise bad_request("Not a valid period", field="period")
    if period == "daily" and interval < _SHORTEST_DAILY:
        raise bad_request("For daily plans, the interval must be at least 7", field="interval")
    item = given.get("item")
    if not isinstance(item, dict):
        raise bad_request("The item field is required.", field="item")
    text(item, "name", required=True)
    amount = whole(item, "amount", required=True, least=1)
    wanted = {
        "interval": interval,
        "period": period,
        "item": {**item, "amount": amount, "currency": _currency(item)},
        "notes": notes(given),
    }
    identifier, item_id = merchant.new_id("plan"), merchant.new_id("item")
    return merchant.keep(entities.plan(identifier, item_id=item_id, given=wanted, now=now), now=now)


def create_customer(merchant: Merchant, given: Json, *, now: int) -> Json:
    """A customer; the same email twice is refused unless `fail_existing` is 0."""
    only(given, _CUSTOMER)
    email = text(given, "email")
    known = [one for one in merchant.objects["customer"].values() if one["email"] == email]
    if email and known:
        if str(given.get("fail_existing", "1")) == "0":
            return known[0]
        raise bad_request("Customer already exists for the merchant")
    wanted = {**given, "notes": notes(given)}
    made = entities.customer(merchant.new_id("cust"), given=wanted, now=now)
    return merchant.keep(made, now=now)


def create_refund(merchant: Merchant, identifier: str, given: Json, *, now: int) -> Json:
    """Gives back all or a part of a captured payment."""
    only(given, frozenset({"amount", "notes", "receipt", "speed"}))
    payment = merchant.get("payment", identifier)
    left = payment["amount"] - payment["amount_refunded"]
    if payment["status"] not in {"captured", "refunded"} or left == 0:
        raise bad_request("The payment has been fully refunded already or was not captured")
    amount = whole(given, "amount", least=1) or left
    if amount > left:
        raise bad_request("The total refund amount is greater than the refund payment amount")
    made = entities.refund(
        merchant.new_id("rfnd"), of=payment, amount=amount, notes=notes(given), now=now
    )
    payment["amount_refunded"] += amount
    whole_sum = payment["amount_refunded"] == payment["amount"]
    payment["refund_status"] = "full" if whole_sum else "partial"
    payment["status"] = "refunded" if whole_sum else payment["status"]
    for kind in ("refund.created", "refund.processed"):
        merchant.emit(kind, {"refund": made, "payment": payment}, now=now)
    return made


def create_link(merchant: Merchant, given: Json, *, now: int) -> Json:
    """A payment link; its `short_url` is where it is paid."""
    only(given, _LINK)
    amount = whole(given, "amount", required=True, least=1)
    wanted = {**given, "amount": amount, "currency": _currency(given), "notes": notes(given)}
    made = entities.payment_link(merchant.new_id("plink"), given=wanted, now=now)
    return merchant.keep(made, now=now)


def cancel_link(merchant: Merchant, identifier: str, given: Json, *, now: int) -> Json:
    """A link that can no longer be paid."""
    only(given, frozenset())
    link = merchant.get("payment_link", identifier)
    if link["status"] != "created":
        raise bad_request(f"Payment link cannot be cancelled as it is {link['status']}")
    link |= {"status": "cancelled", "cancelled_at": now, "updated_at": now}
    merchant.emit("payment_link.cancelled", {"payment_link": link}, now=now)
    return link


def begin_downtime(
    merchant: Merchant, *, method: str, severity: str, instrument: Json, now: int
) -> Json:
    """Razorpay notices that a payment method does not work."""
    if severity not in {"low", "medium", "high"}:
        raise ValueError("severity is low, medium or high")
    identifier = merchant.new_id("down")
    made = entities.downtime(
        identifier, method=method, severity=severity, instrument=instrument, now=now
    )
    merchant.emit("payment.downtime.started", {"payment.downtime": made}, now=now)
    return made


def change_downtime(
    merchant: Merchant, identifier: str, *, now: int, severity: str | None = None
) -> Json:
    """Another severity, or the end of it."""
    found = merchant.get("payment.downtime", identifier)
    found["updated_at"] = now
    if severity is not None:
        found["severity"], kind = severity, "updated"
    else:
        found["status"], found["end"], kind = "resolved", now, "resolved"
    merchant.emit(f"payment.downtime.{kind}", {"payment.downtime": found}, now=now)
    return found


def _currency(given: Any) -> str:
    currency = given.get("currency", "INR")
    if currency not in CURRENCIES:
        raise bad_request("Currency is not supported", field="currency")
    return str(currency)
