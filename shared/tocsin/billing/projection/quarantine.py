"""What could not be handled and must not be lost: kept apart, with the reason, for a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Poison:
    """One event or object set aside.

    `first_seen` is in epoch seconds and part of the key: the same event set aside twice is one
    item. `ledger_pk` is None for an object without an event.
    """

    provider: str
    id: str
    reason: str
    detail: str
    first_seen: int
    ledger_pk: str | None = None
    identity: str | None = None
    subscription: str | None = None

    @property
    def pk(self) -> str:
        return f"QUAR#{self.provider}"

    @property
    def sk(self) -> str:
        seen = datetime.fromtimestamp(self.first_seen, UTC)
        return f"{seen:%Y-%m-%dT%H:%M:%SZ}#{self.id}"
