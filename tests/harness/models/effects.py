"""When something that a customer would notice has changed: the one trigger of every side effect.

Effects (a mail, a change in the product) hang on the projection's own changes and never on events:
events come twice and in any order, and a redelivered tie is written without changing anything. An
effect's key names the subscription and its revision, so whoever carries effects out can refuse to
do one twice, whatever repeats: the stream, the event, or a whole replay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.ordering import Row
    from tocsin.billing.subscription import Subscription


@dataclass(frozen=True, slots=True)
class Effect:
    """One change of what is promised; `before` is None for the first."""

    key: str
    before: Subscription | None
    after: Subscription


def effect(
    identity: Identity, subscription: str, before: Row | None, after: Row | None
) -> Effect | None:
    """The effect of one write, from both images of the row; None where nothing was noticed.

    The key is `<identity>#<subscription>#<rev>`, and never has anything of `ver` in it.
    """
    if after is None or after.subscription is None or after.rev == (before.rev if before else 0):
        return None
    known = before.subscription if before else None
    return Effect(f"{identity}#{subscription}#{after.rev}", known, after.subscription)
