"""Which changes of billing may still be made while an incident freezes the rest.

The runbook freezes "non-essential billing changes". Essential is what a customer has a right to,
whoever is down: to buy, to pay what is owed, to leave, and to get money back. Everything else can
wait, and done in an outage it is what later has to be reconciled by hand.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from tocsin.billing.refusals import BillingFrozen

if TYPE_CHECKING:
    from collections.abc import Sequence


class BillingChange(StrEnum):
    """What can be changed in billing; part of the API, so never renamed."""

    CHECKOUT = "checkout"
    INVOICE_PAYMENT = "invoice_payment"
    CUSTOMER_CANCELLATION = "customer_cancellation"
    REFUND = "refund"
    PLAN_CHANGE = "plan_change"
    QUANTITY_CHANGE = "quantity_change"
    PAUSE = "pause"
    RESUME = "resume"
    DISCOUNT = "discount"
    PRICE_CHANGE = "price_change"
    ROUTING_CHANGE = "routing_change"
    BULK_EDIT = "bulk_edit"
    CORRECTION = "correction"


ESSENTIAL = frozenset(
    {
        BillingChange.CHECKOUT,
        BillingChange.INVOICE_PAYMENT,
        BillingChange.CUSTOMER_CANCELLATION,
        BillingChange.REFUND,
    }
)
"""The policy as shipped."""


def permit(
    change: BillingChange,
    incidents: Sequence[str],
    *,
    essential: frozenset[BillingChange] = ESSENTIAL,
) -> None:
    """Returns if the change may be made while these incidents freeze billing.

    Raises:
        BillingFrozen: it may not; tells which incident, and no more of it.
    """
    if incidents and change not in essential:
        raise BillingFrozen(
            "Billing is frozen by an incident; this change has to wait until it is contained.",
            change=change.value,
            incident=incidents[0],
        )
