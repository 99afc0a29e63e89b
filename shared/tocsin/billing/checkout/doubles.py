"""What a person decided about a double. Recorded, and never carried out by itself.

Refund or cancellation is made at the provider, by a person with rights there; the next look at the
provider sees it, and then the double is gone. Until then it is listed as decided.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tocsin.billing.errors import NoDouble, NoSuchLeg
from tocsin.errors import IdempotencyKeyReused

if TYPE_CHECKING:
    from tocsin.billing.checkout.decision import DoubleDecision
    from tocsin.billing.checkout.intent import Intent


def decide(intent: Intent, decision: DoubleDecision) -> Intent:
    """The intent with the decision; unchanged if the same key decided the same before.

    A later decision replaces an earlier one, which is kept.

    Raises:
        IdempotencyKeyReused: the person's key stands for another decision.
        NoDouble: at most one subscription runs or may run: there is nothing to decide.
        NoSuchLeg: the provider to keep is none of the double's.
    """
    for earlier in intent.decisions:
        if (earlier.by, earlier.key) == (decision.by, decision.key):
            if earlier.wish != decision.wish:
                raise IdempotencyKeyReused
            return intent
    double = intent.double
    if double is None:
        raise NoDouble(intent=intent.id)
    providers = [leg.provider for leg in (double.kept, *double.others)]
    if decision.keep not in providers:
        raise NoSuchLeg(f"`keep` must be one of: {', '.join(sorted(set(providers)))}", field="keep")
    return replace(intent, decisions=(*intent.decisions, decision), ver=intent.ver + 1)
