"""Provider time: what `created` and the `Date` header say, in whole Unix seconds.

It runs with an offset or stands still at a given second, so that a history with several changes
in one second can be made on purpose. It never decides signatures: those carry the real time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.local.sandbox.defaults import Json


@dataclass(slots=True)
class ProviderClock:
    """Runs `offset` seconds from `real`, unless `frozen_at` says otherwise."""

    real: Callable[[], float]
    offset: int = 0
    frozen_at: int | None = None

    def now(self) -> int:
        return int(self.real()) + self.offset if self.frozen_at is None else self.frozen_at

    def freeze(self, at: int) -> None:
        """Every change from now on happens in second `at`."""
        self.frozen_at = at

    def run(self, offset: int = 0) -> None:
        """Goes with the real time again, `offset` seconds away from it."""
        self.offset, self.frozen_at = offset, None

    def forward(self, seconds: int) -> int:
        """Moves ahead, standing or running; the new time."""
        if self.frozen_at is None:
            self.offset += seconds
        else:
            self.frozen_at += seconds
        return self.now()

    def dump(self) -> Json:
        return {"now": self.now(), "offset": self.offset, "frozen_at": self.frozen_at}
