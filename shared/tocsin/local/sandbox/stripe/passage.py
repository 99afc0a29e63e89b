"""What happens to subscriptions as provider time goes by: renewals, retries, trials, expiries.

Works like the provider's own test clocks: everything due up to the new time happens in the order
in which it was due, and each event is stamped with the second it was due at.
"""

from __future__ import annotations

import copy
from functools import partial
from typing import TYPE_CHECKING, Final

from tocsin.local.sandbox import falling_due
from tocsin.local.sandbox.stripe import checkout, invoicing
from tocsin.local.sandbox.stripe.subscriptions import (
    OVER,
    WILL_END_NOTICE,
    collect,
    notify_trial_end,
)
from tocsin.local.sandbox.stripe.terms import period_end, set_period

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tocsin.local.sandbox.defaults import Json
    from tocsin.local.sandbox.falling_due import Due
    from tocsin.local.sandbox.stripe.account import Account

INCOMPLETE_FOR: Final = 23 * 3_600
"""How long a first payment may stay open before the subscription expires."""

type _Act = Callable[[Account, Json, int], None]

_RENEWING: Final = frozenset({"active", "past_due", "unpaid"})


def pass_until(account: Account, until: int) -> int:
    """Everything due at or before second `until`; how many things happened."""
    subjects = [
        *(one for one in account.objects["subscription"].values() if one["status"] not in OVER),
        *(one for one in account.objects["checkout.session"].values() if one["status"] == "open"),
    ]

    def due_of(subject: Json) -> Iterator[Due]:
        due = checkout.due_of if subject["object"] == "checkout.session" else _due_of
        for at, act in due(account, subject):
            yield at, partial(_with, account, act)

    return falling_due.pass_until(subjects, due_of, until)


def _with(account: Account, act: Callable[[Account, Json, int], None], one: Json, at: int) -> None:
    act(account, one, at)


def _due_of(account: Account, subscription: Json) -> Iterator[tuple[int, _Act]]:
    status = subscription["status"]
    if status in OVER:
        return
    if status == "incomplete":
        yield (subscription["created"] + INCOMPLETE_FOR, _expire)
    if status == "trialing":
        if subscription.get("_notified") != subscription["trial_end"]:
            notice = max(subscription["trial_end"] - WILL_END_NOTICE, subscription["trial_start"])
            yield (notice, _notify)
        yield (subscription["trial_end"], _end_trial)
    if subscription["cancel_at"] is not None:
        yield (subscription["cancel_at"], _cancel_at)
    elif status in _RENEWING:
        yield (period_end(subscription), _renew)
    if status == "past_due":
        invoice = account.get("invoice", subscription["latest_invoice"])
        if invoice["next_payment_attempt"] is not None:
            yield (invoice["next_payment_attempt"], _retry)


def _expire(account: Account, subscription: Json, now: int) -> None:
    before = copy.deepcopy(subscription)
    subscription["status"], subscription["ended_at"] = "incomplete_expired", now
    invoice = account.get("invoice", subscription["latest_invoice"])
    if invoice["status"] == "open":
        invoicing.void(account, invoice, now=now)
    account.emit("customer.subscription.updated", subscription, now=now, before=before)


def _notify(account: Account, subscription: Json, now: int) -> None:
    notify_trial_end(account, subscription, now=now)


def _end_trial(account: Account, subscription: Json, now: int) -> None:
    behaviour = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
    if invoicing.card_of(account, subscription) is None and behaviour != "create_invoice":
        if behaviour == "cancel":
            invoicing.end(account, subscription, reason="payment_failed", now=now)
            return
        before = copy.deepcopy(subscription)
        subscription["status"] = "paused"
        account.emit("customer.subscription.updated", subscription, now=now, before=before)
        account.emit("customer.subscription.paused", subscription, now=now)
        return
    _next_period(account, subscription, now)


def _renew(account: Account, subscription: Json, now: int) -> None:
    _next_period(account, subscription, now)


def _next_period(account: Account, subscription: Json, now: int) -> None:
    before = copy.deepcopy(subscription)
    if subscription["status"] == "trialing":
        subscription["status"] = "active"
    set_period(subscription, start=now)
    account.emit("customer.subscription.updated", subscription, now=now, before=before)
    if subscription["status"] == "unpaid":
        return  # the provider goes on making drafts that nobody is asked to pay
    invoice = invoicing.bill(account, subscription, reason="subscription_cycle", now=now)
    collect(account, subscription, invoice, now=now)


def _cancel_at(account: Account, subscription: Json, now: int) -> None:
    invoicing.end(account, subscription, reason="cancellation_requested", now=now)


def _retry(account: Account, subscription: Json, now: int) -> None:
    invoice = account.get("invoice", subscription["latest_invoice"])
    invoicing.pay(account, invoice, card=invoicing.card_of(account, subscription), now=now)
