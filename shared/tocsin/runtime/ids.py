"""New names, from time and randomness; nothing else in Tocsin draws a random number.

An id is 26 characters of Crockford's base 32: 48 bits of milliseconds, then 80 random bits, so
ids sort by the time they were made and can be read out over a telephone. Randomness is drawn when
an id is asked for, never at import, so that a restored snapshot does not repeat it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tocsin.ports.time import WallClock

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 26
_RANDOM_BYTES = 10


class SystemIds:
    """Ids for production: the real time and the operating system's randomness."""

    def __init__(
        self, clock: WallClock, *, random_bytes: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._clock = clock
        self._random_bytes = random_bytes

    def incident_id(self, *, drill: bool) -> str:
        return ("DRL-" if drill else "INC-") + self.unique_id()

    def unique_id(self) -> str:
        return sortable(self._clock.wall_now(), self._random_bytes(_RANDOM_BYTES))

    def salt(self) -> bytes:
        return self._random_bytes(32)


def sortable(moment: datetime, randomness: bytes) -> str:
    """26 characters that sort by `moment` (whole milliseconds); `randomness` is 10 bytes."""
    milliseconds = int(moment.timestamp() * 1000)
    number = milliseconds << 80 | int.from_bytes(randomness)
    digits = (number >> shift & 31 for shift in range(5 * (_LENGTH - 1), -1, -5))
    return "".join(_ALPHABET[digit] for digit in digits)
