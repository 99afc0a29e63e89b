"""Many lives, side by side on the processors there are."""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from tocsin.simulation.life import LENGTH, Lived, live

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True, slots=True)
class Simulated:
    """What lives came to. `years` are of incident time, `seconds` of this machine's."""

    lives: int
    steps: int
    years: float
    seconds: float
    faults: tuple[Lived, ...]
    reached: Counter[str] = field(default_factory=Counter)

    @property
    def years_a_minute(self) -> float:
        return self.years * 60 / self.seconds

    @property
    def steps_a_second(self) -> float:
        return self.steps / self.seconds


def simulate(
    seeds: Sequence[int],
    *,
    length: int = LENGTH,
    processes: int | None = None,
    progress: Callable[[int, Lived], None] = lambda _done, _lived: None,
) -> Simulated:
    """Lives every seed; `progress` hears how many are done, and of each as it ends."""
    began, reached, faults = monotonic(), Counter[str](), []
    steps, days, done = 0, 0.0, 0
    with ProcessPoolExecutor(processes or os.process_cpu_count()) as pool:
        for lived in pool.map(partial(live, length=length), seeds):
            done += 1
            steps, days, reached = steps + lived.steps, days + lived.days, reached + lived.reached
            if lived.fault is not None:
                faults.append(lived)
            progress(done, lived)
    return Simulated(
        lives=len(seeds),
        steps=steps,
        years=days / 365,
        seconds=max(monotonic() - began, 0.001),
        faults=tuple(faults),
        reached=reached,
    )
