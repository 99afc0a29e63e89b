"""Ways in which the provider's own API can fail: which requests, and how.

Deciding is pure and seeded; carrying it out (hanging, closing the connection) is the server's.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_JSON: Final = "application/json"
_HTML: Final = b"<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>"


@dataclass(frozen=True, slots=True)
class Canned:
    """An answer that has nothing to do with the request."""

    status: int
    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def _stripe_error(kind: str, message: str, code: str = "") -> bytes:
    error = {"type": kind, "message": message} | ({"code": code} if code else {})
    return json.dumps({"error": error}).encode()


def _razorpay_error(code: str, description: str) -> bytes:
    return json.dumps({"error": {"code": code, "description": description}}).encode()


ANSWERS: Final[Mapping[str, Mapping[str, Canned]]] = {
    "stripe": {
        "error_500": Canned(
            500,
            _JSON,
            _stripe_error("api_error", "An unknown error occurred"),
            {"stripe-should-retry": "false"},
        ),
        "error_503": Canned(503, _JSON, _stripe_error("api_error", "Service unavailable")),
        "rate_limited": Canned(
            429,
            _JSON,
            _stripe_error("invalid_request_error", "Request rate limit exceeded.", "rate_limit"),
            {"stripe-rate-limited-reason": "global-rate"},
        ),
        "html_502": Canned(502, "text/html", _HTML),
        "wrong_body": Canned(200, _JSON, b'{"object": "unexpected"}'),
        "empty_list": Canned(
            200, _JSON, b'{"object": "list", "data": [], "has_more": false, "url": "/v1"}'
        ),
    },
    "razorpay": {
        "error_500": Canned(
            500, _JSON, _razorpay_error("SERVER_ERROR", "We are facing some trouble.")
        ),
        "error_503": Canned(503, _JSON, _razorpay_error("SERVER_ERROR", "Service unavailable")),
        # No reason and no wait is named, and the code is the one of any bad request.
        "rate_limited": Canned(
            429, _JSON, _razorpay_error("BAD_REQUEST_ERROR", "Request failed: too many requests")
        ),
        "html_502": Canned(502, "text/html", _HTML),
        "wrong_body": Canned(200, _JSON, b'{"entity": "unexpected"}'),
        "empty_list": Canned(200, _JSON, b'{"entity": "collection", "count": 0, "items": []}'),
    },
}
"""Outages that are answers, by provider."""

KINDS: Final[Mapping[str, str]] = {
    "error_500": "500 in the provider's own JSON",
    "error_503": "503 in the provider's own JSON",
    "rate_limited": "429 with the provider's headers; neither names a time to wait",
    "html_502": "502 with a page of HTML",
    "wrong_body": "200 with a JSON object that is none of the API's",
    "empty_list": "200 with a list that says there is nothing",
    "slow": "answers after `seconds`; what was asked happens then",
    "answer_late": "what was asked happens at once, the answer comes after `seconds`",
    "lose_answer": "what was asked happens, then the connection is reset",
    "hang": "no answer for `seconds`, then the connection is reset; nothing happens",
    "refuse": "the connection is reset, nothing happens",
    "lag": "a GET is answered by a replica `seconds` of provider time behind",
}
"""Every way to fail, and what a caller sees of it."""


@dataclass(slots=True)
class Outage:
    """One way to fail, for requests whose path starts with `path`, while `count` lasts.

    `provider` limits it to one of the two. `seconds` is how long `slow` waits, how long `hang`
    holds on before it gives up, or how far behind `lag` is. With `up` it flaps: of every
    `down + up` requests it takes the first `down`.
    """

    id: str
    kind: str
    count: int | None = None
    fraction: float = 1.0
    seed: int = 0
    path: str = "/v1/"
    method: str | None = None
    provider: str | None = None
    seconds: float = 30.0
    down: int = 1
    up: int = 0
    taken: int = 0
    met: int = 0
    dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind}: not one of {', '.join(sorted(KINDS))}")
        if self.provider not in {None, *ANSWERS} or self.down < 1 or self.up < 0:
            raise ValueError("provider is stripe or razorpay, down is at least 1, up at least 0")
        self.dice = random.Random(self.seed)  # noqa: S311  # repeatable on purpose, not a secret

    def takes(self, method: str, path: str, provider: str = "stripe") -> bool:
        """Whether this request is one that fails."""
        if self.provider not in {None, provider} or (self.kind == "lag" and method != "GET"):
            return False
        if not path.startswith(self.path) or self.method not in {None, method}:
            return False
        if self.count is not None and self.taken >= self.count:
            return False
        self.met += 1
        if (self.met - 1) % (self.down + self.up) >= self.down:
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

    def of(self, method: str, path: str, provider: str = "stripe") -> Outage | None:
        """The outage this request falls into, if any."""
        return next((one for one in self.active if one.takes(method, path, provider)), None)
