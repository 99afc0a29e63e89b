"""Stripe Checkout through the official SDK: a session in mode `subscription`.

The SDK waits 80 seconds and tries nothing again unless told; here it has short time-outs, and what
is tried again is decided by `providers.checkout_outcome`. It is imported at the first use: it
costs a tenth of a second, and most invocations of the function sell nothing.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tocsin.billing.checkout.attempts import Result
from tocsin.billing.checkout.intent import Found
from tocsin.billing.checkout.leg import ABSENCE_PROVES
from tocsin.ports.billing.checkout import Reply
from tocsin.providers import checkout_outcome as outcome
from tocsin.providers.foreign_json import reference, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.billing.checkout.intent import Intent
    from tocsin.billing.checkout.leg import Leg
    from tocsin.billing.identity import Identity

MOST_LISTED = 1_000
LOOK_BACK_SECONDS = 300
"""How far our clock may be off Stripe's."""

OVER = frozenset({"canceled", "incomplete_expired"})

REPLAYED = "idempotent-replayed"
"""Header of an answer that was kept for the key: a server error is given again for a day, and says
nothing of how Stripe is now."""


@dataclass(frozen=True, slots=True)
class StripeCheckout:
    """Implements `ports.billing.checkout.CheckoutProvider` for one account.

    `session` makes the `requests` session that sends, where it is not to be the SDK's own.
    """

    api_key: str = field(repr=False)
    base: str
    connected: str | None = None
    read_seconds: float = outcome.READ_SECONDS
    sleep: Callable[[float], None] = time.sleep
    session: Callable[[], Any] = lambda: None

    def create(self, intent: Intent, leg: Leg) -> Reply:
        params: Any = {
            "mode": "subscription",
            "line_items": [{"price": leg.price, "quantity": 1}],
            "success_url": intent.success_url,
            "cancel_url": intent.cancel_url,
            "client_reference_id": intent.id,
            "metadata": _marks(intent, leg),
            "subscription_data": {"metadata": _marks(intent, leg)},
        }
        return outcome.with_one_more(lambda: self._create(params, leg), self.sleep)

    def find(self, leg: Leg, intent_id: str) -> Found | None:
        import stripe  # noqa: PLC0415 -- see the module's docstring

        try:
            session = self._session(leg, intent_id)
            if session is None:
                return Found(None, listed=self._lists_anything())
            running = reference(session, "subscription")
            if running and self._is_over(running):
                return Found(text(session, "id"))
        except (stripe.StripeError, LookupError):
            return None
        except Exception:  # noqa: BLE001 - the SDK builds objects of whatever a 200 holds
            return None
        identifier, status = text(session, "id"), text(session, "status")
        if identifier is None or status not in {"open", "complete", "expired"}:
            return None
        return Found(identifier, payable=status == "open", subscription=running)

    def expire(self, leg: Leg) -> bool:
        """Stripe refuses it for a session that was paid meanwhile."""
        import stripe  # noqa: PLC0415 -- see the module's docstring

        try:
            answer = _plain(self._sdk().v1.checkout.sessions.expire(leg.session or ""))
        except stripe.StripeError:
            return False
        except Exception:  # noqa: BLE001 - as in `find`
            return False
        return text(answer, "id") == leg.session and text(answer, "status") == "expired"

    def _create(self, params: Any, leg: Leg) -> Reply:
        import stripe  # noqa: PLC0415 -- see the module's docstring

        try:
            made = self._sdk().v1.checkout.sessions.create(
                params, options={"idempotency_key": leg.key}
            )
            return _offer(made.to_dict())
        except stripe.APIConnectionError as error:
            return outcome.by_exception(error.__cause__)
        except stripe.IdempotencyError as error:
            # The key was used with other words: something was made with it.
            return Reply(Result.DOUBT, "key_reused", http_status=error.http_status)
        except stripe.StripeError as error:
            return _refused(error)
        except Exception:  # noqa: BLE001 - the SDK builds objects of whatever a 200 holds
            return outcome.unreadable(200)

    def _session(self, leg: Leg, intent_id: str) -> dict[str, Any] | None:
        """The leg's session; None where the whole list has none.

        Raises:
            LookupError: no list, or one longer than anybody reads; nothing is proved.
        """
        sessions = self._sdk().v1.checkout.sessions
        if leg.session:
            return _plain(sessions.retrieve(leg.session))
        made = {
            "gte": (leg.first_sent_at or leg.sent_at) - LOOK_BACK_SECONDS,
            "lte": leg.last_call + ABSENCE_PROVES + LOOK_BACK_SECONDS,
        }
        listed = sessions.list({"created": made, "limit": 100})
        if text(_plain(listed), "object") != "list":
            raise LookupError("no list")
        for number, each in enumerate(listed.auto_paging_iter()):
            shape = _plain(each)
            marks = shape.get("metadata")
            if text(shape, "client_reference_id") == intent_id and text(marks, "leg") == leg.key:
                return shape
            if number >= MOST_LISTED:
                raise LookupError(intent_id)
        return None

    def _lists_anything(self) -> bool:
        """Whether the account has any session, however old: an empty list may be an outage."""
        listed = _plain(self._sdk().v1.checkout.sessions.list({"limit": 1}))
        if text(listed, "object") != "list":
            raise LookupError("no list")
        return bool(listed.get("data"))

    def _is_over(self, subscription: str) -> bool:
        return text(_plain(self._sdk().v1.subscriptions.retrieve(subscription)), "status") in OVER

    def _sdk(self) -> Any:
        import stripe  # noqa: PLC0415 -- see the module's docstring

        timeouts = (outcome.CONNECT_SECONDS, self.read_seconds)
        return stripe.StripeClient(
            self.api_key,
            base_addresses={"api": self.base},
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=timeouts, session=self.session()),
            stripe_account=self.connected,
        )


def _refused(error: Any) -> Reply:
    status = error.http_status
    if status is None or status < 300:  # noqa: PLR2004 - HTTP: a success it cannot read
        return outcome.unreadable(status)
    reply = outcome.by_status(status)
    if reply.result is Result.DOUBT and error.headers.get(REPLAYED) == "true":
        return Reply(Result.UNKNOWN, "replayed", http_status=status)
    return reply


def _offer(shape: dict[str, Any]) -> Reply:
    session, url = text(shape, "id"), text(shape, "url")
    if session is None or url is None or text(shape, "object") != "checkout.session":
        return outcome.unreadable(200)
    return Reply(Result.OFFERED, "", session, url, 200)


def _marks(intent: Intent, leg: Leg) -> dict[str, str]:
    return {"workspace_id": intent.workspace, "intent": intent.id, "leg": leg.key}


def _plain(made: Any) -> dict[str, Any]:
    shape: dict[str, Any] = made.to_dict()
    return shape


def seller(api_key: str, base: str, identity: Identity) -> StripeCheckout:
    """The checkout of one account."""
    return StripeCheckout(api_key, base.rstrip("/"), identity.connected_account)
