"""Ids and salts that are the same in every run of a test."""

from __future__ import annotations

from random import Random


class SeededIds:
    """An `Ids` whose randomness is a seed; ids look like the real ones and never repeat."""

    def __init__(self, seed: int = 0) -> None:
        self._random = Random(seed)
        self._count = 0

    def incident_id(self, *, drill: bool) -> str:
        return ("DRL-" if drill else "INC-") + self.unique_id()

    def unique_id(self) -> str:
        self._count += 1
        return f"{self._count:010d}{self._random.randrange(16**16):016X}"

    def salt(self) -> bytes:
        return self._random.randbytes(32)
