"""Whether a billing incident is open, asked often and answered cheaply.

The board's index is read, eventually consistent, at most once in a few seconds: somebody who asks
for an entitlement in the very second an incident opens may get the answer from before. Where it
cannot be read at all, an incident is assumed: then nobody loses access because of our own outage.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tocsin.errors import Unavailable

if TYPE_CHECKING:
    from tocsin.ports.billing.projection import OpenIncidents

FRESH_SECONDS = 10
STALE_SECONDS = 300
"""So long an answer stands in for one that cannot be had."""


@dataclass(slots=True)
class Remembered:
    """The open billing incidents, read anew when the last answer is older than 10 s."""

    source: OpenIncidents
    _found: tuple[str, ...] | None = field(default=None, init=False)
    _read_at: int = field(default=0, init=False)

    def billing(self, now: int) -> tuple[str, ...] | None:
        """Their ids, the newest first; None where it cannot be known. `now` in epoch seconds."""
        if self._found is None or not 0 <= now - self._read_at < FRESH_SECONDS:
            try:
                self._found, self._read_at = self.source.billing(), now
            except Unavailable:
                if self._found is None or not 0 <= now - self._read_at < STALE_SECONDS:
                    return None
        return self._found

    def billing_now(self) -> tuple[str, ...]:
        """The same, read now. Raises `StoreUnavailable`."""
        return self.source.billing()
