"""Finding out what became of calls nobody heard the end of, and leaving one thing to pay at most.

Run every minute. For each unsettled intent, every leg that is in doubt, or stands beside the one
the customer was sent to, is looked up at its provider. What can still be paid there is expired;
what runs is left alone and stays listed as a double until a person has decided. Keys of which a
list said that they made nothing are looked for again when they are due: nobody waits for that.

None keeps another from being looked at: each run goes on behind the last one of the run before, a
provider that answers nothing is left alone until the next run, and what cannot be looked up or
kept is counted, named and passed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tocsin.billing.checkout.intent import leg_of, looked_up
from tocsin.billing.checkout.leg import SENT_FOR_LONG, LegState
from tocsin.errors import TocsinError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tocsin.billing.checkout.intent import Double, Intent
    from tocsin.billing.checkout.leg import Leg
    from tocsin.ports.billing.checkout import IntentStore, PolicySource
    from tocsin.ports.time import WallClock

PAGE = 200
LONGEST = 25
"""Seconds after which a run looks at no further intent: the round has other things to do."""

SILENT_AFTER = 3
"""Looks in a row that a provider leaves without an answer before it is asked no more in this run:
each costs its time-outs."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What one run did: intents looked at, those settled by it, and all doubles that are left.

    `reached` is the place behind which the next run goes on. `waiting` counts all that there was to
    look at before it; `failed` are the errors of those that could not be looked up or kept, by
    intent.
    """

    looked_at: int
    settled: int
    doubles: tuple[Double, ...]
    reached: tuple[int, str] | None = None
    waiting: int = 0
    failed: dict[str, TocsinError] = field(default_factory=dict)


def every_unsettled(intents: IntentStore, *, again_by: int = 0) -> Iterator[Intent]:
    """All of them, the oldest first, however many there are.

    With `again_by`, in epoch seconds, those too of which a key is looked for again by then.
    """
    page = intents.unsettled(limit=PAGE, again_by=again_by)
    while page:
        yield from page
        if len(page) < PAGE:
            return
        page = intents.unsettled(limit=PAGE, after=page[-1].place, again_by=again_by)


def settle(
    *,
    intents: IntentStore,
    policies: PolicySource,
    clock: WallClock,
    limit: int = 50,
    after: tuple[int, str] | None = None,
) -> Settled:
    """One run over `limit` unsettled intents: those behind `after`, then from the beginning.

    Raises:
        StoreUnavailable: the list cannot be read.
    """
    now = _now(clock)
    waiting = {each.id: each for each in every_unsettled(intents, again_by=now)}
    desk, until = _Desk(intents, policies, clock), _now(clock) + LONGEST
    settled, looked_at, reached, failed = 0, 0, after, dict[str, TocsinError]()
    for intent in _turns(waiting.values(), after)[:limit]:
        if _now(clock) >= until:
            break
        looked_at, reached = looked_at + 1, intent.place
        try:
            waiting[intent.id] = desk.look(intent)
        except TocsinError as error:
            failed[intent.id] = error
        settled += waiting[intent.id].settled and not intent.settled
    doubles = (each.double for each in waiting.values())
    left = tuple(each for each in doubles if each is not None)
    return Settled(looked_at, settled, left, reached, len(waiting), failed)


def _turns(waiting: Iterable[Intent], after: tuple[int, str] | None) -> list[Intent]:
    """In the order of their turns: those that the run before did not come to are first."""
    had = {each.id: after is not None and each.place <= after for each in waiting}
    return sorted(waiting, key=lambda each: (had[each.id], each.place))


@dataclass(slots=True)
class _Desk:
    """Looks up intents, one after the other. `silent` counts looks in a row without an answer."""

    intents: IntentStore
    policies: PolicySource
    clock: WallClock
    silent: Counter[str] = field(default_factory=Counter)

    def look(self, intent: Intent) -> Intent:
        """The intent after all of its legs were looked up, as far as that was possible.

        Raises:
            TocsinError: what keeps a leg from being looked up or kept; the others were looked up
                all the same.
        """
        failed: TocsinError | None = None
        for leg in _due(intent, _now(self.clock)):
            if self.silent[leg.provider] >= SILENT_AFTER:
                continue
            try:
                intent, kept = self._leg(intent, leg)
            except TocsinError as error:
                failed, kept = error, True
            if not kept:
                return intent  # somebody else is at it; the next run sees what came of that
        if failed is not None:
            raise failed
        return intent

    def _leg(self, intent: Intent, leg: Leg) -> tuple[Intent, bool]:
        """The intent after one leg was looked up, and whether it could be kept."""
        provider = self.policies.provider(leg.provider)
        for expire_first in (False, True):
            present = leg_of(intent, leg.identity, leg.key)
            # Only what is stored as being withdrawn: from then on nobody is sent there.
            if expire_first and not (present.withdrawing and provider.expire(present)):
                break
            found = provider.find(present, intent.id)
            if found is None:
                self.silent[leg.provider] += 1
                break
            self.silent[leg.provider] = 0
            after = looked_up(intent, leg.identity, found, now=_now(self.clock), key=leg.key)
            if after != intent and not self.intents.save(after):
                return intent, False
            intent = after
            if found.session is None:
                break  # and an earlier key may be forgotten now
        return intent, True


def _due(intent: Intent, now: int) -> list[Leg]:
    """Legs to look up: of a double all, the one that counts too, and keys to look for again.

    The page the customer was sent to may have been paid, which alone makes a double certain; and
    what runs may have been ended by a person meanwhile.
    """
    double = intent.double
    running = (double.kept, *double.others) if double else ()
    again = [leg for leg in intent.legs if 0 < leg.look_again_at <= now]
    wanted = {leg.key: leg for leg in (*intent.to_settle, *running, *again)}
    return [
        leg
        for leg in wanted.values()
        if leg.state is not LegState.SENT or now >= leg.sent_at + SENT_FOR_LONG
    ]


def _now(clock: WallClock) -> int:
    return int(clock.wall_now().timestamp())
