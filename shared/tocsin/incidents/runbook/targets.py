"""How a deadline is measured: elapsed, in business days, by the next release, at a milestone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Elapsed:
    """A wall-clock target: elapsed minutes, day and night."""

    minutes: int


@dataclass(frozen=True, slots=True)
class BusinessDays:
    """A business-time target: days of the calendar's standard working length."""

    days: int


@dataclass(frozen=True, slots=True)
class NextRelease:
    """Due with the first regular release of the service cut after t0 (semantics 6)."""


type Target = Elapsed | BusinessDays | NextRelease


class Milestone(StrEnum):
    """A step in an incident's life that an update can wait for."""

    OPENING = "opening"
    FIX = "fix"
    CLOSING = "closing"


@dataclass(frozen=True, slots=True)
class AtMilestone:
    """An update due with a step in the incident's life instead of after a time."""

    milestone: Milestone
