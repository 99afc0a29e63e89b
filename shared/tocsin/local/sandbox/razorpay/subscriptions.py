"""What a caller can do to a Razorpay subscription: create, edit, cancel, pause, resume.

Razorpay knows no idempotency key here: a create that is repeated makes a second subscription.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.local.sandbox.razorpay import entities
from tocsin.local.sandbox.razorpay.errors import bad_request
from tocsin.local.sandbox.razorpay.params import flag, notes, only, text, whole

if TYPE_CHECKING:
    from tocsin.local.sandbox.defaults import Json
    from tocsin.local.sandbox.razorpay.merchant import Merchant

OVER: Final = frozenset({"cancelled", "completed", "expired"})
_CREATE: Final = frozenset(
    {
        "customer_id",
        "customer_notify",
        "expire_by",
        "notes",
        "notify_info",
        "plan_id",
        "quantity",
        "start_at",
        "total_count",
    }
)


def create(merchant: Merchant, given: Json, *, now: int) -> Json:
    """A subscription in `created`, with the page at `short_url` where it is authenticated."""
    only(given, _CREATE)
    plan = merchant.get("plan", text(given, "plan_id", required=True) or "")
    total = whole(given, "total_count", required=True, least=1)
    if (customer := text(given, "customer_id")) is not None:
        merchant.get("customer", customer)
    for name in ("start_at", "expire_by"):
        at = whole(given, name)
        if at is not None and at <= now:
            raise bad_request(f"{name} cannot be lesser than the current time.", field=name)
    wanted = {
        **given,
        "notes": notes(given),
        "quantity": whole(given, "quantity", least=1) or 1,
        "total_count": total,
    }
    period = entities.PERIOD_SECONDS[plan["period"]] * plan["interval"]
    identifier = merchant.new_id("sub")
    made = entities.subscription(identifier, given=wanted, period=period, now=now)
    return merchant.keep(made, now=now)


def edit(merchant: Merchant, identifier: str, given: Json, *, now: int) -> Json:
    """Another plan or quantity from now on."""
    only(given, frozenset({"plan_id", "quantity", "schedule_change_at", "customer_notify"}))
    subscription = merchant.get("subscription", identifier)
    if subscription["status"] not in {"authenticated", "active"}:
        raise bad_request(f"Can't update subscription when it is {subscription['status']}.")
    if given.get("schedule_change_at", "now") != "now":
        raise bad_request("This sandbox makes changes now only.", field="schedule_change_at")
    if (plan := text(given, "plan_id")) is not None:
        of = merchant.get("plan", plan)
        subscription["plan_id"] = plan
        subscription["_period"] = entities.PERIOD_SECONDS[of["period"]] * of["interval"]
    if (quantity := whole(given, "quantity", least=1)) is not None:
        subscription["quantity"] = quantity
    merchant.emit("subscription.updated", {"subscription": subscription}, now=now)
    return subscription


def cancel(merchant: Merchant, identifier: str, given: Json, *, now: int) -> Json:
    """Ends it now, or with `cancel_at_cycle_end` when the present cycle does."""
    only(given, frozenset({"cancel_at_cycle_end"}))
    subscription = merchant.get("subscription", identifier)
    if subscription["status"] in OVER:
        raise bad_request(f"Subscription is not cancellable in {subscription['status']} status.")
    if flag(given, "cancel_at_cycle_end"):
        if subscription["current_end"] is None:
            raise bad_request("Subscription cannot be cancelled since no billing cycle is going on")
        subscription["_cancel_at_end"] = True
        return merchant.keep(subscription, now=now)
    end(merchant, subscription, "cancelled", now=now)
    return subscription


def pause(merchant: Merchant, identifier: str, given: Json, *, now: int) -> Json:
    """Stops charging; a subscription that is only authenticated is cancelled by it."""
    only(given, frozenset({"pause_at"}))
    subscription = merchant.get("subscription", identifier)
    if given.get("pause_at", "now") != "now":
        raise bad_request("The pause at must be now.", field="pause_at")
    if subscription["status"] == "authenticated":
        end(merchant, subscription, "cancelled", now=now)
        return subscription
    if subscription["status"] != "active":
        raise bad_request("Subscription is not in active state, it can't be paused.")
    merchant.status(subscription, "paused", now=now)
    subscription["_paused_at"] = now
    merchant.emit("subscription.paused", {"subscription": subscription}, now=now)
    return subscription


def resume(merchant: Merchant, identifier: str, given: Json, *, now: int) -> Json:
    """Goes on as before the pause; the status is `active` again, never `resumed`."""
    only(given, frozenset({"resume_at"}))
    subscription = merchant.get("subscription", identifier)
    if given.get("resume_at", "now") != "now":
        raise bad_request("The resume at must be now.", field="resume_at")
    if subscription["status"] != "paused":
        raise bad_request("Subscription is not in paused state, it can't be resumed.")
    merchant.status(subscription, "active", now=now)
    merchant.emit("subscription.resumed", {"subscription": subscription}, now=now)
    return subscription


def end(merchant: Merchant, subscription: Json, status: str, *, now: int) -> None:
    """It is over; there is an event for it, except for `expired`."""
    merchant.status(subscription, status, now=now)
    subscription["ended_at"], subscription["charge_at"] = now, None
    if status == "expired":
        merchant.keep(subscription, now=now)
        return
    subjects = {"subscription": subscription}
    if status == "completed" and subscription.get("_last_payment"):
        subjects["payment"] = merchant.get("payment", subscription["_last_payment"])
    merchant.emit(f"subscription.{status}", subjects, now=now)
