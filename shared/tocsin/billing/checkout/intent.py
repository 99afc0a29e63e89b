"""One customer's wish to pay, and what was asked of whom because of it.

The intent is stored before any provider is called, and every call is a `Leg` of it that is stored
as sent before it is sent. Whatever happens afterwards (no answer, a crash, a rubbish answer) there
is a leg that says so. That is the whole of the promise: a subscription that may exist is always
written down, and where more than one may exist the intent is listed as a possible double until
all but one are known not to be.

Nothing here refunds or cancels what a customer has paid for: a double is a proposal to a person.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tocsin.billing.checkout.attempts import Result
from tocsin.billing.checkout.leg import ABSENCE_PROVES, ABSENT, MAY_LIVE, UNSETTLED, Leg, LegState

if TYPE_CHECKING:
    from tocsin.billing.checkout.decision import DoubleDecision
    from tocsin.billing.checkout.routing import Offer
    from tocsin.billing.identity import Identity


_OF_RESULT = {
    Result.OFFERED: LegState.OFFERED,
    Result.DOUBT: LegState.DOUBT,
    Result.FAILED: LegState.FAILED,
    Result.REFUSED: LegState.REFUSED,
    Result.UNKNOWN: LegState.DOUBT,
}


@dataclass(frozen=True, slots=True)
class Intent:
    """A wish to pay. `amount` in the currency's smallest unit; `ver` rises with every write.

    `request_hash` is over what was asked, so that one idempotency key cannot stand for two wishes.
    `legs` are one for each provider, and behind them earlier ones of the same whose keys are still
    looked for. `decisions` are what persons decided while it was a double, the newest last.
    """

    id: str
    request_hash: str
    workspace: str
    plan: str
    currency: str
    region: str
    amount: int
    success_url: str
    cancel_url: str
    created: int
    legs: tuple[Leg, ...] = ()
    ver: int = 0
    decisions: tuple[DoubleDecision, ...] = ()

    @property
    def place(self) -> tuple[int, str]:
        """Its place among others: when it was made, and its id."""
        return self.created, self.id

    @property
    def chosen(self) -> Leg | None:
        """The leg the customer was sent to, once there is one: the first with something to pay.

        A subscription that runs goes before a page that was only offered; of several that run, the
        one that a person decided to keep.
        """
        wanted = self.decisions[-1].keep if self.decisions else None
        for state in (LegState.LIVE, LegState.OFFERED):
            if found := [leg for leg in self.legs if leg.state is state]:
                return next((leg for leg in found if leg.provider == wanted), found[0])
        return None

    @property
    def settled(self) -> bool:
        """Whether nothing is left to find out or to put before a person."""
        return not self.to_settle and self.double is None

    @property
    def look_again_at(self) -> int | None:
        """When one of its keys is looked for once more; None: none of them is."""
        return min((leg.look_again_at for leg in self.legs if leg.look_again_at), default=None)

    @property
    def to_settle(self) -> tuple[Leg, ...]:
        """Legs to be looked up at their provider: unanswered, or beside the one that counts."""
        return tuple(
            leg
            for leg in self.legs
            if leg.state in UNSETTLED or (leg.state is LegState.OFFERED and leg != self.chosen)
        )

    @property
    def under_way(self) -> Leg | None:
        """The leg that was sent and of which no outcome is stored."""
        return next((leg for leg in self.legs if leg.state is LegState.SENT), None)

    @property
    def double(self) -> Double | None:
        """More than one leg that may be, or is, a running subscription."""
        may = tuple(leg for leg in self.legs if leg.state in MAY_LIVE)
        if len(may) < 2:  # noqa: PLR2004 - a pair
            return None
        decision = self.decisions[-1] if self.decisions else None
        decided = next((leg for leg in may if decision and leg.provider == decision.keep), None)
        kept = decided or self.chosen or may[0]
        others = tuple(leg for leg in may if leg != kept)
        certain = kept.state is LegState.LIVE and any(leg.state is LegState.LIVE for leg in others)
        return Double(
            intent=self.id,
            workspace=self.workspace,
            kept=kept,
            others=others,
            amount=self.amount * len(others),
            currency=self.currency,
            certain=certain,
            decision=decision if decided else None,
        )


def waits(intent: Intent, again_by: int) -> bool:
    """Whether there is something to do about it, or a key to be looked for again by that time."""
    again = intent.look_again_at
    return not intent.settled or (again is not None and again <= again_by)


@dataclass(frozen=True, slots=True)
class Double:
    """What may be charged twice: `others` beside `kept`, `amount` in all, and what is proposed.

    A person decides. What has run and was charged is refunded and cancelled; what could only still
    be paid is cancelled. Once `decision` is there it is what is proposed, and the double stays
    until the providers say that one subscription runs: nothing here carries it out.
    """

    intent: str
    workspace: str
    kept: Leg
    others: tuple[Leg, ...]
    amount: int
    currency: str
    certain: bool
    decision: DoubleDecision | None = None

    @property
    def proposal(self) -> str:
        if self.decision is not None:
            return self.decision.remedy
        return "refund" if self.certain else "cancel"


def intent_id(principal: str, key: str) -> str:
    """The id that a caller's idempotency key stands for: the same key finds the same intent."""
    digest = hashlib.sha256(f"{len(principal)}:{principal}\0{key}".encode()).hexdigest()
    return f"int_{digest[:32]}"


def sent(intent: Intent, offer: Offer, *, now: int) -> Intent:
    """The intent with a call to that provider about to be made, to be stored before it is.

    A provider has one leg per intent. Asked again, it is with the same key while what was made with
    that one may still count, and with a fresh one and no doubt afterwards; the former key stays
    behind in a leg of its own as long as it is looked for.
    """
    leg = next((each for each in intent.legs if each.identity == offer.identity), None)
    if leg is None:
        key = f"tocsin-{intent.id}-{offer.identity.provider}"
        fresh = Leg(
            offer.identity, offer.price, key, LegState.SENT, now, first_sent_at=now, called_at=now
        )
        return replace(intent, legs=(*intent.legs, fresh), ver=intent.ver + 1)
    doubted = leg.doubted or leg.state in UNSETTLED
    again = replace(
        leg,
        state=LegState.SENT,
        sent_at=now,
        called_at=leg.last_call,
        settled_at=None,
        doubted=doubted,
    )
    former: tuple[Leg, ...] = ()
    if leg.used_up:
        former = (leg,) if leg.look_again_at else ()
        tries, first_key = leg.tries + 1, leg.key.partition("~")[0]
        again = replace(
            again,
            price=offer.price if offer.amount == intent.amount else leg.price,
            key=f"{first_key}~{tries}",
            session=None,
            url=None,
            tries=tries,
            doubted=False,
            first_sent_at=now,
            called_at=now,
            look_again_at=0,
        )
    asked = _with(intent, leg, again)
    return replace(asked, legs=(*asked.legs, *former))


def heard(
    intent: Intent,
    identity: Identity,
    result: Result,
    *,
    now: int,
    code: str = "",
    session: str | None = None,
    url: str | None = None,
) -> Intent:
    """The intent after a call's outcome."""
    leg = leg_of(intent, identity)
    state = _OF_RESULT[result]
    if leg.doubted and state is not LegState.OFFERED:
        state = LegState.DOUBT
    after = replace(
        leg,
        state=state,
        code=code,
        session=session,
        url=url,
        settled_at=None if state is LegState.DOUBT else now,
        called_at=leg.called_at if result is Result.UNKNOWN else leg.sent_at,
    )
    return _with(intent, leg, after)


@dataclass(frozen=True, slots=True)
class Found:
    """What a provider's own list says of one leg.

    `session` None: it has none (worth something only after a while). `payable`: it can still be
    paid. `subscription`: what runs on it. Neither: it is over. `listed`: the account lists anything
    at all. One that does not has sold nothing yet, or is in trouble and says 200.
    """

    session: str | None
    payable: bool = False
    subscription: str | None = None
    listed: bool = True


def looked_up(
    intent: Intent, identity: Identity, found: Found, *, now: int, key: str | None = None
) -> Intent:
    """The intent after a look at the provider; unchanged where the look said nothing.

    A session that can still be paid is to be expired once that is stored, and then looked at again,
    for it may have been paid in between. The page the customer was sent to is left to them. With a
    `key` it is the leg that was called with it.
    """
    leg = leg_of(intent, identity, key)
    known = replace(leg, look_again_at=0)
    if found.subscription is not None:
        return _with(
            intent,
            leg,
            replace(
                known,
                state=LegState.LIVE,
                session=found.session or leg.session,
                subscription=found.subscription,
                settled_at=now,
            ),
        )
    if found.session is None:
        return _not_listed(intent, leg, now) if found.listed else intent
    if found.payable and leg == intent.chosen:
        return intent
    if found.payable:
        return _with(intent, leg, replace(known, state=LegState.WITHDRAWING, session=found.session))
    return _with(
        intent,
        leg,
        replace(known, state=LegState.WITHDRAWN, session=found.session, settled_at=now),
    )


def _not_listed(intent: Intent, leg: Leg, now: int) -> Intent:
    """A list that has others and not this one's: nobody waits for it, and it is looked for again.

    An earlier key of a provider that was asked again is forgotten after the last look.
    """
    if leg.session is not None or now < leg.last_call + ABSENCE_PROVES:
        return intent
    again = leg.next_look(now)
    if not again and leg is not leg_of(intent, leg.identity):
        return replace(
            intent, legs=tuple(each for each in intent.legs if each is not leg), ver=intent.ver + 1
        )
    settled = leg.settled_at if leg.code == ABSENT else now
    absent = replace(
        leg,
        state=LegState.FAILED,
        settled_at=settled,
        code=ABSENT,
        doubted=False,
        look_again_at=again,
    )
    return _with(intent, leg, absent)


def leg_of(intent: Intent, identity: Identity, key: str | None = None) -> Leg:
    """The leg of that provider, or the one that was called with that key.

    Raises:
        KeyError: it was never asked, or never with that key.
    """
    for leg in intent.legs:
        if leg.identity == identity and key in {None, leg.key}:
            return leg
    raise KeyError(str(identity))


def _with(intent: Intent, leg: Leg, after: Leg) -> Intent:
    if leg == after:
        return intent
    legs = tuple(after if each is leg else each for each in intent.legs)
    return replace(intent, legs=legs, ver=intent.ver + 1)
