"""What both providers sell from the first moment on, and again after a reset.

Their ids are fixed, unlike all others, so that a stage's checkout policy can name them before
anything runs. Nobody made them: there are no events of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.local.sandbox.razorpay import entities
from tocsin.local.sandbox.stripe import objects

if TYPE_CHECKING:
    from tocsin.local.sandbox.razorpay.merchant import Merchant
    from tocsin.local.sandbox.stripe.account import Account

PLAN: Final = "pro"
INR_AMOUNT: Final = 49_900
USD_AMOUNT: Final = 1_900
"""A month's charge in the smallest unit; in USD only Stripe sells it."""

STRIPE_INR: Final = "price_proINRmonthlylocal0000"
STRIPE_USD: Final = "price_proUSDmonthlylocal0000"
RAZORPAY_INR: Final = "plan_proINRlocal000"
_PRODUCT: Final = "prod_prolocal0000000000000"
_ITEM: Final = "item_prolocal000000"
_ALWAYS: Final = 0


def stock(account: Account, merchant: Merchant) -> None:
    """Puts the plan where both can sell it; what is there already is written again."""
    product = objects.product(_PRODUCT, name=PLAN, metadata={}, now=_ALWAYS)
    account.add(product)
    for price, amount, currency in (
        (STRIPE_INR, INR_AMOUNT, "inr"),
        (STRIPE_USD, USD_AMOUNT, "usd"),
    ):
        monthly = {"interval": "month", "interval_count": 1}
        account.add(
            objects.price(
                price,
                product_id=_PRODUCT,
                amount=amount,
                currency=currency,
                recurring=monthly,
                now=_ALWAYS,
            )
        )
    given = {
        "period": "monthly",
        "interval": 1,
        "item": {"name": PLAN, "amount": INR_AMOUNT, "currency": "INR"},
    }
    plan = entities.plan(RAZORPAY_INR, item_id=_ITEM, given=given, now=_ALWAYS)
    merchant.keep(plan, now=_ALWAYS)
