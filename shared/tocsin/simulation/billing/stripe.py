"""Stripe, as the sandbox plays it, without a socket: its API, and the webhooks it has to send.

Our own clients ask it: they send by a pool that answers from the sandbox. How it fails is drawn by
who acts; what it knows is the truth that everything of ours has to come to.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from email.utils import formatdate
from random import Random
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import urllib3

from tocsin.local.sandbox.defaults import ACCOUNT, DEFAULT_API_KEY, ENDPOINTS
from tocsin.local.sandbox.delivery.signing import signature_header
from tocsin.local.sandbox.outages import ANSWERS
from tocsin.local.sandbox.stripe.account import Account, render_event
from tocsin.local.sandbox.stripe.api import Api, Request
from tocsin.local.sandbox.stripe.history import Teller, prices
from tocsin.local.sandbox.stripe.passage import pass_until
from tocsin.providers.http.one import ProviderKeys

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.local.sandbox.stripe.api import Response

NAME = "stripe"
MODE = "test"
ENDPOINT = ENDPOINTS[NAME]
SECRET = "whsec_of_a_simulated_endpoint"  # noqa: S105 - nobody else's
BASES = {NAME: "https://api.stripe.invalid"}
REGISTRATIONS = {
    f"{NAME}/{ENDPOINT}": {"account": ACCOUNT, "mode": MODE, "secrets": [{"secret": SECRET}]}
}
FAILURES = (*sorted(ANSWERS[NAME]), "refuse", "lose_answer", "lag", "behind")
"""Ways in which it fails: an answer that says nothing, none at all, one that is lost after what was
asked was done, or one of a while ago; and lists of pages to pay on that are behind for hours."""
_CURRENCY = "usd"
"""Of the prices its own customers choose from."""
LAG = 45
"""Seconds that a replica is behind."""
BEHIND = (1_900, 7_200, 50_000)
"""Seconds that lists of pages are, by seed."""
_PAGES = frozenset({(NAME, "/v1/checkout/sessions"), ("razorpay", "/v1/subscriptions")})


@dataclass(slots=True)
class Stripe:
    """One account.

    `now` is the time of billing in epoch seconds; `skew` is how far the provider's clock is off
    ours; `made` hears of every event. `failure` is how calls of its API fail until `failing_until`.
    """

    seed: int
    now: Callable[[], int]
    made: Callable[[dict[str, Any]], None]
    skew: int = 0
    failure: str = ""
    failing_until: int = 0
    account: Account = field(init=False)
    teller: Teller = field(init=False)
    _api: Api = field(init=False)
    _customers: int = 0

    def __post_init__(self) -> None:
        self.account = Account(f"life-{self.seed}", jitter=self.seed % 2)
        self.account.listeners.append(self.made)
        self._api = Api(self.account, {DEFAULT_API_KEY})
        dice = Random(self.seed)  # noqa: S311 - repeatable on purpose
        self.teller = Teller(self.account, dice, prices(self.account, "life", self.time))

    @property
    def time(self) -> int:
        """What its own clock says."""
        return self.now() + self.skew

    @property
    def failing(self) -> bool:
        return self.now() < self.failing_until

    def get(self) -> ProviderKeys:
        """The secret with its key, as `KeySource` asks for it."""
        return ProviderKeys({(NAME, ACCOUNT, MODE): DEFAULT_API_KEY})

    # What its customers do, and what comes of time.

    def begin(self) -> str:
        self._customers += 1
        return str(self.teller.begin("life", self._customers, self.time)["id"])

    def change(self, pick: int) -> str:
        """One of those it began itself changes up to four times within a second, or one begins."""
        subscriptions = self.account.objects["subscription"].values()
        if not (every := [each for each in subscriptions if each["currency"] == _CURRENCY]):
            return self.begin()
        chosen = every[pick % len(every)]
        self.teller.burst(chosen, self.time)
        return str(chosen["id"])

    def pass_time(self) -> None:
        """What has fallen due by now happens: renewals, ends of trials, further attempts."""
        pass_until(self.account, self.time)

    def truth(self) -> Mapping[str, dict[str, Any]]:
        """Every subscription as it is, in its own words."""
        return self.account.objects["subscription"]

    def untold(self) -> set[str | None]:
        """Subscriptions of which it forgot to make an event."""
        found = {kind: self.account.objects[kind] for kind in ("subscription", "invoice")}
        subjects = [
            every[each["object"]]
            for each in self.account.lost
            for every in found.values()
            if each["object"] in every
        ]
        return {about(each) for each in subjects}

    def made_between(self, start: int, end: int) -> set[str]:
        """Ids of the events it made in `[start, end)`, by its own clock."""
        return {one.id for one in self.account.events.kept() if start <= one.created < end}

    # What it sends and answers.

    def post(self, event: str, *, at: int) -> tuple[dict[str, str], bytes]:
        """Headers and body of one delivery: as it was when it was made, signed by its own clock."""
        body = json.dumps(render_event(self.account.events[event], None)).encode()
        signed = signature_header(body, (SECRET,), at=at + self.skew)
        return {"content-type": "application/json", "stripe-signature": signed}, body

    def answer(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body. Raises `OSError` where there is no answer."""
        asked = urlsplit(url)
        given = {name.lower(): value for name, value in headers.items()}
        request = Request(method, asked.path, asked.query, given, body)
        return answered(
            self, (NAME, asked.path), lambda lag: self._api.handle(request, now=self.time, lag=lag)
        )


class Failing(Protocol):
    """A provider that may be in trouble."""

    seed: int
    failure: str

    @property
    def failing(self) -> bool: ...

    @property
    def time(self) -> int: ...


def answered(
    provider: Failing, asked: tuple[str, str], ask: Callable[[int | None], Response]
) -> tuple[int, Mapping[str, str], bytes]:
    """What comes back of a call, as things are with the provider. Raises `OSError` if nothing.

    `asked` is the provider's name and the path.
    """
    dated = {"Date": formatdate(provider.time, usegmt=True)}
    lag = None
    if provider.failing:
        if provider.failure == "refuse":
            raise ConnectionRefusedError
        if (canned := ANSWERS[asked[0]].get(provider.failure)) is not None:
            return canned.status, {**dated, **canned.headers}, canned.body
        lag = LAG if provider.failure == "lag" else None
        if provider.failure == "behind" and asked in _PAGES:
            lag = BEHIND[provider.seed % len(BEHIND)]
    response = ask(lag)
    if provider.failing and provider.failure == "lose_answer":
        raise ConnectionResetError
    return response.status, {**dated, **response.headers}, json.dumps(response.body).encode()


def about(subject: Mapping[str, Any]) -> str | None:
    """The subscription that an object of Stripe's is, or belongs to."""
    if subject["object"] == "subscription":
        return str(subject["id"])
    details = (subject.get("parent") or {}).get("subscription_details") or subject
    return details.get("subscription")


class Pool(urllib3.PoolManager):
    """Sends to the simulated provider."""

    def __init__(self, stripe: Stripe) -> None:
        super().__init__()
        self._stripe = stripe

    def request(  # type: ignore[override] # what our clients call it with
        self, method: str, url: str, *, headers: Mapping[str, str], redirect: bool
    ) -> urllib3.BaseHTTPResponse:
        del redirect
        status, given, body = self._stripe.answer(method, url, headers)
        return urllib3.HTTPResponse(io.BytesIO(body), headers=given, status=status)
