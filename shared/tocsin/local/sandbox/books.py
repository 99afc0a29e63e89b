"""The Stripe account's money as short rows, for totals that are to agree with a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tocsin.local.sandbox.defaults import Json
    from tocsin.local.sandbox.stripe.account import Account

_SESSION: Final = (
    "id",
    "status",
    "payment_status",
    "amount_total",
    "currency",
    "client_reference_id",
    "subscription",
    "created",
)
_INVOICE: Final = (
    "id",
    "status",
    "amount_due",
    "amount_paid",
    "currency",
    "attempt_count",
    "created",
)


def books(account: Account) -> Json:
    """Every invoice and checkout session with its amounts, in the smallest unit of its currency."""
    invoices = account.objects["invoice"].values()
    sessions = account.objects["checkout.session"].values()
    return {
        "invoices": [
            {name: one[name] for name in _INVOICE}
            | {"subscription": one["parent"]["subscription_details"]["subscription"]}
            for one in invoices
        ],
        "checkouts": [{name: one[name] for name in _SESSION} for one in sessions],
    }
