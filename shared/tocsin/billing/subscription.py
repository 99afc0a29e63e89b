"""What a subscription is, whoever bills it: one small neutral snapshot.

A provider's word for a status is kept beside the neutral one (`raw_status`), because an unknown
word must not be guessed at: it keeps the last known status and is counted.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """The neutral status. Stored, so never renamed."""

    PENDING = "pending"
    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    SUSPENDED = "suspended"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


TERMINAL = frozenset({Status.CANCELLED, Status.COMPLETED, Status.EXPIRED})
"""Left only by what a provider's own answer says, never by an event."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription as its provider described it at one moment.

    `period_end` is the end of the period the provider names, paid or not, in epoch seconds; None
    only where there is no period. `period_start` is its start, None where it was not kept.
    `collection_paused` is Stripe's `pause_collection`: the status stays as it is while nothing is
    charged. `workspace` is our own id, from the metadata we wrote.
    """

    id: str
    status: Status
    raw_status: str
    plan: str
    period_end: int | None
    collection_paused: bool = False
    ends_at_period_end: bool = False
    workspace: str | None = None
    period_start: int | None = None

    @property
    def terminal(self) -> bool:
        return self.status in TERMINAL

    @property
    def fingerprint(self) -> str:
        """Equal for two snapshots that promise a customer the same: status, plan, period, access.

        What effects hang on: `rev` rises exactly when this changes.
        """
        period = "" if self.period_end is None else str(self.period_end)
        flags = f"{self.collection_paused:d}{self.ends_at_period_end:d}"
        text = f"{self.status}\0{self.plan}\0{period}\0{flags}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]
