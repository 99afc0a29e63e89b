"""Checkouts of ours at a provider, to see whether it makes pages: on request, and where it is shut.

A probe is an intent like a customer's, stored before the provider is called, so that a crash
leaves it to `settle_checkouts`. Its page is shown to nobody: it is stored as being withdrawn in the
same write in which it is first heard of, expired, and looked at again. Nothing can be charged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tocsin.billing.checkout import breaker as breakers
from tocsin.billing.checkout.attempts import Result
from tocsin.billing.checkout.intent import Intent, heard, intent_id, leg_of, looked_up, sent
from tocsin.billing.checkout.leg import MADE_A_PAGE, LegState
from tocsin.billing.checkout.routing import Offer
from tocsin.billing.outage.examination import PROBE_WORKSPACE
from tocsin.errors import BadInput, VersionConflict

if TYPE_CHECKING:
    from tocsin.billing.checkout.breaker import Breaker
    from tocsin.billing.checkout.leg import Leg
    from tocsin.billing.identity import Identity
    from tocsin.ports.billing.checkout import BreakerStore, IntentStore, PolicySource
    from tocsin.ports.time import WallClock

PRINCIPAL = "tocsin:examination"
_NOWHERE = "https://probe.invalid/"


@dataclass(frozen=True, slots=True)
class CheckoutProbes:
    """Sends them. The same word finds the same probe again."""

    intents: IntentStore
    policies: PolicySource
    clock: WallClock

    def send(self, identity: Identity, word: str) -> Leg:
        """One probe, and what is known of its page then.

        Raises:
            BadInput: the provider sells nothing to probe.
            VersionConflict: a probe of the same word is under way.
        """
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
        return leg

    def _called(self, intent: Intent, identity: Identity) -> Intent:
        provider = self.policies.provider(identity.provider)
        about_to = sent(intent, self._offer(identity, intent), now=self._now())
        self._keep(about_to)
        leg = leg_of(about_to, identity)
        reply = provider.create(about_to, leg)
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


def probe_shut(
    identity: Identity, stored: BreakerStore, probes: CheckoutProbes, *, now: int
) -> Breaker:
    """The breaker after one probe of a provider that is shut, or as it was where none was due.

    Customers go there only where their preferred provider does not serve them: a stand-in that has
    recovered would stay shut for as long as nobody needs it.

    Raises:
        StoreUnavailable: not known to be written.
        TocsinError: the probe could not be sent; its place comes back by itself.
    """
    breaker = stored.load(identity)
    if breaker.phase is breakers.Phase.CLOSED:
        return breaker
    admission = breakers.admit(breaker, now=now)
    if admission.next is None or not stored.save(identity, admission.next):
        return breaker  # it still cools, or somebody else is the probe
    breaker = admission.next
    leg = probes.send(identity, f"shut-{identity}-{breaker.ver}-{now}")
    present = stored.load(identity)
    if leg.state in MADE_A_PAGE:
        moved = breakers.after_success(present, now=now)
    elif leg.state is LegState.REFUSED:
        moved = breakers.after_nothing(present)
    else:
        moved = breakers.after_failure(present, failing=True, now=now)
    if moved is not None and stored.save(identity, moved):
        return moved
    return present
