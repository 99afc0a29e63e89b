"""What the sandbox sells from the start is what a local stage's policy names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tocsin.local.sandbox.sandbox import Sandbox
from tocsin.local.stage import seed
from tocsin.providers.selling import SalesDocument

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("reset", [False, True])
def test_every_price_of_the_seeded_policy_is_sold_for_what_it_says(
    tmp_path: Path, *, reset: bool
) -> None:
    there = Sandbox(seed="s", workers=1)
    if reset:
        there.reset()
    policy = SalesDocument.read(seed.values(tmp_path / "s")["provider-keys"]).policy
    assert {(plan, currency) for plan, currency in policy.prices} == {
        ("pro", "INR"),
        ("pro", "USD"),
    }
    for (_, currency), price in policy.prices.items():
        at_stripe = there.account.objects["price"][price.ids["stripe"]]
        assert (at_stripe["unit_amount"], at_stripe["currency"].upper()) == (price.amount, currency)
        if (plan := price.ids.get("razorpay")) is not None:
            item = there.merchant.objects["plan"][plan]["item"]
            assert (item["amount"], item["currency"]) == (price.amount, currency)
    assert len(there.account.events) == 0
    offers = policy.offers(plan="pro", currency="INR", region="IN")
    assert [each.identity.provider for each in offers] == ["stripe", "razorpay"]
