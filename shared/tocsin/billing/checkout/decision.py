"""What a person says is to be done with a double."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Remedy(StrEnum):
    """What is to be done with all but the one that is kept. Stored, so never renamed."""

    REFUND = "refund"
    """Cancel what runs beside it and give back what was charged."""
    CANCEL = "cancel"
    """Cancel what could still be paid or runs uncharged; nothing is owed."""


@dataclass(frozen=True, slots=True)
class DoubleDecision:
    """One decision. `keep` is a provider, `at` in epoch seconds, `key` the idempotency key."""

    keep: str
    remedy: Remedy
    why: str
    by: str
    at: int
    key: str

    @property
    def wish(self) -> tuple[str, str, str]:
        return self.keep, self.remedy, self.why
