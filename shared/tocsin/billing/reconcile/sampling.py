"""How many workspaces a reconciliation has to read, and which: decided by a recorded seed.

A zero-acceptance sample: if none of it is wrong, fewer than `wrong_percent` of all are, with the
confidence asked for. So a single mismatch in it says that everything has to be read.

Who is drawn follows from the seed and the names alone, in whatever order they come: the workspaces
with the smallest keys. The same seed draws the same ones again, and nobody can choose a seed that
leaves one out without it being in the record.
"""

from __future__ import annotations

import hashlib
import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

type Stratum = tuple[str, str]
"""A status and a plan."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """The rule, from the runbook: shares in whole percent, and how many of each status and plan."""

    confidence_percent: int = 95
    wrong_percent: int = 1
    per_stratum: int = 5

    def size(self, population: int) -> int:
        """The smallest sample that would show one of the wrong ones with that confidence.

        Exact: drawn without replacement from `population`, of which `wrong_percent`, rounded up,
        are wrong. In whole numbers, for at the edges a rounding error is one workspace.
        """
        wrong = -(-population * self.wrong_percent // 100)
        if wrong == 0:
            return 0
        unseen, ways = 1, 1  # the chance to have met none of them, as a fraction
        for drawn in range(population):
            if unseen * 100 <= ways * (100 - self.confidence_percent):
                return drawn
            unseen *= population - wrong - drawn
            ways *= population - drawn
        return population


@dataclass(slots=True)
class Draw:
    """A drawing over a population that is told one by one, in any order and as often as you like.

    Holds eight bytes' worth of each workspace, to count each once, and no more names than may be
    drawn.
    """

    seed: str
    sampling: Sampling
    _known: set[int] = field(default_factory=set, init=False)
    _lowest: _Lowest = field(init=False)
    _strata: dict[Stratum, _Lowest] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._lowest = _Lowest(self.sampling.size(10**9))

    def add(self, workspace: str, strata: Iterable[Stratum]) -> None:
        """One workspace with some of the statuses and plans that it has."""
        key = self._key(workspace)
        self._known.add(key >> 192)
        self._lowest.add(key, workspace)
        for stratum in strata:
            if stratum not in self._strata:
                self._strata[stratum] = _Lowest(self.sampling.per_stratum)
            self._strata[stratum].add(key, workspace)

    @property
    def population(self) -> int:
        return len(self._known)

    def drawn(self) -> tuple[str, ...]:
        """The sample, in the order of its keys: the lowest of all, and the lowest of each stratum.

        What a stratum has in the sample of all are its lowest ones, so this tops it up and no more.
        """
        chosen = dict(self._lowest.first(self.sampling.size(self.population)))
        for stratum in self._strata.values():
            chosen |= dict(stratum.first(self.sampling.per_stratum))
        return tuple(chosen[key] for key in sorted(chosen))

    def _key(self, workspace: str) -> int:
        return int.from_bytes(hashlib.sha256(f"{self.seed}\0{workspace}".encode()).digest())


@dataclass(slots=True)
class _Lowest:
    """The names with the lowest keys, at most `size` of them."""

    size: int
    _heap: list[tuple[int, str]] = field(default_factory=list, init=False)
    _held: set[int] = field(default_factory=set, init=False)

    def add(self, key: int, name: str) -> None:
        if key in self._held:
            return
        if len(self._heap) >= self.size:
            if not self._heap or -self._heap[0][0] <= key:
                return
            self._held.discard(-heapq.heappop(self._heap)[0])
        heapq.heappush(self._heap, (-key, name))
        self._held.add(key)

    def first(self, count: int) -> list[tuple[int, str]]:
        return sorted((-key, name) for key, name in self._heap)[:count]
