"""The log of checkout attempts: what was asked of which provider, and how it went.

One line per attempt, kept in the `operations` table by hour. The breaker, the outage rules, the
evidence of an incident and the impact report are all read from it, so they cannot disagree.
It holds no personal data: workspace ids, codes and amounts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Result(StrEnum):
    """How an attempt ended. Stored, so never renamed."""

    OFFERED = "offered"
    """The provider made a page to pay on."""
    FAILED = "failed"
    """It certainly made nothing: never reached, or turned away before anything was done."""
    DOUBT = "doubt"
    """It may have made something: no answer in time, a server error, or an unreadable answer."""
    REFUSED = "refused"
    """It says the request is wrong: no failure of the provider."""
    UNKNOWN = "unknown"
    """It was asked what became of an earlier call and cannot say yet. Nothing new can come of that,
    and nothing is said of the provider's health."""
    NOT_TRIED = "not_tried"
    """It was not asked, since its breaker is open or what it made is being withdrawn, and nobody
    else could serve the customer: who was turned away is counted all the same."""


FAILURES = frozenset({Result.FAILED, Result.DOUBT})


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt. `at` in epoch milliseconds (when it was sent), `elapsed` in milliseconds.

    `code` is a short word of ours (`timeout`, `http_502`, `unreadable`): never the provider's own
    text. `failed_over` tells that a provider before this one had been tried for the same intent.
    """

    at: int
    intent: str
    provider: str
    result: Result
    code: str
    elapsed: int
    workspace: str
    region: str
    plan: str
    amount: int
    currency: str
    http_status: int | None = None
    failed_over: bool = False

    @property
    def second(self) -> int:
        return self.at // 1000

    @property
    def failed(self) -> bool:
        return self.result in FAILURES

    @property
    def turned_away(self) -> bool:
        """Whether a customer met trouble here: it failed, or was not even tried."""
        return self.failed or self.result is Result.NOT_TRIED

    @property
    def worked(self) -> bool:
        return self.result is Result.OFFERED
