"""Ways in which the provider's own API can fail: which requests, and how.

Deciding is pure and seeded; carrying it out (hanging, closing the connection) is the server's.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

ANSWERS: Final[Mapping[str, tuple[int, str, bytes, Mapping[str, str]]]] = {
    "error_500": (
        500,
        "application/json",
        b'{"error": {"type": "api_error", "message": "An unknown error occurred"}}',
        {"stripe-should-retry": "false"},
    ),
    "error_503": (
        503,
        "application/json",
        b'{"error": {"type": "api_error", "message": "Service unavailable"}}',
        {},
    ),
    "rate_limited": (
        429,
        "application/json",
        (
            b'{"error": {"type": "invalid_request_error", "code": "rate_limit",'
            b' "message": "Request rate limit exceeded."}}'
        ),
        {"stripe-rate-limited-reason": "global-rate"},
    ),
    "html_502": (
        502,
        "text/html",
        b"<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>",
        {},
    ),
    "wrong_body": (200, "application/json", b'{"object": "unexpected"}', {}),
}
"""Outages that are answers: status, content type, body, headers."""

KINDS: Final = frozenset({*ANSWERS, "hang", "slow", "refuse", "lose_answer"})
"""And those that are not: `refuse` resets the connection unread, `lose_answer` after the work."""


@dataclass(slots=True)
class Outage:
    """One way to fail, for requests whose path starts with `path`, while `count` lasts.

    `seconds` is how long `slow` waits, and how long `hang` holds on before it gives up.
    """

    id: str
    kind: str
    count: int | None = None
    fraction: float = 1.0
    seed: int = 0
    path: str = "/v1/"
    method: str | None = None
    seconds: float = 30.0
    taken: int = 0
    dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind}: not one of {', '.join(sorted(KINDS))}")
        self.dice = random.Random(self.seed)  # noqa: S311  # repeatable on purpose, not a secret

    def takes(self, method: str, path: str) -> bool:
        """Whether this request is one that fails."""
        if not path.startswith(self.path) or self.method not in {None, method}:
            return False
        if self.count is not None and self.taken >= self.count:
            return False
        if self.fraction < 1.0 and self.dice.random() >= self.fraction:
            return False
        self.taken += 1
        return True


@dataclass(slots=True)
class Outages:
    """Those in force; the first that takes a request decides."""

    active: list[Outage] = field(default_factory=list)
    issued: int = 0

    def new_id(self) -> str:
        self.issued += 1
        return f"out_{self.issued}"

    def of(self, method: str, path: str) -> Outage | None:
        """The outage this request falls into, if any."""
        return next((one for one in self.active if one.takes(method, path)), None)
