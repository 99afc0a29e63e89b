"""Customers of a local stage who want to pay for the plan that both providers sell there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.local.sandbox.catalogue import PLAN

if TYPE_CHECKING:
    from tocsin.drills.person import Answer, Person

CURRENCY, REGION = "INR", "IN"


def buy(person: Person, workspace: str, *, key: str) -> Answer:
    """A checkout through the API, as the product asks for one."""
    wanted = {
        "workspace": workspace,
        "plan": PLAN,
        "currency": CURRENCY,
        "region": REGION,
        "success_url": "https://app.example/ok",
        "cancel_url": "https://app.example/no",
    }
    return person.post("/v1/billing/checkout", wanted, key=key)
