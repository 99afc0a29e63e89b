"""A Razorpay subscription link through the official SDK.

Razorpay has no idempotency keys here, so a call whose outcome is not known is never made again:
the leg's key is written into the notes, and the list is searched for it. Once the list has proven
that nothing was made, the leg has another key and the call is made. A link that is being
withdrawn is cancelled, which for a subscription that nobody has authorised yet ends nothing; in
the moment between looking and cancelling it may be paid, and then the cancelled subscription has
a payment, which is what `find` reports as running until a person has seen to it.

The SDK has no time-out, prints to the terminal, raises a JSON error for a gateway's HTML page and
one class for both 401 and 429. So the session it speaks through keeps the status line, and that
decides.
"""

from __future__ import annotations

import io
import time
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tocsin.billing.checkout.attempts import Result
from tocsin.billing.checkout.intent import Found
from tocsin.billing.checkout.leg import ABSENCE_PROVES, PAGE_LIFE
from tocsin.ports.billing.checkout import Reply
from tocsin.providers import checkout_outcome as outcome
from tocsin.providers.foreign_json import entries, section, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.billing.checkout.intent import Intent
    from tocsin.billing.checkout.leg import Leg
    from tocsin.billing.identity import Identity

PAGE = 100
MOST_PAGES = 10
LOOK_BACK_SECONDS = 300
CYCLES = 120
"""Charges a subscription is made for; Razorpay wants a number, and ends it after them."""

RUNNING = frozenset({"authenticated", "active", "pending", "halted", "paused"})


@dataclass(frozen=True, slots=True)
class _Answer:
    """`status` None where no answer came; `shape` None where it cannot be read."""

    status: int | None
    shape: dict[str, Any] | None = None
    error: BaseException | None = None

    @property
    def success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - HTTP


@dataclass(frozen=True, slots=True)
class RazorpayCheckout:
    """Implements `ports.billing.checkout.CheckoutProvider` for one account.

    `session` makes the `requests` session that sends, where it is not to be a plain one.
    """

    api_key: str = field(repr=False)
    base: str
    read_seconds: float = outcome.READ_SECONDS
    sleep: Callable[[float], None] = time.sleep
    session: Callable[[], Any] = lambda: None

    def create(self, intent: Intent, leg: Leg) -> Reply:
        if leg.doubted:
            return self._made_before(leg)
        wanted = {
            "plan_id": leg.price,
            "total_count": CYCLES,
            "quantity": 1,
            "customer_notify": 0,
            "expire_by": leg.sent_at + PAGE_LIFE,
            "notes": {"workspace_id": intent.workspace, "intent": intent.id, "leg": leg.key},
        }
        return outcome.with_one_more(lambda: self._create(wanted), self.sleep)

    def find(self, leg: Leg, intent_id: str) -> Found | None:
        del intent_id  # the leg's key says more
        try:
            made = self._subscription(leg)
            if made is None:
                return Found(None, listed=bool(self._listed({"count": 1})))
        except LookupError:
            return None
        identifier, status = text(made, "id"), text(made, "status")
        if identifier is None or status is None:
            return None
        paid = made.get("paid_count")
        charged = isinstance(paid, int) and paid > 0 and leg.withdrawing
        running = identifier if status in RUNNING or charged else None
        return Found(identifier, payable=status == "created", subscription=running)

    def expire(self, leg: Leg) -> bool:
        """Cancels the link; asked again right before, for what runs is never cancelled here."""
        name = leg.session or ""
        present = self._asked(lambda sdk, options: sdk.subscription.fetch(name, **options))
        if text(present.shape, "status") != "created":
            return False
        done = self._asked(
            lambda sdk, options: sdk.subscription.cancel(
                name, {"cancel_at_cycle_end": 0}, **options
            )
        )
        return done.success and text(done.shape, "status") == "cancelled"

    def _made_before(self, leg: Leg) -> Reply:
        try:
            made = self._subscription(leg)
        except LookupError:
            made = None
        return _offer(made, 200) if made else Reply(Result.UNKNOWN, "not_known_yet")

    def _create(self, wanted: dict[str, Any]) -> Reply:
        answer = self._asked(lambda sdk, options: sdk.subscription.create(wanted, **options))
        if answer.status is None:
            return outcome.by_exception(answer.error)
        if not answer.success:
            return outcome.by_status(answer.status)
        return _offer(answer.shape, answer.status)

    def _subscription(self, leg: Leg) -> dict[str, Any] | None:
        """The leg's subscription; None where the whole list has none.

        Raises:
            LookupError: no answer, or the list is longer than anybody reads.
        """
        if leg.session:
            name = leg.session
            return self._read(lambda sdk, options: sdk.subscription.fetch(name, **options))
        window = {
            "from": (leg.first_sent_at or leg.sent_at) - LOOK_BACK_SECONDS,
            "to": leg.last_call + ABSENCE_PROVES + LOOK_BACK_SECONDS,
            "count": PAGE,
        }
        for page in range(MOST_PAGES):
            items = self._listed({**window, "skip": page * PAGE})
            for each in items:
                if text(section(each, "notes"), "leg") == leg.key:
                    return each
            if len(items) < PAGE:
                return None
        raise LookupError("the list is too long")

    def _listed(self, asked: dict[str, int]) -> list[dict[str, Any]]:
        """Subscriptions, the newest first; without a window there are some unless none was sold."""
        listed = self._read(lambda sdk, options: sdk.subscription.all(asked, **options))
        if listed.get("entity") != "collection":
            raise LookupError("no list")
        return entries(listed, "items")

    def _read(self, call: Callable[..., Any]) -> dict[str, Any]:
        answer = self._asked(call)
        if not answer.success or answer.shape is None:
            raise LookupError(answer.status)
        return answer.shape

    def _asked(self, call: Callable[[Any, dict[str, Any]], Any]) -> _Answer:
        """One call through the SDK, with the status line it hides."""
        import razorpay  # noqa: PLC0415 -- costs 80 ms, and most invocations sell nothing
        import requests  # noqa: PLC0415 -- comes with it

        seen: list[int] = []
        session = self.session() or requests.Session()
        session.hooks["response"].append(lambda got, **_: seen.append(got.status_code))
        key_id, _, key_secret = self.api_key.partition(":")
        sdk = razorpay.Client(session=session, auth=(key_id, key_secret), base_url=self.base)
        # It looks its own version up where a bundle has none, and then fails at every call.
        sdk._get_version = lambda: "tocsin"  # noqa: SLF001 - there is no other way in
        options = {"timeout": (outcome.CONNECT_SECONDS, self.read_seconds)}
        try:
            with redirect_stdout(io.StringIO()), session:
                shape = call(sdk, options)
        except Exception as error:  # noqa: BLE001 - it raises JSON errors, KeyErrors and its own
            return _Answer(seen[-1] if seen else None, error=error)
        return _Answer(seen[-1], shape if isinstance(shape, dict) else None)


def _list(asked: dict[str, int], sdk: Any, options: dict[str, Any]) -> Any:
    return sdk.subscription.all(asked, **options)


def _offer(shape: dict[str, Any] | None, status: int | None) -> Reply:
    """The reply for a subscription that may still be paid, by its link."""
    identifier, url = text(shape, "id"), text(shape, "short_url")
    if identifier is None or url is None or text(shape, "status") != "created":
        return outcome.unreadable(status)
    return Reply(Result.OFFERED, "", identifier, url, status)


def seller(api_key: str, base: str, identity: Identity) -> RazorpayCheckout:
    """The checkout of one account; `api_key` is `<key id>:<key secret>`."""
    del identity  # the key says which account
    return RazorpayCheckout(api_key, base.rstrip("/"))
