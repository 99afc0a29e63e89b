"""A plan that both providers sell on a local stage, and customers who want to pay for it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tocsin.errors import Unavailable
from tocsin.local.sandbox import official

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.drills.person import Answer, Person
    from tocsin.drills.stage import Stage

PLAN, CURRENCY, REGION, AMOUNT = "pro", "INR", "IN", 49_900


@dataclass(slots=True)
class Shop:
    """The stage's provider document, with a policy that prefers Stripe while the shop is open.

    Functions that have read a document in which nothing is sold read it again at the next wish.
    """

    stage: Stage
    before: dict[str, Any] = field(default_factory=dict)

    def open(self) -> None:
        """Has both providers sell one plan, and says so in the stage's document."""
        self.before = json.loads(self._read())
        self._put(self.before | {"checkout": self._selling(self.before)})

    def close(self) -> None:
        """Puts the document back as it was found."""
        if self.before:
            self._put(self.before)

    def buy(self, person: Person, workspace: str, *, key: str) -> Answer:
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

    def _selling(self, document: Mapping[str, Any]) -> dict[str, Any]:
        ours = {name.partition("/")[0]: one for name, one in document.items() if "/" in name}
        outputs = self.stage.outputs
        sdk = official.client(outputs["stripe_api_base"], ours["stripe"]["api_key"])
        product = sdk.v1.products.create({"name": PLAN})
        price = sdk.v1.prices.create(
            {
                "currency": CURRENCY.lower(),
                "product": product.id,
                "unit_amount": AMOUNT,
                "recurring": {"interval": "month"},
            }
        )
        key_id, _, key_secret = ours["razorpay"]["api_key"].partition(":")
        base = outputs["razorpay_api_base"].rstrip("/")
        other = official.razorpay_client(base, key_id, key_secret)
        item = {"name": PLAN, "amount": AMOUNT, "currency": CURRENCY}
        plan = other.plan.create({"period": "monthly", "interval": 1, "item": item})
        prices = {"amount": AMOUNT, "stripe": price.id, "razorpay": plan["id"]}
        return {
            "providers": {
                name: {"account": one["account"], "mode": one["mode"]} for name, one in ours.items()
            },
            "plans": {PLAN: {CURRENCY: prices}},
            "preferences": [{"order": ["stripe", "razorpay"]}],
        }

    def _put(self, document: Mapping[str, Any]) -> None:
        self.stage.clients.secrets.put_secret_value(
            SecretId=self._name(), SecretString=json.dumps(document, sort_keys=True)
        )

    def _read(self) -> str:
        return str(
            self.stage.clients.secrets.get_secret_value(SecretId=self._name())["SecretString"]
        )

    def _name(self) -> str:
        for each in self.stage.clients.secrets.list_secrets()["SecretList"]:
            if "provider-keys" in each["Name"]:
                return str(each["Name"])
        raise Unavailable("the stage has no document of providers' keys")
