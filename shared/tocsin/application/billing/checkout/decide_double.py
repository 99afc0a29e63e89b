"""Writing down what a person decided about a double: once per key, whoever else writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.billing.checkout.doubles import decide
from tocsin.billing.errors import CheckoutInProgress, UnknownCheckout
from tocsin.errors import NotAllowed
from tocsin.incidents.vocabulary import Group

if TYPE_CHECKING:
    from tocsin.billing.checkout.decision import DoubleDecision
    from tocsin.billing.checkout.intent import Intent
    from tocsin.ports.billing.checkout import IntentStore

MAY_DECIDE = frozenset({Group.RESPONDER, Group.COMMANDER, Group.SECURITY})
RACES = 5


def decide_double(
    intents: IntentStore, intent_id: str, decision: DoubleDecision, groups: frozenset[Group]
) -> tuple[Intent, bool]:
    """The intent as it is then, and whether it had been decided so before under this key.

    Raises:
        NotAllowed: the person is in none of the groups that act.
        UnknownCheckout, NoDouble, NoSuchLeg, IdempotencyKeyReused: see `decide`.
        CheckoutInProgress: others write to it all the time; ask again.
        StoreUnavailable: not known to be written; the same key may be sent again.
    """
    if not groups & MAY_DECIDE:
        raise NotAllowed("A double is decided by a responder.")
    for _ in range(RACES):
        intent = intents.load(intent_id)
        if intent is None:
            raise UnknownCheckout(intent=intent_id)
        after = decide(intent, decision)
        if after == intent:
            return intent, True
        if intents.save(after):
            return after, False
    raise CheckoutInProgress(intent=intent_id)
