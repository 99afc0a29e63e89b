"""What is said while a billing provider is failing: one situation, and all texts made from it.

The public page, the update to stakeholders and the note for support cannot contradict each other,
because none of them is written by hand. Nothing is claimed that is not known: not why, not until
when, and never that it is contained.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tocsin.billing.outage.signs import URGENT, Trouble
from tocsin.billing.provider import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SAY = (
    "What to say: a payment provider has a problem; we know and are working on it; access is kept"
    " while this lasts; a payment that failed was not taken."
)
_DO_NOT_PROMISE = (
    "What not to promise: a time when it is fixed, a cause, or a refund before the workspace was"
    " looked up."
)
DIVERGED = frozenset({Trouble.DIVERGENCE})
NONE: frozenset[Trouble] = frozenset()
PLANS_NAMED = 5
OPERATIONAL, DEGRADED, DOWN = "operational", "degraded", "down"


@dataclass(frozen=True, slots=True)
class Situation:
    """How billing is. Times are epoch seconds.

    `troubles` by provider, only those that fire. `providers` are all that checkouts may go to.
    `next_update` is when more will be said; None while there is nothing to say. `frozen`: an
    incident holds the changes of billing that can wait. `sold` has who sells a plan in a currency.
    """

    providers: tuple[str, ...]
    troubles: Mapping[str, frozenset[Trouble]]
    since: int | None
    next_update: int | None
    as_of: int
    frozen: bool = False
    sold: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)

    @property
    def failing(self) -> tuple[str, ...]:
        """Providers on whom customers cannot pay."""
        return tuple(p for p in self.providers if self.troubles.get(p, NONE) & URGENT)

    @property
    def working(self) -> tuple[str, ...]:
        return tuple(p for p in self.providers if p not in self.failing)

    @property
    def unpayable(self) -> tuple[tuple[str, str], ...]:
        """Plans and currencies that are sold only by who fails."""
        failing = frozenset(self.failing)
        return tuple(sorted(what for what, by in self.sold.items() if by <= failing))

    @property
    def level(self) -> str:
        """`down`: nobody can pay; `degraded`: somebody is failing, or news comes late.

        Judged by what is sold: a provider that works and sells nothing is no way to pay.
        """
        if not any(self.troubles.values()):
            return OPERATIONAL
        nowhere = not self.working or (self.sold and len(self.unpayable) == len(self.sold))
        return DOWN if self.failing and nowhere else DEGRADED


@dataclass(frozen=True, slots=True)
class Wording:
    """The texts. `public` for customers, `stakeholders` in one paragraph, `support` in lines."""

    headline: str
    public: str
    stakeholders: str
    support: tuple[str, ...]


def word(situation: Situation) -> Wording:
    """All texts of a situation."""
    if situation.level == OPERATIONAL:
        calm = "Payments and subscriptions are working normally."
        return Wording("All billing systems are working", calm, calm, (calm,))
    fails, works = _fails(situation), _works(situation)
    promise = f"Next update by {moment(situation.next_update)}." if situation.next_update else ""
    headline = (
        "Payments are not possible at the moment"
        if situation.level == DOWN
        else "Some payments are affected"
    )
    return Wording(
        headline=headline,
        public=_joined(fails, works, "Nothing you already pay for is lost.", promise),
        stakeholders=_joined(
            f"Degraded billing path since {moment(situation.since)}.",
            fails,
            works,
            "Non-essential billing changes are frozen." if situation.frozen else "",
            promise,
        ),
        support=tuple(
            line
            for line in (
                f"What fails: {fails}",
                f"What works: {works}",
                _SAY,
                _DO_NOT_PROMISE,
                promise and f"Next update: by {moment(situation.next_update)}",
            )
            if line
        ),
    )


def gist(situation: Situation) -> str:
    """What is said without any time: two situations with the same are the same news."""
    return word(replace(situation, since=None, next_update=None)).stakeholders


def moment(seconds: int | None) -> str:
    """`2026-09-08 14:00 UTC`; `an unknown time` where it is not known."""
    if seconds is None:
        return "an unknown time"
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def _fails(situation: Situation) -> str:
    failing = _named(situation.failing)
    late = [
        p
        for p in situation.providers
        if p not in situation.failing and situation.troubles.get(p, NONE) - DIVERGED
    ]
    parts = [f"New payments through {failing} fail." if failing else ""]
    if late:
        parts.append(f"News from {_named(tuple(late))} about payments arrives late.")
    if differing := tuple(
        p for p in situation.providers if situation.troubles.get(p, NONE) & DIVERGED
    ):
        parts.append(f"Subscriptions at {_named(differing)} are being checked against our records.")
    return _joined(*parts)


def _works(situation: Situation) -> str:
    if situation.level == DOWN:
        return "New payments cannot be taken now; existing subscriptions keep their access."
    if situation.failing:
        others = (
            f"New payments go through {_named(situation.working)} where the plan is sold there."
        )
        return _joined(others, _nowhere(situation.unpayable))
    return "New payments work."


def _nowhere(unpayable: Sequence[tuple[str, str]]) -> str:
    return f"Payments for {plans(unpayable)} cannot be taken now." if unpayable else ""


def plans(sold: Sequence[tuple[str, str]]) -> str:
    """`pro in USD, team in EUR`, with a count of the rest where there are many."""
    named = ", ".join(f"{plan} in {currency}" for plan, currency in sold[:PLANS_NAMED])
    more = len(sold) - PLANS_NAMED
    return f"{named} and {more} more" if more > 0 else named


def _named(providers: tuple[str, ...]) -> str:
    return " and ".join(PROVIDERS[each].title if each in PROVIDERS else each for each in providers)


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)
