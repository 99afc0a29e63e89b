"""What the ledger says about a provider: how silent it is, and how far behind we are.

Reads are bounded: a hundred events of each shard of an hour. On a busy account that is a sample, in
which what is recent or unhandled shows all the same; on a small one it is everything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tocsin.billing.outage.watching import (
    DAY,
    DAYS_COMPARED,
    HOUR,
    LONGEST_SILENCE_HOURS,
    Silence,
    expected_per_hour,
    oldest_unprojected,
    silence,
)

if TYPE_CHECKING:
    from tocsin.billing.identity import Identity
    from tocsin.ports.billing.outage import LedgerHours, ManyRows


@dataclass(frozen=True, slots=True)
class Watched:
    """What one look found. `oldest_unprojected` in seconds."""

    silence: Silence
    oldest_unprojected: int
    expected_per_hour: float


@dataclass(slots=True)
class LedgerWatch:
    """Looks at one identity at a time; expectations are remembered for their hour.

    So is what lies further back than two hours: an account without events would otherwise be asked
    for every hour of two days, every minute.
    """

    ledger: LedgerHours
    rows: ManyRows
    _expected: dict[tuple[Identity, int], float] = field(default_factory=dict, init=False)
    _earlier: dict[tuple[Identity, int], int | None] = field(default_factory=dict, init=False)

    def look(self, identity: Identity, *, now: int) -> Watched:
        """Raises `StoreUnavailable`."""
        recent = (*self.ledger.sample(identity, now), *self.ledger.sample(identity, now - HOUR))
        newest = max((event.received_at for event in recent), default=None)
        if newest is None:
            newest = self._before(identity, now)
        expected = self._expectation(identity, now)
        concerned = sorted({event.subscription for event in recent if event.subscription})
        rows = self.rows.read_many(identity, concerned)
        return Watched(
            silence=silence(newest, expected, now=now),
            oldest_unprojected=oldest_unprojected(identity, recent, rows, now=now),
            expected_per_hour=expected,
        )

    def _before(self, identity: Identity, now: int) -> int | None:
        """When the newest event of the hours before the last two was received."""
        hour = now // HOUR
        if (identity, hour) not in self._earlier:
            self._earlier = {key: value for key, value in self._earlier.items() if key[1] == hour}
            newest, hours = None, 2
            while newest is None and hours < LONGEST_SILENCE_HOURS:
                earlier = self.ledger.sample(identity, now - hours * HOUR)
                newest = max((event.received_at for event in earlier), default=None)
                hours += 1
            self._earlier[identity, hour] = newest
        return self._earlier[identity, hour]

    def _expectation(self, identity: Identity, now: int) -> float:
        hour = now // HOUR
        if (identity, hour) not in self._expected:
            self._expected = {key: value for key, value in self._expected.items() if key[1] == hour}
            counts = [
                self.ledger.count(identity, now - day * DAY) for day in range(1, DAYS_COMPARED + 1)
            ]
            self._expected[identity, hour] = expected_per_hour(counts)
        return self._expected[identity, hour]
