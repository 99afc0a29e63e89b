"""Seven healthy but noisy days, looked at once a minute by every rule: nothing may ring.

What is noisy: single checkouts fail, a few deliveries need a second or third attempt, probes time
out now and then, some answers cannot be read, nights are quiet, and a comparison meets rows that
change while it reads. The same days with a real outage in them do ring, each by its rule.
"""

from __future__ import annotations

import random
from bisect import bisect_left, insort
from collections import Counter
from dataclasses import dataclass, field

import pytest

from tests.harness.worlds.checkout import POLICY
from tests.unit.billing.outage.test_signs import attempt
from tocsin.application.billing.outage.watch import Look, judge
from tocsin.billing.checkout.attempts import Attempt, Result
from tocsin.billing.checkout.breaker import Breaker
from tocsin.billing.outage.divergence import Comparison
from tocsin.billing.outage.memory import Seen
from tocsin.billing.outage.signs import LOOK_BACK, Health, Trouble

START = 1_789_948_800  # midnight UTC
MINUTE, HOUR, DAY = 60, 3_600, 86_400
NEVER = START + 1_000 * DAY
SETTLING = 300
NOISE = {"checkout": 0.01, "delivery": 0.01, "probe": 0.005, "blind": 0.01}
RETRIES = (5 * MINUTE, 35 * MINUTE, 95 * MINUTE)
"""When a delivery that failed is tried again; nine in ten then work."""


@dataclass
class Days:
    """One account. `per_hour` events by day, a tenth of that by night; `outage` from and to."""

    seed: int
    per_hour: int
    outage: Trouble | None = None
    began: int = NEVER
    ended: int = NEVER
    made: list[int] = field(default_factory=list)
    arrives: dict[int, int] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    comparison: Comparison | None = None

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def rings(self, days: int = 7) -> Counter[Trouble]:
        """How many looks each trouble was firing at."""
        seen, rung = Seen(), Counter[Trouble]()
        for now in range(START, START + days * DAY, MINUTE):
            self.minute(now)
            seen = judge(self.look(now), seen, now=now)
            rung.update(seen.firing)
        return rung

    def down(self, trouble: Trouble, now: int) -> bool:
        return self.outage is trouble and self.began <= now < self.ended

    def minute(self, now: int) -> None:
        dice, night = self.dice, now % DAY < 6 * HOUR
        rate = self.per_hour / 60 * (0.1 if night else 1)
        for _ in range(int(rate) + (dice.random() < rate % 1)):
            self.event(now + dice.randrange(MINUTE))
        if dice.random() < (0.05 if night else 0.5):
            fails = dice.random() < NOISE["checkout"] or self.down(Trouble.CHECKOUT, now)
            works = Result.REFUSED if self.down(Trouble.REFUSED, now) else Result.OFFERED
            self.attempts.append(attempt(now, Result.FAILED if fails else works))
        if now % (6 * HOUR) == 0 or self.down(Trouble.DIVERGENCE, now):
            differing = 30 if self.down(Trouble.DIVERGENCE, now) else dice.choice([0, 0, 1, 2])
            self.comparison = Comparison(now, 300, differing)

    def event(self, at: int) -> None:
        while at in self.arrives:
            at += 1
        insort(self.made, at)
        self.arrives[at] = at + self.dice.randrange(1, 30)
        lost = self.down(Trouble.DELIVERIES, at) or self.down(Trouble.SILENCE, at)
        if lost or self.dice.random() < NOISE["delivery"]:
            tried = [at + wait for wait in RETRIES]
            self.arrives[at] = next((t for t in tried if self.dice.random() < 0.9), NEVER)
        if lost:
            self.arrives[at] = NEVER

    def look(self, now: int) -> Look:
        return Look(
            POLICY.accounts["stripe"],
            self.attempts[-LOOK_BACK // MINUTE :],
            Breaker(),
            self.health(now),
            self.newest(now),
            self.comparison,
        )

    def newest(self, now: int) -> int | None:
        recent = self.made[bisect_left(self.made, now - 6 * HOUR) : bisect_left(self.made, now)]
        return max((self.arrives[at] for at in recent if self.arrives[at] <= now), default=None)

    def health(self, now: int) -> Health:
        dice = self.dice
        lost = [dice.random() < NOISE["probe"] for _ in range(2)]  # a look asks once more
        if all(lost) or self.down(Trouble.UNREACHABLE, now):
            return Health(reachable=False)
        hour = self.made[bisect_left(self.made, now - HOUR) : bisect_left(self.made, now)]
        settled = [at for at in hour if at <= now - SETTLING]
        waiting = sum(self.arrives[at] > now for at in settled[-100:])
        blind = {name for name in ("events", "list", "endpoint") if dice.random() < NOISE["blind"]}
        return Health(
            reachable=True,
            listed=tuple(self.made[: bisect_left(self.made, now)][-100:]),
            events=None if "events" in blind else len(settled[-100:]),
            undelivered=None if "list" in blind else waiting,
            disabled=None if "endpoint" in blind else self.down(Trouble.ENDPOINT, now),
            downtime=None if "endpoint" in blind else self.down(Trouble.DOWNTIME, now),
        )


@pytest.mark.parametrize(
    ("seed", "per_hour"),
    [
        (1, 12),
        *(
            pytest.param(seed, per_hour, marks=pytest.mark.full)
            for seed in range(2, 7)
            for per_hour in (3, 12, 40, 90)
        ),
    ],
)
def test_seven_healthy_noisy_days_ring_no_rule(seed: int, per_hour: int) -> None:
    days = Days(seed, per_hour)
    assert days.rings() == {}
    assert len(days.made) > 300
    late = sum(arrives - made > MINUTE for made, arrives in days.arrives.items())
    assert late > len(days.made) / 400
    assert any(each.failed for each in days.attempts)


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble.SILENCE,
        *(
            pytest.param(trouble, marks=pytest.mark.full)
            for trouble in sorted(set(Trouble) - {Trouble.SILENCE})
        ),
    ],
)
def test_an_outage_among_the_noise_rings_by_its_rule(trouble: Trouble) -> None:
    """And is over again; two hours of it, by day."""
    began = START + 10 * HOUR
    cause = Trouble.DELIVERIES if trouble is Trouble.BACKLOG else trouble
    days = Days(3, 40, outage=cause, began=began, ended=began + 2 * HOUR)
    rung = days.rings(days=1)
    assert rung[trouble] > 60
    assert rung[trouble] < 4 * 60
