"""Seven healthy but noisy days through checkout and the outage watch as they are put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness.worlds.outage import Watched
from tests.unit.billing.outage.test_healthy_days import DAY, HOUR, MINUTE, NOISE, Days
from tocsin.billing.outage.divergence import Comparison
from tocsin.billing.outage.signs import Health

if TYPE_CHECKING:
    from tocsin.billing.identity import Identity

BY_DAY = 0.5
"""Checkouts a minute; by night a tenth of that."""


class Week:
    """A world whose two providers are as noisy as `Days` says, and whose checkouts are real."""

    def __init__(self, seed: int, days: int) -> None:
        self.watched, self.days = Watched(), days
        names = self.watched.checkout.providers
        self.noise = {name: Days(seed + number, 12) for number, name in enumerate(names)}
        self.failed = 0
        object.__setattr__(self.watched.rounds, "probe", self.probe)
        object.__setattr__(self.watched.rounds, "arrival", self.arrival)

    def probe(self, identity: Identity, *, now: int) -> Health:
        health = self.noise[identity.provider].health(now)
        if identity.provider == "stripe":
            return health
        # Razorpay has no list of events, and says nothing of deliveries or endpoints.
        return Health(reachable=health.reachable, downtime=health.downtime)

    def arrival(self, identity: Identity, now: int) -> int | None:
        return self.noise[identity.provider].newest(now)

    def minute(self) -> None:
        watched, now = self.watched, self.watched.now
        for name, days in self.noise.items():
            days.minute(now)
            if now % (6 * HOUR) < MINUTE:
                identity = watched.checkout.policy().accounts[name]
                watched.comparisons.record(identity, days.comparison or Comparison(now, 300, 0))
        dice = self.noise["stripe"].dice
        if dice.random() < BY_DAY * (0.1 if now % DAY < 6 * HOUR else 1):
            fails = dice.random() < NOISE["checkout"]
            self.failed += fails
            watched.stripe.mode = "down" if fails else "up"
            assert watched.buy() == ("razorpay" if fails else "stripe")
        found = watched.minutes(1)
        assert found == {"firing": {}, "level": "operational", "failed": []}


@pytest.mark.full
@pytest.mark.timeout(1_200)
def test_nothing_rings_no_breaker_opens_and_nobody_is_told() -> None:
    week = Week(seed=2, days=7)
    days = week.days
    for _ in range(days * DAY // MINUTE):
        week.minute()
    assert week.failed > 2 * days
    assert week.watched.checkout.reached["offered"] > 200 * days
    assert not {"open", "half_open"} & week.watched.checkout.reached.keys()
    assert week.watched.sent == []
    assert len(week.watched.announced) == 1, "that all is well, at the beginning"
