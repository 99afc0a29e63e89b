"""What checkout asks of the world: stores of intents, breakers and attempts, and the providers.

Adapters of the stores come in pairs, one on DynamoDB and one in memory, under one contract test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.billing.access.freeze import Holding
    from tocsin.billing.checkout.attempts import Attempt, Result
    from tocsin.billing.checkout.breaker import Breaker
    from tocsin.billing.checkout.intent import Found, Intent
    from tocsin.billing.checkout.leg import Leg
    from tocsin.billing.checkout.routing import CheckoutPolicy
    from tocsin.billing.identity import Identity


class IntentStore(Protocol):
    """Intents, the list of those not settled, and the log of attempts. Reads are consistent."""

    def load(self, intent_id: str) -> Intent | None: ...

    def save(self, intent: Intent, attempt: Attempt | None = None) -> bool:
        """Writes all of it or nothing; False if the stored `ver` is not the one before.

        With the intent its place in the list of unsettled ones is kept up: it is there exactly
        while `intent.settled` is false or a call of it has no stored outcome; and aside in it while
        one of its keys is looked for again.

        Raises:
            StoreUnavailable: not known to be written.
        """
        ...

    def note(self, attempt: Attempt) -> None:
        """Adds a line to the log that changes no intent: nobody was asked.

        Raises:
            StoreUnavailable: not known to be written.
        """
        ...

    def unsettled(
        self, *, limit: int = 200, after: tuple[int, str] | None = None, again_by: int = 0
    ) -> tuple[Intent, ...]:
        """Intents with something left to find out or to decide, the oldest first.

        With `again_by`, in epoch seconds, those too of which a key is looked for again by then.
        At most `limit` of them, those behind the `place` that `after` names. Fewer than `limit`
        are the last.
        """
        ...

    def attempts(self, *, since: int, until: int) -> tuple[Attempt, ...]:
        """The log between two times (epoch seconds, both included), oldest first."""
        ...


class BreakerStore(Protocol):
    """One breaker per provider account."""

    def load(self, identity: Identity) -> Breaker:
        """The breaker; a closed one where nothing is stored."""
        ...

    def save(self, identity: Identity, breaker: Breaker) -> bool:
        """Writes it if the stored `ver` is the one before `breaker.ver` (or nothing is stored)."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """A provider's answer to one call, whatever it was: none is raised.

    `code` is a short word of ours; `http_status` is there where there was a status line.
    """

    result: Result
    code: str
    session: str | None = None
    url: str | None = None
    http_status: int | None = None


class CheckoutProvider(Protocol):
    """One provider's way to sell a subscription."""

    def create(self, intent: Intent, leg: Leg) -> Reply:
        """Makes a page to pay on, once per `leg.key` however often it is called."""
        ...

    def find(self, leg: Leg, intent_id: str) -> Found | None:
        """What the provider has of this leg; None if it cannot say now."""
        ...

    def expire(self, leg: Leg) -> bool:
        """Makes the leg's session unpayable; False if that is not known to have happened.

        It never ends a subscription that runs.
        """
        ...


class PolicySource(Protocol):
    """The checkout policy of the stage, and the providers it speaks of."""

    def policy(self) -> CheckoutPolicy:
        """Raises `SecretUnavailable` where it cannot be had."""
        ...

    def provider(self, name: str) -> CheckoutProvider: ...


class BillingFreezes(Protocol):
    """Which incidents freeze billing."""

    def holding(self, at: datetime) -> tuple[Holding, ...]:
        """Those that hold it at a moment of incident time. Raises `StoreUnavailable`."""
        ...
