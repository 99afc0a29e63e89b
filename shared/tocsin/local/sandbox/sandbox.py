"""Puts the pieces together: the accounts, their API, clock, webhooks and misfortunes.

One lock guards the accounts; waiting (a hanging answer, a webhook on its way) never holds it.
"""

from __future__ import annotations

import secrets as randomness
import threading
import time
from collections import deque
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Final

from tocsin.local.sandbox.books import books
from tocsin.local.sandbox.catalogue import stock
from tocsin.local.sandbox.clock import ProviderClock
from tocsin.local.sandbox.defaults import ACCOUNT, DEFAULT_API_KEY, NEWEST
from tocsin.local.sandbox.delivery import fates
from tocsin.local.sandbox.delivery.dispatch import Dispatcher, Surroundings
from tocsin.local.sandbox.delivery.fates import Fates
from tocsin.local.sandbox.delivery.orders import Delivery, Order, Orders
from tocsin.local.sandbox.delivery.wire import Message, razorpay_message, stripe_message
from tocsin.local.sandbox.endpoint import PROVIDERS, RAZORPAY, STRIPE, Endpoint
from tocsin.local.sandbox.outages import Outages
from tocsin.local.sandbox.ratelimit import RateLimit
from tocsin.local.sandbox.razorpay import charging
from tocsin.local.sandbox.razorpay.api import RazorpayApi
from tocsin.local.sandbox.razorpay.dashboard import Replay, choose
from tocsin.local.sandbox.razorpay.merchant import Made, Merchant
from tocsin.local.sandbox.razorpay.truth import truth
from tocsin.local.sandbox.stripe.account import Account, render_event
from tocsin.local.sandbox.stripe.api import Api, Request, Response
from tocsin.local.sandbox.stripe.passage import pass_until
from tocsin.local.sandbox.stripe.versions import render

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.local.sandbox.defaults import Json

_CALLS_KEPT: Final = 50_000


class Sandbox:
    """Both providers in one process. Everything public takes the lock itself."""

    def __init__(
        self, *, seed: str | None = None, keys: Iterable[str] = (), workers: int = 8
    ) -> None:
        # Without a seed ids are new in every life: a deployed ledger remembers the old ones, and
        # would rightly take an event id that comes back for a duplicate.
        self.account = Account(seed or randomness.token_hex(8))
        self.connected: dict[str, Account] = {}
        self.clock = ProviderClock(time.time)
        self.orders, self.outages, self.fates = Orders(), Outages(), Fates()
        self.limits = {provider: RateLimit() for provider in PROVIDERS}
        self.endpoints: dict[str, Endpoint] = {}
        self.calls: deque[Json] = deque(maxlen=_CALLS_KEPT)
        self.lock = threading.RLock()
        around = Surroundings(
            self._message, self.endpoints.get, self.clock.now, self._disable, self.fates
        )
        self.dispatcher = Dispatcher(around, workers=workers)
        self.api = Api(
            self.account,
            set(keys) or {DEFAULT_API_KEY},
            delivered=self.dispatcher.delivered,
            connected=self.connected,
            endpoints=self.endpoints,
        )
        self.account.listeners.append(self._on_event)
        self.merchant = Merchant(self.account.seed)
        self.merchant.listeners.append(self._on_razorpay_event)
        stock(self.account, self.merchant)
        self.razorpay_api = RazorpayApi(self.merchant, lambda: self.api.keys, self.endpoints)

    def connect(self, identifier: str) -> Account:
        """Another account that this one may act for with `Stripe-Account`; made on first use."""
        with self.lock:
            if identifier not in self.connected:
                account = Account(f"{self.account.seed}/{identifier}", id=identifier)
                account.listeners.append(self._on_event)
                self.connected[identifier] = account
            return self.connected[identifier]

    def account_of(self, identifier: str | None) -> Account:
        """The sandbox's own account, or a connected one.

        Raises:
            KeyError: there is no such account.
        """
        return self.account if identifier is None else self.connected[identifier]

    def answer(
        self, request: Request, *, provider: str = STRIPE, lag: int | None = None
    ) -> tuple[Response, int]:
        """The API's answer and the provider time it was given at."""
        with self.lock:
            now = self.clock.now()
            if provider == RAZORPAY:
                response = self.razorpay_api.handle(request, now=now, lag=lag)
            else:
                response = self.api.handle(request, now=now, lag=lag)
        return response, now

    def note_call(
        self, request: Request, status: int | None, outage: str | None, *, provider: str = STRIPE
    ) -> None:
        """Keeps what was asked of an API; `status` is None when no answer was sent."""
        self.calls.append(
            {
                "at": time.time(),
                "provider": provider,
                "method": request.method,
                "path": request.path,
                "status": status,
                "outage": outage,
            }
        )

    def add_endpoint(self, endpoint: Endpoint) -> None:
        """Adds or replaces by id; events made from now on are sent there."""
        with self.lock:
            self.endpoints[endpoint.id] = endpoint

    def remove_endpoint(self, identifier: str) -> bool:
        with self.lock:
            return self.endpoints.pop(identifier, None) is not None

    def give(self, order: Order) -> None:
        with self.lock:
            self.orders.give(order)

    def lift(self, identifier: str | None = None, *, lose: bool = False) -> int:
        """Ends orders; how many deliveries that let go."""
        with self.lock:
            released = self.orders.lift(identifier, lose=lose)
            for lost in self.orders.dropped if lose else ():
                self.fates.mark(lost.endpoint, lost.event, fates.DROPPED)
            self.dispatcher.send(released)
        return len(released)

    def drain(self, seconds: float) -> int:
        """Sends what reordering holds back and waits; how many deliveries are still open."""
        with self.lock:
            self.dispatcher.send(self.orders.flush())
        return self.dispatcher.drain(seconds)

    def resend(self, event: str, endpoint: str) -> None:
        """Sends an event again, past all orders, as a person can from the provider's console."""
        with self.lock:
            kept = next(
                (one for each in self._accounts() if (one := each.events.facts(event))), None
            )
            if kept is None:
                raise KeyError(event)
            self.dispatcher.send([Delivery(event, kept.kind, endpoint, ("resend",))])

    def roll_secret(self, endpoint: str, secret: str, *, keep_seconds: int) -> Endpoint:
        """Gives an endpoint a new secret; the old one stays in force for so long."""
        with self.lock:
            keep_until = self.clock.now() + keep_seconds
            rolled = self.endpoints[endpoint].rolled(secret, keep_until=keep_until)
            self.endpoints[endpoint] = rolled
            return rolled

    def advance(self, seconds: int) -> int:
        """Moves provider time ahead and lets happen what is due; how much that was."""
        with self.lock:
            until = self.clock.forward(seconds)
            happened = sum(pass_until(account, until) for account in self._accounts())
            return happened + charging.pass_until(self.merchant, until)

    def truth(self) -> Json:
        """Every subscription as it is now, and what the sandbox did with the events."""
        with self.lock:
            held = self.account.objects["subscription"].values()
            subscriptions = [render(one, NEWEST) for one in held]
            dropped = [asdict(one) for one in self.orders.dropped]
            return {
                "account": ACCOUNT,
                "now": self.clock.now(),
                "subscriptions": subscriptions,
                **books(self.account),
                "events": len(self.account.events),
                "dropped": dropped,
                "undelivered": self.fates.undelivered(),
                "razorpay": truth(self.merchant),
                "ungenerated": self.account.lost,
                "connected": {
                    name: [render(one, NEWEST) for one in one.objects["subscription"].values()]
                    for name, one in self.connected.items()
                },
            }

    def events(self, version: str | None = None) -> list[Json]:
        """Every stored event, oldest first, in the list's shape or in that of `version`."""
        with self.lock:
            return [render_event(one, version) for one in self.account.events.values()]

    def reset(self, seed: str | None = None) -> None:
        """Starts over: no events, endpoints, orders, outages, limits; keys and catalogue stay."""
        with self.lock:
            blank = Account(seed or randomness.token_hex(8))
            self.account.load(blank.dump())
            self.connected.clear()
            self.merchant.load(Merchant(self.account.seed).dump())
            stock(self.account, self.merchant)
            self.clock.run()
            self.orders.active.clear()
            self.orders.dropped.clear()
            self.outages.active.clear()
            for limit in self.limits.values():
                limit.limit(None, None)
            self.endpoints.clear()
            self.api.answered.clear()
            self.calls.clear()
            self.dispatcher.forget()
            self.fates.forget()

    def _accounts(self) -> list[Account]:
        return [self.account, *self.connected.values()]

    def _message(self, delivery: Delivery, endpoint: Endpoint) -> Message | None:
        """Looked up anew each time: loading a state replaces the account's events."""
        if endpoint.provider == RAZORPAY:
            made = self.merchant.events.get(delivery.event)
            return razorpay_message(made, delivery.secret or endpoint.secrets[0]) if made else None
        for account in self._accounts():
            event = account.events.get(delivery.event)
            if event is not None:
                return stripe_message(event, endpoint, provider_now=self.clock.now())
        return None

    def _disable(self, endpoint: str) -> None:
        with self.lock:
            if endpoint in self.endpoints:
                self.endpoints[endpoint] = replace(self.endpoints[endpoint], enabled=False)

    def _on_event(self, event: Json) -> None:
        for endpoint in self.endpoints.values():
            connected = event["account"] is not None
            if endpoint.provider != STRIPE or not endpoint.concerns(
                event["type"], connected=connected
            ):
                continue
            if event["type"].startswith("v2.") and endpoint.payload != "thin":
                continue
            made_at = self.clock.now()
            self._deliver(Delivery(event["id"], event["type"], endpoint.id, made_at=made_at))

    def _on_razorpay_event(self, made: Made) -> None:
        for endpoint in self.endpoints.values():
            if endpoint.provider == RAZORPAY and endpoint.concerns(made.kind):
                # Retries go on with the secret of that day, however often it is changed.
                secret = endpoint.secrets[0]
                self._deliver(
                    Delivery(made.id, made.kind, endpoint.id, made_at=made.at, secret=secret)
                )

    def replay_razorpay(self, endpoint: str, wanted: Replay) -> int:
        """The dashboard's replay; how many events that sends again.

        Raises:
            KeyError: no such endpoint.
            ValueError: Razorpay would refuse it.
        """
        with self.lock:
            target, now = self.endpoints[endpoint], self.clock.now()

            def unacknowledged(event: str, kind: str) -> bool:
                return target.concerns(kind) and not self.fates.has_arrived(endpoint, event)

            chosen = choose(self.merchant, wanted, now=now, unacknowledged=unacknowledged)
            self.endpoints[endpoint] = replace(target, enabled=True)
            self.dispatcher.send(
                Delivery(made.id, made.kind, endpoint, ("dashboard",), made_at=now)
                for made in chosen
            )
            return len(chosen)

    def _deliver(self, delivery: Delivery) -> None:
        """Sends what the orders leave of it, and writes down what was to be sent."""
        if not self.endpoints[delivery.endpoint].enabled:
            self.fates.expect(delivery.endpoint, delivery.event, why=fates.DISABLED)
            return
        dropped_before = len(self.orders.dropped)
        admitted = self.orders.admit(delivery)
        dropped = len(self.orders.dropped) > dropped_before
        why = fates.DROPPED if dropped and not admitted else fates.PENDING
        self.fates.expect(delivery.endpoint, delivery.event, why=why)
        self.dispatcher.send(admitted)
