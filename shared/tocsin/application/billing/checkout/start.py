"""Starting a checkout: the preferred provider, another where it fails, and a trace of everything.

The order of writes is the promise: the intent with a call about to be made, then the call, then
its outcome together with its line in the log. What happens between two writes is found later by
`settle_checkouts`, because the intent says that a call was under way.

An outcome in doubt is not tried again here: the time is better spent on the other provider, and
what the first one may have made is withdrawn when it can be reached.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from tocsin.billing.checkout import breaker as breakers
from tocsin.billing.checkout.attempts import Attempt, Result
from tocsin.billing.checkout.intent import Intent, heard, intent_id, leg_of, looked_up, sent
from tocsin.billing.checkout.leg import PAGE_LIFE, SENT_FOR_LONG, UNSETTLED, LegState
from tocsin.billing.errors import CheckoutCompleted, CheckoutInProgress, NoPaymentPath
from tocsin.billing.outage.signs import LOOK_BACK, checkouts
from tocsin.errors import IdempotencyKeyReused, SecretUnavailable, Unavailable
from tocsin.ports.billing.checkout import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tocsin.billing.checkout.breaker import Breaker
    from tocsin.billing.checkout.leg import Leg
    from tocsin.billing.checkout.routing import Offer
    from tocsin.billing.identity import Identity
    from tocsin.ports.billing.checkout import BreakerStore, IntentStore, PolicySource
    from tocsin.ports.time import WallClock

BREAKER_OPEN, WITHDRAWING, NO_KEY = "breaker_open", "withdrawing", "no_key"
NOT_TRIED = frozenset({BREAKER_OPEN, WITHDRAWING, NO_KEY})
"""Why a provider was not even asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for. `principal` and `key` name the intent: the same again is the same."""

    principal: str
    key: str
    workspace: str
    plan: str
    currency: str
    region: str
    success_url: str
    cancel_url: str

    @property
    def hash(self) -> str:
        plain = {name: value for name, value in asdict(self).items() if name != "principal"}
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Offered:
    """Where the customer pays. `failed_over`: not at the provider that policy prefers."""

    intent: Intent
    leg: Leg
    failed_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkouts:
    """Checkout over its ports. `note` hears of every attempt and every change of a breaker."""

    intents: IntentStore
    breakers: BreakerStore
    policies: PolicySource
    clock: WallClock
    note: Callable[[Attempt | Breaker, Identity], None] = lambda _what, _who: None

    def start(self, wish: Wish) -> Offered:
        """A page to pay on.

        Raises:
            PlanNotSold: nobody sells that.
            IdempotencyKeyReused: the key stands for another wish.
            CheckoutCompleted: a subscription already runs on it.
            CheckoutInProgress: the same wish is being served by another request.
            NoPaymentPath: no provider can take it now; `context` says why, provider by provider.
        """
        offers = self.policies.policy().offers(
            plan=wish.plan, currency=wish.currency, region=wish.region
        )
        intent, unknown = self._outlived(self._intent(wish, offers[0].amount))
        if (chosen := intent.chosen) is not None:
            if chosen.state is LegState.LIVE:
                raise CheckoutCompleted(intent=intent.id, provider=chosen.provider)
            if chosen.provider in unknown:  # it may have been paid, and no other page is made then
                raise NoPaymentPath(intent=intent.id, **unknown)
            return Offered(intent, chosen, chosen.identity != offers[0].identity)
        under_way = intent.under_way
        if under_way is not None and self._now() < under_way.sent_at + SENT_FOR_LONG:
            raise CheckoutInProgress(intent=intent.id)
        why = dict(unknown)
        for offer in offers:
            if offer.identity.provider in unknown:
                continue
            intent, code = self._try(intent, offer, failed_over=bool(why))
            if (chosen := intent.chosen) is not None:
                return Offered(intent, chosen, failed_over=bool(why))
            why[offer.identity.provider] = code
        self._turned_away(intent, offers, why)
        raise NoPaymentPath(intent=intent.id, **why)

    def _turned_away(self, intent: Intent, offers: Sequence[Offer], why: Mapping[str, str]) -> None:
        """Writes down who was not even asked for a customer whom nobody served."""
        at = int(self.clock.wall_now().timestamp() * 1000)
        for offer in offers:
            code = why[offer.identity.provider]
            if code in NOT_TRIED:
                attempt = _attempt(
                    intent, offer.identity.provider, Reply(Result.NOT_TRIED, code), at, 0
                )
                self.intents.note(attempt)
                self.note(attempt, offer.identity)

    def _outlived(self, intent: Intent) -> tuple[Intent, dict[str, str]]:
        """Looks up what may have been made so long ago that its key would make another one.

        Returns:
            The intent after that, and the providers that could not say, each with a word on why.
        """
        unknown: dict[str, str] = {}
        for leg in intent.legs:
            old = self._now() >= (leg.first_sent_at or leg.sent_at) + PAGE_LIFE
            if not old or leg.withdrawing or leg.state not in UNSETTLED | {LegState.OFFERED}:
                continue
            try:
                found = self.policies.provider(leg.provider).find(leg, intent.id)
            except SecretUnavailable:
                found = None
            if found is None:
                unknown[leg.provider] = "not_known_yet"
                continue
            after = looked_up(intent, leg.identity, found, now=self._now(), key=leg.key)
            if after != intent and not self.intents.save(after):
                raise CheckoutInProgress(intent=intent.id)
            intent = after
        return intent, unknown

    def _intent(self, wish: Wish, amount: int) -> Intent:
        name = intent_id(wish.principal, wish.key)
        known = self.intents.load(name)
        if known is None:
            return Intent(
                id=name,
                request_hash=wish.hash,
                workspace=wish.workspace,
                plan=wish.plan,
                currency=wish.currency,
                region=wish.region,
                amount=amount,
                success_url=wish.success_url,
                cancel_url=wish.cancel_url,
                created=self._now(),
            )
        if known.request_hash != wish.hash:
            raise IdempotencyKeyReused
        return known

    def _try(self, intent: Intent, offer: Offer, *, failed_over: bool) -> tuple[Intent, str]:
        """The intent after one provider was asked, or was not, and a word on why."""
        if any(leg.identity == offer.identity and leg.withdrawing for leg in intent.legs):
            return intent, WITHDRAWING
        try:  # before anything is written: a call that was stored as sent would be in doubt
            provider = self.policies.provider(offer.identity.provider)
        except SecretUnavailable:
            return intent, NO_KEY
        if not self._admitted(offer.identity):
            return intent, BREAKER_OPEN
        about_to = sent(intent, offer, now=self._now())
        if not self.intents.save(about_to):
            raise CheckoutInProgress(intent=intent.id)
        leg = leg_of(about_to, offer.identity)
        began = self.clock.wall_now()
        reply = provider.create(about_to, leg)
        elapsed = int((self.clock.wall_now() - began).total_seconds() * 1000)
        at = int(began.timestamp() * 1000)
        attempt = _attempt(about_to, leg.provider, reply, at, elapsed, failed_over=failed_over)
        after = heard(
            about_to,
            offer.identity,
            reply.result,
            now=self._now(),
            code=reply.code,
            session=reply.session,
            url=reply.url,
        )
        if not self.intents.save(after, attempt):
            raise CheckoutInProgress(intent=intent.id)
        self.note(attempt, offer.identity)
        self._judge(offer.identity, attempt)
        return after, reply.code

    def _admitted(self, identity: Identity) -> bool:
        """Whether a call may be made; a breaker that cannot be read stops no sale."""
        try:
            breaker = self.breakers.load(identity)
            admission = breakers.admit(breaker, now=self._now())
            if admission.next is None:
                return admission.allowed
            return self._moved(identity, admission.next) and admission.allowed
        except Unavailable:
            return True

    def _judge(self, identity: Identity, attempt: Attempt) -> None:
        """Moves the breaker; if that fails, the next failure moves it, for the log remembers."""
        try:
            breaker, now = self.breakers.load(identity), self._now()
            if attempt.worked:
                moved = breakers.after_success(breaker, now=now)
            elif attempt.failed:
                moved = breakers.after_failure(breaker, failing=self.failing(identity), now=now)
            else:
                moved = breakers.after_nothing(breaker)
            if moved is not None:
                self._moved(identity, moved)
        except Unavailable:
            return

    def failing(self, identity: Identity) -> bool:
        """What the rule says of the log, since the breaker last closed."""
        now = self._now()
        breaker = self.breakers.load(identity)
        after = breaker.since if breaker.phase is breakers.Phase.CLOSED else 0
        log = self.intents.attempts(since=max(after, now - LOOK_BACK), until=now)
        own = [each for each in log if each.provider == identity.provider]
        return checkouts(own, now=now, after=after).broken

    def _moved(self, identity: Identity, breaker: Breaker) -> bool:
        written = self.breakers.save(identity, breaker)
        if written:
            self.note(breaker, identity)
        return written

    def _now(self) -> int:
        return int(self.clock.wall_now().timestamp())


def _attempt(
    intent: Intent, provider: str, reply: Reply, at: int, elapsed: int, *, failed_over: bool = False
) -> Attempt:
    return Attempt(
        at=at,
        intent=intent.id,
        provider=provider,
        result=reply.result,
        code=reply.code,
        elapsed=elapsed,
        workspace=intent.workspace,
        region=intent.region,
        plan=intent.plan,
        amount=intent.amount,
        currency=intent.currency,
        http_status=reply.http_status,
        failed_over=failed_over,
    )
