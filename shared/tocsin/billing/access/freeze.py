"""Which changes of billing may still be made while an incident freezes the rest.

The runbook freezes "non-essential billing changes". Essential is what a customer has a right to,
whoever is down: to buy, to pay what is owed, to leave, and to get money back. Everything else can
wait, and done in an outage it is what later has to be reconciled by hand. Which changes are
essential is said by the policy that the incident was opened under.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tocsin.billing.errors import BillingFrozen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


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


SHIPPED = (
    BillingChange.CHECKOUT,
    BillingChange.INVOICE_PAYMENT,
    BillingChange.CUSTOMER_CANCELLATION,
    BillingChange.REFUND,
)
"""Essential under a policy that was compiled before it could say so."""


@dataclass(frozen=True, slots=True)
class Holding:
    """An incident that freezes billing, and the version of the policy it goes by."""

    incident: str
    policy: str


def permit(
    change: BillingChange,
    holding: Sequence[Holding],
    *,
    essential: Callable[[str], frozenset[BillingChange]],
) -> None:
    """Returns if the change may be made while these incidents freeze billing.

    `essential` gives the essential changes of a policy version. Each incident goes by its own, and
    one that forbids is enough.

    Raises:
        BillingFrozen: it may not; tells which incident, and no more of it.
    """
    for each in holding:
        if change not in essential(each.policy):
            raise BillingFrozen(
                "Billing is frozen by an incident; this change has to wait until it is contained.",
                change=change.value,
                incident=each.incident,
            )
