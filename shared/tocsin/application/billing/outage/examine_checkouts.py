"""Examining new checkouts at a provider: the log, whether one was paid, a probe on request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.application.billing.outage.checkout_probes import CheckoutProbes
from tocsin.billing.checkout.intent import leg_of, looked_up
from tocsin.billing.checkout.leg import LegState
from tocsin.billing.outage.examination import (
    ASKED_ABOUT,
    LOOKED_BACK,
    Probed,
    counted_from,
    examine,
    sessions,
)
from tocsin.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.billing.checkout.attempts import Attempt
    from tocsin.billing.checkout.intent import Intent
    from tocsin.billing.identity import Identity
    from tocsin.billing.outage.examination import Examination
    from tocsin.ports.billing.checkout import (
        BreakerStore,
        CheckoutProvider,
        IntentStore,
        PolicySource,
    )
    from tocsin.ports.time import WallClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Examiner:
    """Counts, asks and probes."""

    intents: IntentStore
    breakers: BreakerStore
    policies: PolicySource
    clock: WallClock

    def examine(self, provider: str, *, opened: int, probe: str | None = None) -> Examination:
        """One examination, of what happened since the recovery but not before `opened`.

        `probe` asks for a probe; the same word finds the same one again.

        Raises:
            BadInput: the checkout policy names no such provider, or it sells nothing there.
            VersionConflict: a probe of the same word is under way.
        """
        identity = self._identity(provider)
        probed = None if probe is None else self._probe(identity, probe)
        now = self._now()
        breaker = self.breakers.load(identity)
        since = counted_from(breaker, opened=opened, now=now)
        log = self.intents.attempts(since=now - LOOKED_BACK, until=now)
        own = [each for each in log if each.provider == provider]
        return examine(
            own, breaker, since=since, now=now, paid=self._paid(own, identity, since), probe=probed
        )

    def _identity(self, provider: str) -> Identity:
        accounts = self.policies.policy().accounts
        if (found := accounts.get(provider)) is None:
            known = ", ".join(accounts) or "none"
            raise BadInput(f"no checkouts go to that provider; known: {known}", field="provider")
        return found

    def _paid(self, own: Sequence[Attempt], identity: Identity, since: int) -> int:
        """1 as soon as one of the newest sessions is found paid; what is found is kept."""
        provider = self.policies.provider(identity.provider)
        for attempt in sessions(own, since=since)[:ASKED_ABOUT]:
            intent = self.intents.load(attempt.intent)
            if intent is not None and self._is_paid(intent, identity, provider):
                return 1
        return 0

    def _is_paid(self, intent: Intent, identity: Identity, provider: CheckoutProvider) -> bool:
        leg = leg_of(intent, identity)
        if leg.state is LegState.LIVE:
            return True
        found = provider.find(leg, intent.id)
        if found is None or found.subscription is None:
            return False
        self.intents.save(looked_up(intent, identity, found, now=self._now()))
        return True

    def _probe(self, identity: Identity, word: str) -> Probed:
        probes = CheckoutProbes(self.intents, self.policies, self.clock)
        leg = probes.send(identity, word)
        return Probed(leg.session, expired=leg.state is LegState.WITHDRAWN)

    def _now(self) -> int:
        return int(self.clock.wall_now().timestamp())
