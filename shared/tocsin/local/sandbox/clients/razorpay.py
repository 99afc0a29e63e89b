"""A typed way to the controls of the Razorpay half of a sandbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tocsin.local.sandbox.clients.ask import ask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.local.sandbox.defaults import Json


@dataclass(frozen=True, slots=True)
class RazorpayControls:
    """Every method raises ProviderUnavailable when the sandbox does not answer or refuses."""

    url: str

    def authenticate(self, subscription: str) -> Json:
        """A customer authenticates it at its `short_url`: `status` and `customer`."""
        return self._do("/authenticate", {"subscription": subscription})

    def charge(self, subscription: str, *, works: bool = True) -> Json:
        """Charges it now, with a card that works or does not from now on: `works`, `status`."""
        return self._do("/charge", {"subscription": subscription, "works": works})

    def pay_link(self, link: str) -> None:
        """A customer pays a payment link."""
        self._do("/pay-link", {"link": link})

    def begin_downtime(self, *, method: str = "upi", severity: str = "high") -> str:
        """A payment method stops working; the downtime's id."""
        return str(self._do("/downtimes", {"method": method, "severity": severity})["id"])

    def change_downtime(self, downtime: str, *, severity: str | None = None) -> None:
        """Another severity, or without one its end."""
        given = {"id": downtime} | ({"severity": severity} if severity else {})
        self._do("/downtimes", given)

    def replay(
        self,
        endpoint: str,
        *,
        first: int | None = None,
        last: int | None = None,
        objects: Sequence[str] = (),
    ) -> int:
        """The dashboard's replay of a window of seconds; how many events are sent again."""
        bounds = {"from": first, "to": last}
        given: Json = {name: at for name, at in bounds.items() if at is not None}
        given |= {"endpoint": endpoint, "objects": list(objects)}
        return int(self._do("/replays", given)["queued"])

    def tell(self, *, seed: int, start: int, until: int, **more: Any) -> Json:
        """Makes a history; `more` are fields of `razorpay.history.Story`."""
        return self._do("/histories", {"seed": seed, "start": start, "until": until, **more})

    def events(self) -> list[Json]:
        """Every event ever made, oldest first: `id`, `at`, `body`."""
        found: list[Json] = ask(self.url, "GET", "/razorpay/events")["events"]
        return found

    def _do(self, path: str, given: Json) -> Json:
        return ask(self.url, "POST", f"/razorpay{path}", given)
