"""Puts the pieces together: one account, its API, its clock, its webhooks, its misfortunes.

One lock guards the account; waiting (a hanging answer, a webhook on its way) never holds it.
"""

from __future__ import annotations

import json
import secrets as randomness
import threading
import time
from collections import deque
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from tocsin.local.sandbox.account import Account, render_event
from tocsin.local.sandbox.api import Api, Request, Response
from tocsin.local.sandbox.clock import ProviderClock
from tocsin.local.sandbox.defaults import ACCOUNT, DEFAULT_API_KEY
from tocsin.local.sandbox.dispatch import Dispatcher, Endpoint
from tocsin.local.sandbox.orders import Delivery, Order, Orders
from tocsin.local.sandbox.outages import Outages
from tocsin.local.sandbox.passage import pass_until
from tocsin.local.sandbox.versions import NEWEST, render

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tocsin.local.sandbox.defaults import Json

_CALLS_KEPT: Final = 50_000


class Sandbox:
    """A provider in one process. Everything public takes the lock itself."""

    def __init__(
        self, *, seed: str | None = None, keys: Iterable[str] = (), workers: int = 8
    ) -> None:
        # Without a seed ids are new in every life: a deployed ledger remembers the old ones, and
        # would rightly take an event id that comes back for a duplicate.
        self.account = Account(seed or randomness.token_hex(8))
        self.clock = ProviderClock(time.time)
        self.orders, self.outages = Orders(), Outages()
        self.endpoints: dict[str, Endpoint] = {}
        self.calls: deque[Json] = deque(maxlen=_CALLS_KEPT)
        self.lock = threading.RLock()
        self.dispatcher = Dispatcher(
            event_of=self._event,
            endpoint_of=self.endpoints.get,
            workers=workers,
        )
        self.api = Api(
            self.account,
            set(keys) or {DEFAULT_API_KEY},
            delivered=self.dispatcher.delivered,
        )
        self.account.listeners.append(self._on_event)

    def answer(self, request: Request) -> tuple[Response, int]:
        """The API's answer and the provider time it was given at."""
        with self.lock:
            now = self.clock.now()
            response = self.api.handle(request, now=now)
        return response, now

    def note_call(self, method: str, path: str, status: int | None, outage: str | None) -> None:
        """Keeps what was asked of the API; `status` is None when no answer was sent."""
        call = {"method": method, "path": path, "status": status, "outage": outage}
        self.calls.append({"at": time.time(), **call})

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
            self.account.event(event, now=self.clock.now())
            self.dispatcher.send([Delivery(event, "", endpoint, ("resend",))])

    def advance(self, seconds: int) -> int:
        """Moves provider time ahead and lets happen what is due; how much that was."""
        with self.lock:
            return pass_until(self.account, self.clock.forward(seconds))

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
                "events": len(self.account.events),
                "dropped": dropped,
            }

    def events(self, version: str | None = None) -> list[Json]:
        """Every stored event, oldest first, in the list's shape or in that of `version`."""
        with self.lock:
            return [render_event(one, version) for one in self.account.events.values()]

    def reset(self, seed: str | None = None) -> None:
        """Starts over: no objects, events, endpoints, orders, outages; keys stay."""
        with self.lock:
            blank = Account(seed or randomness.token_hex(8))
            self.account.load(blank.dump())
            self.clock.run()
            self.orders.active.clear()
            self.orders.dropped.clear()
            self.outages.active.clear()
            self.endpoints.clear()
            self.api.answered.clear()
            self.calls.clear()
            self.dispatcher.forget()

    def save(self, path: Path) -> None:
        """Writes what must outlive the process, whole or not at all."""
        with self.lock:
            state = {
                "account": self.account.dump(),
                "clock": self.clock.dump(),
                "endpoints": [asdict(one) for one in self.endpoints.values()],
            }
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        unfinished.write_text(json.dumps(state))
        unfinished.replace(path)

    def load(self, path: Path) -> None:
        """The inverse of `save`."""
        state = json.loads(path.read_text())
        with self.lock:
            self.account.load(state["account"])
            self.clock.offset = state["clock"]["offset"]
            self.clock.frozen_at = state["clock"]["frozen_at"]
            for kept in state["endpoints"]:
                lists = {name: tuple(kept[name]) for name in ("secrets", "enabled_events")}
                self.add_endpoint(Endpoint(**{**kept, **lists}))

    def _event(self, identifier: str) -> Json | None:
        """Looked up anew each time: loading a state replaces the account's events."""
        return self.account.events.get(identifier)

    def _on_event(self, event: Json) -> None:
        for endpoint in self.endpoints.values():
            if endpoint.wants(event["type"]):
                delivery = Delivery(event["id"], event["type"], endpoint.id)
                self.dispatcher.send(self.orders.admit(delivery))
