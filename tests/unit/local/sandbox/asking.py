"""A provider account without sockets, and the shortest way to ask its API something."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from stripe._encode import _api_encode

from tocsin.local.sandbox.stripe.account import Account
from tocsin.local.sandbox.stripe.api import Api, Request, Response

if TYPE_CHECKING:
    from collections.abc import Mapping

START = 1_790_000_000
DAY = 86_400


@dataclass
class Provider:
    """One account at a second that the test moves."""

    account: Account = field(default_factory=lambda: Account("test"))
    now: int = START

    def __post_init__(self) -> None:
        self.api = Api(self.account, {"sk_test_right"})

    def call(
        self, method: str, path: str, params: Mapping[str, Any] | None = None, **headers: str
    ) -> Response:
        encoded = urlencode(list(_api_encode(params or {})))
        post = method == "POST"
        request = Request(
            method,
            path,
            "" if post else encoded,
            {
                "authorization": "Bearer sk_test_right",
                **{name.replace("_", "-"): value for name, value in headers.items()},
            },
            encoded.encode() if post else b"",
        )
        response = self.api.handle(request, now=self.now)
        json.dumps(response.body)  # everything the sandbox answers must be sendable
        return response

    def ok(self, method: str, path: str, params: Mapping[str, Any] | None = None) -> Any:
        response = self.call(method, path, params)
        assert response.status == 200, response.body
        return response.body

    def price(self, cents: int = 1_000) -> str:
        product = self.ok("POST", "/v1/products", {"name": "plan"})["id"]
        params = {
            "currency": "usd",
            "product": product,
            "unit_amount": cents,
            "recurring": {"interval": "month"},
        }
        return str(self.ok("POST", "/v1/prices", params)["id"])

    def customer(self, card: str | None = "pm_card_visa") -> str:
        params = {"invoice_settings": {"default_payment_method": card}} if card else {}
        return str(self.ok("POST", "/v1/customers", params)["id"])

    def subscribe(self, card: str | None = "pm_card_visa", **params: Any) -> Any:
        given = {"customer": self.customer(card), "items": [{"price": self.price()}], **params}
        return self.ok("POST", "/v1/subscriptions", given)

    def status(self, subscription: str) -> str:
        return str(self.ok("GET", f"/v1/subscriptions/{subscription}")["status"])

    def kinds(self) -> list[str]:
        return [event["type"] for event in self.account.events.values()]

    def statuses(self) -> list[str]:
        """The status each subscription event carried, in the order they were made."""
        return [
            event["subject"]["status"]
            for event in self.account.events.values()
            if event["subject"]["object"] == "subscription"
        ]
