"""What happens in a simulated life, drawn from its seed before any of it happens.

A step names what is done and carries numbers to choose by, never what is chosen: the same numbers
fit whatever there is when the step is taken. So a life replays exactly, and stays a life when
steps are left out of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

BEGINNINGS = (
    datetime(2026, 9, 8, 14, tzinfo=UTC),  # a Tuesday, 10:00 in New York
    datetime(2026, 9, 4, 21, 50, tzinfo=UTC),  # ten minutes before a weekend with a holiday
    datetime(2026, 10, 31, 23, tzinfo=UTC),  # the night in which New York's clocks go back
    datetime(2027, 3, 14, 5, tzinfo=UTC),  # the night in which they go forward
    datetime(2026, 12, 30, 20, tzinfo=UTC),  # the end of a year
    datetime(2028, 2, 28, 15, tzinfo=UTC),  # before a leap day
)
_PAUSES = (0, 0, 0, 0, 1, 1, 4, 6, 11, 16, 31, 61, 240, 700, 1_500)
"""Minutes between two steps. Most of a life is what people do within the first hours."""


@dataclass(frozen=True, slots=True)
class Step:
    """`minutes` pass, then `kind` is done. `punctual` says whether sweeps came meanwhile."""

    kind: str
    picks: tuple[int, ...]
    minutes: int
    punctual: bool = True


@dataclass(frozen=True, slots=True)
class Life:
    """A seed's whole plan."""

    seed: int
    begins: datetime
    steps: tuple[Step, ...]


def plan(seed: int, weights: Mapping[str, int], *, length: int) -> Life:
    """The life of a seed: `length` steps of the kinds that `weights` names, as often as it says."""
    dice = Random(seed)  # noqa: S311 - repeatable on purpose
    kinds, often = list(weights), list(weights.values())
    steps = tuple(
        Step(
            kind=dice.choices(kinds, often)[0],
            picks=tuple(dice.randrange(1_000_000) for _ in range(4)),
            minutes=dice.choice(_PAUSES),
            punctual=dice.random() < 0.8,  # noqa: PLR2004 - four sweeps of five come in time
        )
        for _ in range(length)
    )
    moved = timedelta(minutes=dice.randrange(1_440))
    return Life(seed, dice.choice(BEGINNINGS) + moved, steps)
