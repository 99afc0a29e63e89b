"""Checkouts at two providers that fail, with the providers' own SDKs and without a socket.

What customers do on the pages is done at the sandbox. Which page may be paid, and what runs, is
read from what the sandbox has.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter

from tocsin.adapters.billing.checkout.memory import MemoryBreakers, MemoryIntents
from tocsin.application.billing.checkout.settle import Settled, settle
from tocsin.application.billing.checkout.start import Checkouts, Wish
from tocsin.billing.checkout.routing import CheckoutPolicy
from tocsin.local.sandbox import catalogue
from tocsin.local.sandbox.defaults import (
    ACCOUNT,
    DEFAULT_API_KEY,
    RAZORPAY_ACCOUNT,
    RAZORPAY_KEY_ID,
)
from tocsin.local.sandbox.razorpay import charging
from tocsin.local.sandbox.razorpay.api import RazorpayApi
from tocsin.local.sandbox.razorpay.errors import RazorpayRefusal
from tocsin.local.sandbox.razorpay.merchant import Merchant
from tocsin.local.sandbox.stripe import checkout
from tocsin.local.sandbox.stripe.api import Request
from tocsin.local.sandbox.stripe.errors import ProviderRefusal
from tocsin.providers.razorpay.checkout import RazorpayCheckout
from tocsin.providers.stripe.checkout import StripeCheckout
from tocsin.simulation.billing.mortal import mortal
from tocsin.simulation.billing.stripe import BASES, answered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.application.billing.checkout.start import Offered
    from tocsin.ports.billing.checkout import CheckoutProvider
    from tocsin.simulation.billing.around import Around
    from tocsin.simulation.billing.books import Books

RAZORPAY = "razorpay"
CARD = "pm_card_visa"
POLICY = CheckoutPolicy.read(
    {
        "providers": {
            "stripe": {"account": ACCOUNT, "mode": "test"},
            RAZORPAY: {"account": RAZORPAY_ACCOUNT, "mode": "test"},
        },
        "plans": {
            catalogue.PLAN: {
                "INR": {
                    "amount": catalogue.INR_AMOUNT,
                    "stripe": catalogue.STRIPE_INR,
                    RAZORPAY: catalogue.RAZORPAY_INR,
                }
            }
        },
        "preferences": [
            {"regions": ["IN"], "currencies": ["INR"], "order": [RAZORPAY, "stripe"]},
            {"order": ["stripe", RAZORPAY]},
        ],
    }
)


@dataclass(slots=True)
class Razorpay:
    """The other provider: it only sells here. `failure` is how it fails until `failing_until`."""

    seed: int
    now: Callable[[], int]
    failure: str = ""
    failing_until: int = 0
    merchant: Merchant = field(init=False)
    _api: RazorpayApi = field(init=False)

    def __post_init__(self) -> None:
        self.merchant = Merchant(f"life-{self.seed}")
        self._api = RazorpayApi(self.merchant, lambda: {DEFAULT_API_KEY}, {})

    @property
    def time(self) -> int:
        return self.now()

    @property
    def failing(self) -> bool:
        return self.now() < self.failing_until

    def answer(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, Mapping[str, str], bytes]:
        asked = urlsplit(url)
        given = {name.lower(): value for name, value in headers.items()}
        request = Request(method, asked.path, asked.query, given, body)
        return answered(
            self,
            (RAZORPAY, asked.path),
            lambda lag: self._api.handle(request, now=self.time, lag=lag),
        )


@dataclass(frozen=True, slots=True)
class Page:
    """What a customer may pay or has paid: at whom, for which leg of which intent.

    `made` in epoch seconds. `running`: a subscription came of it and has not ended.
    """

    provider: str
    name: str
    intent: str
    leg: str
    made: int
    running: bool


@dataclass(slots=True)
class Shop:
    """Checkout as deployed; implements `ports.billing.checkout.PolicySource`."""

    world: Around
    books: Books
    razorpay: Razorpay = field(init=False)
    intents: MemoryIntents = field(default_factory=MemoryIntents)
    checkouts: Checkouts = field(init=False)
    reached: tuple[int, str] | None = None
    customers: int = 0

    def __post_init__(self) -> None:
        self.razorpay = Razorpay(self.world.seed, lambda: self.books.at)
        catalogue.stock(self.books.stripe.account, self.razorpay.merchant)
        self.checkouts = Checkouts(
            intents=mortal(self.world.troubles, self.intents),
            breakers=MemoryBreakers(),
            policies=self,
            clock=self.books,
        )

    def policy(self) -> CheckoutPolicy:
        return POLICY

    def provider(self, name: str) -> CheckoutProvider:
        if name == RAZORPAY:
            key, session = f"{RAZORPAY_KEY_ID}:{DEFAULT_API_KEY}", partial(_session, self.razorpay)
            return RazorpayCheckout(key, _BASE, sleep=self.books.sleep, session=session)
        session = partial(_session, self.books.stripe)
        return StripeCheckout(
            DEFAULT_API_KEY, BASES["stripe"], sleep=self.books.sleep, session=session
        )

    def buy(self, customer: int, *, region: str) -> Offered:
        """The same customer wants the same again. Raises as `Checkouts.start`."""
        wish = Wish(
            principal="shop",
            key=f"k{customer}",
            workspace=f"ws-shop-{customer}",
            plan=catalogue.PLAN,
            currency="INR",
            region=region,
            success_url="https://app.example/ok",
            cancel_url="https://app.example/no",
        )
        return self.checkouts.start(wish)

    def settle(self) -> Settled:
        """One round of the schedule. Raises as `settle`."""
        intents = mortal(self.world.troubles, self.intents)
        done = settle(intents=intents, policies=self, clock=self.books, after=self.reached)
        self.reached = done.reached
        return done

    def pass_time(self) -> None:
        charging.pass_until(self.razorpay.merchant, self.razorpay.time)

    def pay(self, page: Page) -> bool:
        """A customer pays on a page; whether that was still possible."""
        stripe = self.books.stripe
        try:
            if page.provider == RAZORPAY:
                charging.authenticate(self.razorpay.merchant, page.name, now=self.razorpay.time)
            else:
                checkout.complete(stripe.account, page.name, card=CARD, now=stripe.time)
        except (ProviderRefusal, RazorpayRefusal):
            return False
        return True

    @property
    def listing(self) -> frozenset[str]:
        """Providers at which anything was ever made: their lists are not empty."""
        made = {
            "stripe": self.books.stripe.account.objects["checkout.session"],
            RAZORPAY: self.razorpay.merchant.objects["subscription"],
        }
        return frozenset(name for name, found in made.items() if found)

    def pages(self) -> list[Page]:
        """Every page that can be paid, and every subscription that runs and came of one."""
        return [*self._at_stripe(), *self._at_razorpay()]

    def _at_stripe(self) -> list[Page]:
        account, found = self.books.stripe.account, []
        for one in account.objects["checkout.session"].values():
            made = account.objects["subscription"].get(one["subscription"] or "")
            running = made is not None and made["status"] not in _OVER
            if running or (one["status"] == "open" and one["expires_at"] > self.books.stripe.time):
                marks = one["metadata"]["intent"], one["metadata"]["leg"]
                found.append(Page("stripe", one["id"], *marks, one["created"], running))
        return found

    def _at_razorpay(self) -> list[Page]:
        found = []
        for one in self.razorpay.merchant.objects["subscription"].values():
            notes: dict[str, Any] = one["notes"]
            running = one["status"] in {"authenticated", "active", "pending", "halted"}
            if running or one["status"] == "created":
                marks = notes["intent"], notes["leg"]
                found.append(Page(RAZORPAY, one["id"], *marks, one["created_at"], running))
        return found


_BASE = "https://api.razorpay.invalid"
_OVER = frozenset({"canceled", "incomplete_expired"})


class _Adapter(BaseAdapter):
    """Answers from a simulated provider."""

    def __init__(self, provider: Any) -> None:
        super().__init__()
        self._provider = provider

    def send(self, request: Any, *_given: Any, **_named: Any) -> requests.Response:
        body = request.body or b""
        given = body.encode() if isinstance(body, str) else body
        try:
            status, headers, answer = self._provider.answer(
                request.method, request.url, request.headers, given
            )
        except ConnectionRefusedError as error:
            raise requests.ConnectTimeout from error
        except OSError as error:
            raise requests.ConnectionError from error
        response = requests.Response()
        response.status_code, response.headers = (
            status,
            requests.structures.CaseInsensitiveDict(headers),
        )
        response._content = answer  # noqa: SLF001 - there is no other way to make one
        response.request, response.url = request, request.url
        return response

    def close(self) -> None:
        """Nothing is open."""


def _session(provider: Any) -> requests.Session:
    session = requests.Session()
    session.mount("https://", _Adapter(provider))
    return session
