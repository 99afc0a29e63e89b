"""Request limits as the providers enforce them: a bucket for all, and one for each endpoint."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(slots=True)
class Bucket:
    """`rate` requests a second of real time, and as many at once."""

    rate: float
    level: float = field(init=False)
    at: float | None = None

    def __post_init__(self) -> None:
        self.level = max(1.0, self.rate)

    def take(self, now: float) -> bool:
        """Whether one more is allowed at monotonic second `now`."""
        if self.at is not None:
            self.level = min(max(1.0, self.rate), self.level + (now - self.at) * self.rate)
        self.at = now
        if self.level < 1.0:
            return False
        self.level -= 1.0
        return True


@dataclass(slots=True)
class RateLimit:
    """No limit until it is given one. Refused requests cost nothing."""

    monotonic: Callable[[], float] = time.monotonic
    overall: Bucket | None = None
    endpoint_rate: float | None = None
    endpoints: dict[str, Bucket] = field(default_factory=dict)

    def limit(self, overall: float | None, endpoint: float | None) -> None:
        """Requests a second in all and for each kind of call; None lifts."""
        if any(rate is not None and rate <= 0 for rate in (overall, endpoint)):
            raise ValueError("a rate is more than 0 requests a second")
        self.overall = Bucket(overall) if overall else None
        self.endpoint_rate = endpoint
        self.endpoints.clear()

    def refusal(self, method: str, path: str) -> str | None:
        """Why this request is one too many, in the provider's words; None when it is not."""
        now = self.monotonic()
        if self.overall and not self.overall.take(now):
            return "global-rate"
        if self.endpoint_rate:
            called = f"{method} {'/'.join(path.split('/')[:3])}"
            if not self.endpoints.setdefault(called, Bucket(self.endpoint_rate)).take(now):
                return "endpoint-rate"
        return None
