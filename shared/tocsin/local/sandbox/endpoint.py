"""A webhook endpoint as its provider keeps it: where, what, signed with which secrets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from tocsin.local.sandbox.defaults import NEWEST

STRIPE: Final = "stripe"
RAZORPAY: Final = "razorpay"
PROVIDERS: Final = (STRIPE, RAZORPAY)
_DAY: Final = 86_400
_RETRIED_FOR: Final = {STRIPE: 3 * _DAY, RAZORPAY: _DAY}
_PATIENCE: Final = {STRIPE: 10.0, RAZORPAY: 5.0}
_DISABLED_AFTER: Final = {STRIPE: 9 * _DAY, RAZORPAY: _DAY}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where events go.

    `api_version` None means not pinned: events come in the account's version of that day.
    `payload` is `snapshot` or `thin`; `connect` means events of connected accounts instead of
    the account's own. `retiring` are secrets still signed with until a provider second.
    `timeout_seconds` is real time, `retry_seconds` and `disable_after_seconds` are provider time;
    left out, the provider's own.
    `signing_skew_seconds` falsifies the signed time, for tests of tolerance.
    """

    id: str
    url: str
    secrets: tuple[str, ...]
    provider: str = STRIPE
    api_version: str | None = NEWEST
    enabled_events: tuple[str, ...] = ("*",)
    enabled: bool = True
    payload: str = "snapshot"
    connect: bool = False
    retiring: tuple[tuple[str, int], ...] = ()
    max_attempts: int = 6
    backoff_seconds: float = 0.1
    timeout_seconds: float | None = None
    retry_seconds: int | None = None
    disable_after_seconds: int | None = None
    signing_skew_seconds: int = 0

    def __post_init__(self) -> None:
        if self.provider not in PROVIDERS or self.payload not in {"snapshot", "thin"}:
            raise ValueError("provider is stripe or razorpay, payload is snapshot or thin")
        if not self.secrets:
            raise ValueError("an endpoint has at least one secret")

    @property
    def retried_for(self) -> int:
        """How long after an event was made it is still tried; provider seconds."""
        given = self.retry_seconds
        return _RETRIED_FOR[self.provider] if given is None else given

    @property
    def patience(self) -> float:
        """Real seconds an answer may take; later is no answer."""
        given = self.timeout_seconds
        return _PATIENCE[self.provider] if given is None else given

    @property
    def disabled_after(self) -> int:
        """How long nothing but failures are borne; provider seconds."""
        given = self.disable_after_seconds
        return _DISABLED_AFTER[self.provider] if given is None else given

    def concerns(self, kind: str, *, connected: bool = False) -> bool:
        """Whether events of this type are for this endpoint, disabled or not."""
        return self.connect == connected and any(
            kind.startswith(one[:-1]) if one.endswith("*") else kind == one
            for one in self.enabled_events
        )

    def signing_with(self, now: int) -> tuple[str, ...]:
        """Every secret in force at provider time `now`, the newest first."""
        return (*self.secrets, *(secret for secret, until in self.retiring if until > now))

    def rolled(self, secret: str, *, keep_until: int) -> Endpoint:
        """The endpoint with a new secret; the old ones retire at `keep_until`."""
        old = tuple((one, keep_until) for one in self.secrets)
        return replace(self, secrets=(secret,), retiring=(*self.retiring, *old))
