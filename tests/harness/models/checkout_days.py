"""Days of checkouts at one provider, healthy or with an outage, and what the rule says of them.

Customers come at random, a tenth as often by night. Some checkouts fail for reasons of their own;
then most customers ask again, and half of those fail again whatever they do, as a call in doubt
does that can only be looked for.
"""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.billing.checkout.attempts import Attempt, Result
from tocsin.billing.outage.signs import LOOK_BACK, WORKSPACES, checkouts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MINUTE, HOUR, DAY = 60, 3_600, 86_400
NIGHT = 6 * HOUR
LATER = 10
"""Minutes after a failure in which a rule that waits for calm may still come to its word."""

type Line = tuple[int, int, bool]
"""One attempt: when, whose, whether it failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Customers:
    """`a_day` on average; `errors` of a hundred fail; `again`: who fails asks up to thrice more."""

    a_day: int
    errors: float
    again: bool
    seed: int = 1

    def days(self, count: int) -> Iterator[list[Line]]:
        dice = random.Random(self.seed)
        for _ in range(count):
            yield self.day(dice)

    def day(self, dice: random.Random, *, outage: range = range(0), share: float = 1) -> list[Line]:
        """The attempts of a day in order. In `outage`, `share` of all customers fail for good."""
        lines = []
        for who, at in enumerate(self._arrivals(dice)):
            stuck = at in outage and dice.random() < share
            failed = stuck or dice.random() * 100 < self.errors
            lines.append((at, who, failed))
            stuck = stuck or dice.random() < 0.5
            for _ in range(dice.randrange(4) if failed and self.again else 0):
                at += dice.randrange(10, 120)  # noqa: PLW2901 - the same customer, later
                failed = stuck or dice.random() * 100 < self.errors
                lines.append((at, who, failed))
                if not failed:
                    break
        return sorted(lines)

    def _arrivals(self, dice: random.Random) -> list[int]:
        by_day = (DAY - NIGHT) / (DAY - NIGHT + NIGHT / 10)
        arrivals, at, pace = [], 0.0, self.a_day / DAY
        while (at := at + dice.expovariate(pace)) < DAY:
            day = dice.random() < by_day
            arrivals.append(dice.randrange(NIGHT, DAY) if day else dice.randrange(NIGHT))
        return sorted(arrivals)


def declared(lines: Sequence[Line]) -> int | None:
    """When the rule first says of these attempts that the provider fails, looked at as deployed.

    After each failure, and every minute for the ten after it.
    """
    failed_by = [(at, who) for at, who, failed in lines if failed]
    failures = [at for at, _ in failed_by]
    times = [at for at, _, _ in lines]
    for number, at in enumerate(failures):
        lately = failed_by[bisect_right(failures, at - LOOK_BACK) : number + 1]
        if len({who for _, who in lately}) < WORKSPACES:
            continue  # no rule speaks then, which spares looking
        next_one = failures[number + 1] if number + 1 < len(failures) else at + DAY
        for now in range(at, min(next_one, at + LATER * MINUTE + 1), MINUTE):
            window = lines[bisect_left(times, now - LOOK_BACK) : bisect_right(times, now)]
            if checkouts([_attempt(*line) for line in window], now=now).broken:
                return now
    return None


def _attempt(at: int, who: int, failed: bool) -> Attempt:  # noqa: FBT001 - a line's third part
    return Attempt(
        at=at * 1_000,
        intent=f"int_{who}",
        provider="stripe",
        result=Result.DOUBT if failed else Result.OFFERED,
        code="",
        elapsed=100,
        workspace=f"ws_{who}",
        region="IN",
        plan="pro",
        amount=100,
        currency="INR",
    )


def false_declarations(customers: Customers, days: int) -> int:
    """On how many healthy days the rule declared an outage."""
    return sum(declared(day) is not None for day in customers.days(days))


def minutes_to_declare(
    customers: Customers, days: int, *, hours: int = 4, share: float = 1
) -> list[float | None]:
    """From the beginning of real outages by day until the rule says so; None: it never did.

    Days on which it had declared before are left out.
    """
    dice, waits = random.Random(customers.seed), list[float | None]()
    for _ in range(days):
        began = dice.randrange(8 * HOUR, 20 * HOUR)
        outage = range(began, began + hours * HOUR)
        day = customers.day(dice, outage=outage, share=share)
        at = declared([line for line in day if line[0] < outage.stop])
        if at is None or at >= began:
            waits.append(None if at is None else (at - began) / MINUTE)
    return waits
