"""Who is asked first, who stands in, and that a price never changes with the provider."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from tests.harness.worlds.checkout import POLICY
from tocsin.billing.checkout.routing import CheckoutPolicy
from tocsin.billing.errors import PlanNotSold
from tocsin.errors import SecretUnavailable

DOCUMENT: dict[str, Any] = {
    "providers": {
        "stripe": {"account": "acct_1", "mode": "live"},
        "razorpay": {"account": "acc_1", "mode": "live"},
    },
    "plans": {"pro": {"INR": {"amount": 49_900, "stripe": "price_1", "razorpay": "plan_1"}}},
    "preferences": [{"plans": ["pro"], "order": ["razorpay"]}],
}


def names(*, plan: str = "pro", currency: str = "INR", region: str = "US") -> list[str]:
    offers = POLICY.offers(plan=plan, currency=currency, region=region)
    return [offer.identity.provider for offer in offers]


def test_region_and_currency_decide_who_is_asked_first() -> None:
    assert names(region="IN") == ["razorpay", "stripe"]
    assert names(region="US") == ["stripe", "razorpay"]


def test_nobody_stands_in_where_the_plan_is_not_sold_in_that_currency() -> None:
    assert names(currency="USD", region="IN") == ["stripe"]


def test_both_sides_sell_at_the_same_price() -> None:
    offers = POLICY.offers(plan="pro", currency="INR", region="IN")
    assert {(offer.amount, offer.currency) for offer in offers} == {(49_900, "INR")}
    assert [offer.price for offer in offers] == ["plan_1", "price_1"]


@pytest.mark.parametrize(("plan", "currency"), [("pro", "EUR"), ("max", "INR"), ("", "")])
def test_what_nobody_sells_is_said_so(plan: str, currency: str) -> None:
    with pytest.raises(PlanNotSold):
        names(plan=plan, currency=currency)


def test_a_provider_that_no_preference_names_comes_last() -> None:
    offers = CheckoutPolicy.read(DOCUMENT).offers(plan="pro", currency="INR", region="DE")
    assert [offer.identity.provider for offer in offers] == ["razorpay", "stripe"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("providers", "stripe", "mode"), "prod"),
        (("plans", "pro", "INR", "amount"), 499.0),
        (("plans", "pro", "INR", "amount"), 0),
        (("plans", "pro", "INR", "amount"), True),
        (("plans", "pro", "INR", "paypal"), "p_1"),
        (("plans", "pro", "INR", "stripe"), ""),
        (("plans", "pro", "inr"), {"amount": 1}),
        (("preferences", 0, "order"), ["paypal"]),
        (("plans",), []),
    ],
)
def test_a_document_with_a_mistake_is_not_used_at_all(path: tuple[Any, ...], value: Any) -> None:
    document: Any = deepcopy(DOCUMENT)
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(SecretUnavailable):
        CheckoutPolicy.read(document)
