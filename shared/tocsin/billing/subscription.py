"""What a subscription is, whoever bills it: one small neutral snapshot.

A provider's word for a status is kept beside the neutral one (`raw_status`), because an unknown
word must not be guessed at: it keeps the last known status and is counted.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


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

RUNNING = frozenset({Status.TRIALING, Status.ACTIVE, Status.PAST_DUE})
"""Money is taken, or will be."""


class SubscriptionItem(NamedTuple):
    """One thing that is bought, the end of its own period, and how many; epoch seconds."""

    plan: str
    end: int
    quantity: int | None = None


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription as its provider described it at one moment.

    `period_end` is the end of the period the provider names, paid or not, in epoch seconds; None
    only where there is no period. `period_start` is its start, None where it was not kept.
    `collection_paused` is Stripe's `pause_collection`: the status stays as it is while nothing is
    charged. `workspace` is our own id, from the metadata we wrote. `quantity` adds up all items,
    None where it was not kept. `ends_at` is a date it is to end on, where one is told of. `items`
    are there where their periods end at different times; `period_end` is then the latest of these.
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
    quantity: int | None = None
    ends_at: int | None = None
    items: tuple[SubscriptionItem, ...] = ()

    @property
    def planned_end(self) -> int | None:
        """When it ends by what was decided already; None where nothing was, or nothing is told."""
        if self.ends_at is not None:
            return self.ends_at
        return self.period_end if self.ends_at_period_end else None

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
        # Absent means the same as before these were kept, so a row stored then has not changed.
        if self.quantity not in {None, 1}:
            text += f"\0quantity {self.quantity}"
        if self.ends_at is not None and self.ends_at != self.period_end:
            text += f"\0ends {self.ends_at}"
        for item in self.items:
            text += f"\0item {item.plan} {item.end} {item.quantity}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]
