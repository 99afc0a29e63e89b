"""Finding out what became of calls nobody heard the end of, and leaving one thing to pay at most.

Run every minute. For each unsettled intent, every leg that is in doubt, or stands beside the one
the customer was sent to, is looked up at its provider. What can still be paid there is expired;
what runs is left alone and stays listed as a double until a person has decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.billing.checkout.intent import SENT_FOR_LONG, LegState, leg_of, looked_up

if TYPE_CHECKING:
    from tocsin.billing.checkout.intent import Double, Intent, Leg
    from tocsin.ports.billing.checkout import IntentStore, PolicySource
    from tocsin.ports.time import WallClock


@dataclass(frozen=True, slots=True)
class Settled:
    """What one run did: intents looked at, those settled by it, and the doubles that are left."""

    looked_at: int
    settled: int
    doubles: tuple[Double, ...]


def settle(
    *, intents: IntentStore, policies: PolicySource, clock: WallClock, limit: int = 50
) -> Settled:
    """One run over the oldest unsettled intents.

    Raises:
        StoreUnavailable: what was found could not be kept; the next run finds it again.
    """
    open_ones = intents.unsettled(limit=limit)
    settled, doubles = 0, []
    for intent in open_ones:
        after = _one(intent, intents, policies, clock)
        settled += after.settled
        if after.double is not None:
            doubles.append(after.double)
    return Settled(len(open_ones), settled, tuple(doubles))


def _one(intent: Intent, intents: IntentStore, policies: PolicySource, clock: WallClock) -> Intent:
    for leg in _due(intent, _now(clock)):
        provider = policies.provider(leg.provider)
        for expire_first in (False, True):
            present = leg_of(intent, leg.identity)
            # Only what is stored as being withdrawn: from then on nobody is sent there.
            if expire_first and not (present.withdrawing and provider.expire(present)):
                break
            found = provider.find(present, intent.id)
            if found is None:
                break
            after = looked_up(intent, leg.identity, found, now=_now(clock))
            if after != intent and not intents.save(after):
                return intent  # somebody else is at it; the next run sees what came of that
            intent = after
    return intent


def _due(intent: Intent, now: int) -> list[Leg]:
    """Legs to look up: of a double all, the one that counts too.

    The page the customer was sent to may have been paid, which alone makes a double certain; and
    what runs may have been ended by a person meanwhile.
    """
    double = intent.double
    running = (double.kept, *double.others) if double else ()
    wanted = {leg.identity: leg for leg in (*intent.to_settle, *running)}
    return [
        leg
        for leg in wanted.values()
        if leg.state is not LegState.SENT or now >= leg.sent_at + SENT_FOR_LONG
    ]


def _now(clock: WallClock) -> int:
    return int(clock.wall_now().timestamp())
