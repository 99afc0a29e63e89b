"""A typed way to the sandbox's controls, for drills and tests; standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tocsin.local.sandbox.clients.ask import ask
from tocsin.local.sandbox.clients.razorpay import RazorpayControls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.local.sandbox.defaults import Json


@dataclass(frozen=True, slots=True)
class Told:
    """What a story made: `ties` are changes that share a second with one of the same object."""

    events: int
    subscription_events: int
    ties: int
    subscriptions: tuple[str, ...]
    first_second: int
    last_second: int


@dataclass(frozen=True, slots=True)
class Sent:
    """One attempt of a delivery as the sandbox saw it; `status` is None without an answer."""

    event: str
    kind: str
    endpoint: str
    number: int
    status: int | None
    error: str | None
    notes: tuple[str, ...]
    succeeded: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class SandboxClient:
    """Controls of the sandbox at `url`.

    Every method raises ProviderUnavailable when the sandbox does not answer or refuses.
    """

    url: str

    def health(self) -> Json:
        return self._call("GET", "/health")

    def now(self) -> int:
        """Provider time, Unix seconds."""
        return int(self.health()["now"])

    def truth(self) -> Json:
        """What is so, whatever was delivered of it.

        Stripe's `subscriptions` in the newest shape, `invoices` and `checkouts` as short rows,
        `connected` accounts' subscriptions; all of `razorpay`; `dropped` deliveries, `undelivered`
        and `ungenerated` events; `now`.
        """
        return self._call("GET", "/truth")

    def events(self, api_version: str | None = None) -> list[Json]:
        """All events, oldest first, in the stored shape or in that of a version."""
        given = {"api_version": api_version} if api_version else {}
        events: list[Json] = self._call("POST", "/events", given)["events"]
        return events

    def freeze(self, at: int) -> None:
        self._call("POST", "/clock", {"freeze": at})

    def run(self, offset: int = 0) -> None:
        self._call("POST", "/clock", {"run": offset})

    def advance(self, seconds: int) -> int:
        """Moves provider time; how many renewals, retries, expiries that caused."""
        return int(self._call("POST", "/clock", {"advance": seconds})["happened"])

    def settings(self, **changes: str | int | list[str]) -> Json:
        """Changes settings of the Stripe account, or of a connected one named by `account`.

        `api_version`, `after_retries`, accepted API `keys`, `jitter` seconds of `created`, how
        many of the next events are `ungenerated`.
        """
        return self._call("POST", "/settings", changes)

    def put_endpoint(self, identifier: str, url: str, secrets: Sequence[str], **more: Any) -> Json:
        """Registers or replaces a webhook endpoint; `more` are fields of `endpoint.Endpoint`."""
        given = {"id": identifier, "url": url, "secrets": list(secrets), **more}
        return self._call("POST", "/endpoints", given)

    def endpoints(self) -> list[Json]:
        """All endpoints, without their secrets."""
        found: list[Json] = self._call("GET", "/endpoints")["endpoints"]
        return found

    def remove_endpoint(self, identifier: str) -> bool:
        return bool(self._call("DELETE", "/endpoints", {"id": identifier})["removed"])

    def roll_secret(self, identifier: str, secret: str, *, keep_seconds: int = 86_400) -> Json:
        """A new secret; at Stripe the old one goes on signing beside it for so long."""
        given = {"id": identifier, "secret": secret, "keep_seconds": keep_seconds}
        return self._call("POST", "/endpoints/roll", given)

    def connect(self, account: str) -> None:
        """Connects a Stripe account."""
        self._call("POST", "/accounts", {"id": account})

    def limit(
        self,
        *,
        provider: str = "stripe",
        overall: float | None = None,
        endpoint: float | None = None,
    ) -> None:
        """Requests a second before 429; None lifts a limit."""
        given = {"provider": provider, "overall": overall, "endpoint": endpoint}
        self._call("POST", "/limits", given)

    def resolve_generation_failure(self) -> str:
        """Sends the thin event that ends a time of `ungenerated` events; its id."""
        return str(self._call("POST", "/events/generation-resolved", {})["id"])

    def complete_checkout(self, session: str, *, card: str = "pm_card_visa") -> Json:
        """Completes a Checkout session as its customer: `subscription` and `customer`."""
        return self._call("POST", "/checkouts/complete", {"session": session, "card": card})

    def undelivered(self) -> list[Json]:
        """The drop log: endpoint, event and why, of whatever never got a 2xx."""
        found: list[Json] = self._call("GET", "/deliveries")["undelivered"]
        return found

    def order(self, kind: str, **how: Any) -> str:
        """Gives an order for deliveries; `how` are fields of `orders.Order`. Its id."""
        return str(self._call("POST", "/orders", {"kind": kind, **how})["id"])

    def lift(self, order: str | None = None, *, lose: bool = False) -> int:
        """Ends one order or all; how many held deliveries were let go."""
        given: Json = {"lose": lose} | ({"id": order} if order else {})
        return int(self._call("DELETE", "/orders", given)["released"])

    def begin_outage(self, kind: str, **how: Any) -> str:
        """Makes the API fail; `how` are fields of `outages.Outage`. Its id."""
        return str(self._call("POST", "/outages", {"kind": kind, **how})["id"])

    def end_outages(self, outage: str | None = None) -> list[Json]:
        """Ends one outage or all; how many requests each took."""
        given = {"id": outage} if outage else {}
        ended: list[Json] = self._call("DELETE", "/outages", given)["ended"]
        return ended

    def tell(self, *, seed: int, start: int, until: int, **more: Any) -> Told:
        """Makes a bursty history; `more` are fields of `history.Story`."""
        given = {"seed": seed, "start": start, "until": until, **more}
        told = self._call("POST", "/histories", given)
        return Told(**{**told, "subscriptions": tuple(told["subscriptions"])})

    def drain(self, seconds: float = 60.0) -> int:
        """Waits for deliveries to end; how many are left."""
        return int(self._call("POST", "/deliveries/drain", {"seconds": seconds})["left"])

    def sent(self) -> list[Sent]:
        """Every attempt since the sandbox started or was reset."""
        known = Sent.__dataclass_fields__
        return [
            Sent(**{name: value for name, value in one.items() if name in known})
            for one in self._call("GET", "/deliveries")["attempts"]
        ]

    def resend(self, event: str, endpoint: str) -> None:
        self._call("POST", "/deliveries/resend", {"event": event, "endpoint": endpoint})

    def calls(self, *, forget: bool = False) -> list[Json]:
        """What was asked of the APIs: provider, method, path, status, outage."""
        calls: list[Json] = self._call("POST", "/calls", {"forget": forget})["calls"]
        return calls

    def reset(self, seed: str | None = None) -> None:
        self._call("POST", "/reset", {"seed": seed} if seed else {})

    @property
    def razorpay(self) -> RazorpayControls:
        """What happens at Razorpay without a call of its API."""
        return RazorpayControls(self.url)

    def _call(self, method: str, path: str, given: Json | None = None) -> Json:
        return ask(self.url, method, path, given)
