"""Examining new checkouts at a provider: the log, whether a session was paid, a probe on request.

A probe is an intent like a customer's, stored before the provider is called, so that a crash
leaves it to `settle_checkouts`. Its page is shown to nobody: it is stored as being withdrawn in the
same write in which it is first heard of, expired, and looked at again. Nothing can be charged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tocsin.billing.checkout.attempts import Result
from tocsin.billing.checkout.intent import (
    Intent,
    LegState,
    heard,
    intent_id,
    leg_of,
    looked_up,
    sent,
)
from tocsin.billing.checkout.routing import Offer
from tocsin.billing.outage.examination import (
    ASKED_ABOUT,
    LOOKED_BACK,
    PROBE_WORKSPACE,
    Probed,
    counted_from,
    examine,
    sessions,
)
from tocsin.errors import BadInput, VersionConflict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.billing.checkout.attempts import Attempt
    from tocsin.billing.identity import Identity
    from tocsin.billing.outage.examination import Examination
    from tocsin.ports.billing.checkout import (
        BreakerStore,
        CheckoutProvider,
        IntentStore,
        PolicySource,
    )
    from tocsin.ports.time import WallClock

PRINCIPAL = "tocsin:examination"
_NOWHERE = "https://probe.invalid/"


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
        name = intent_id(PRINCIPAL, word)
        intent = self.intents.load(name) or self._wish(identity, name)
        if not intent.legs:
            intent = self._called(intent, identity)
        leg = leg_of(intent, identity)
        if leg.withdrawing:
            provider = self.policies.provider(identity.provider)
            provider.expire(leg)
            found = provider.find(leg, intent.id)
            if found is not None and not found.payable:
                after = looked_up(intent, identity, found, now=self._now())
                self.intents.save(after)
                leg = leg_of(after, identity)
        return Probed(leg.session, expired=leg.state is LegState.WITHDRAWN)

    def _called(self, intent: Intent, identity: Identity) -> Intent:
        about_to = sent(intent, self._offer(identity, intent), now=self._now())
        self._keep(about_to)
        leg = leg_of(about_to, identity)
        reply = self.policies.provider(identity.provider).create(about_to, leg)
        after = heard(
            about_to,
            identity,
            reply.result,
            now=self._now(),
            code=reply.code,
            session=reply.session,
            url=reply.url,
        )
        if reply.result is Result.OFFERED:
            # The page of a customer would be left to them; nobody is sent to this one.
            page = replace(leg_of(after, identity), state=LegState.WITHDRAWING)
            after = replace(after, legs=(page,))
        self._keep(after)
        return after

    def _keep(self, intent: Intent) -> None:
        if not self.intents.save(intent):
            raise VersionConflict("this probe is under way; ask again in a moment")

    def _wish(self, identity: Identity, name: str) -> Intent:
        """A wish for whatever the provider sells first."""
        for (plan, currency), price in self.policies.policy().prices.items():
            if identity.provider in price.ids:
                return Intent(
                    id=name,
                    request_hash=name,
                    workspace=PROBE_WORKSPACE,
                    plan=plan,
                    currency=currency,
                    region="ZZ",
                    amount=price.amount,
                    success_url=_NOWHERE,
                    cancel_url=_NOWHERE,
                    created=self._now(),
                )
        raise BadInput(f"{identity.provider} sells nothing to probe", field="provider")

    def _offer(self, identity: Identity, intent: Intent) -> Offer:
        price = self.policies.policy().prices[intent.plan, intent.currency]
        return Offer(identity, price.ids[identity.provider], price.amount, intent.currency)

    def _now(self) -> int:
        return int(self.clock.wall_now().timestamp())
