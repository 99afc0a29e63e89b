"""Deadlines by counting minutes one at a time: slow, obvious, and without a line of the engine.

It knows the default runbook's numbers by heart and reads the zone from the standard library, so a
mistake in calendar, targets, raising or pausing cannot hide in both.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/New_York")
MINUTE = timedelta(minutes=1)
BUSINESS_DAY = 9 * 60

ELAPSED = {
    ("critical", "contain"): 4 * 60,
    ("critical", "fix"): 24 * 60,
    ("high", "contain"): 24 * 60,
}
BUSINESS = {
    ("high", "fix"): 3,
    ("medium", "contain"): 3,
    ("medium", "fix"): 10,
    ("low", "contain"): 10,
}
# Weekdays of the fourth quarter of 2026 that the team has off, and Labor Day.
HOLIDAYS = frozenset(
    {
        date(2026, 9, 7),
        date(2026, 10, 12),
        date(2026, 11, 11),
        date(2026, 11, 26),
        date(2026, 12, 25),
    }
)
ORDER = ("critical", "high", "medium", "low")


@cache
def works(minute: int) -> bool:
    """Whether the minute that starts `minute` minutes after 1970 is a working one."""
    local = datetime.fromtimestamp(minute * 60, UTC).astimezone(ZONE)
    return local.weekday() < 5 and 9 <= local.hour < 18 and local.date() not in HOLIDAYS


def after_business(start: datetime, minutes: int) -> datetime:
    """The first moment at which so many working minutes since `start` have passed."""
    first, passed = int(start.timestamp()) // 60, 0
    while minutes > 0:
        minutes -= works(first + passed)
        passed += 1
    return start + passed * MINUTE


def business_between(start: datetime, end: datetime) -> int:
    """Working minutes from `start` to `end`."""
    first, last = int(start.timestamp()) // 60, int(end.timestamp()) // 60
    return sum(works(minute) for minute in range(first, last))


@dataclass
class ClockModel:
    """One clock of the story, judged by the words of the semantics."""

    name: str
    t0: datetime
    severity: str
    due: datetime | None = None
    pauses: list[tuple[datetime, datetime]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.due = self.target(self.severity)

    def target(self, severity: str) -> datetime | None:
        """t0 and the target of a severity, with what pauses cost in the target's own time."""
        if (minutes := ELAPSED.get((severity, self.name))) is not None:
            paused = sum(((end - start) for start, end in self.pauses), timedelta())
            return self.t0 + minutes * MINUTE + paused
        if (days := BUSINESS.get((severity, self.name))) is not None:
            paused_minutes = sum(business_between(start, end) for start, end in self.pauses)
            return after_business(self.t0, days * BUSINESS_DAY + paused_minutes)
        return None

    def change(self, severity: str) -> None:
        """Raised: the earlier of old and new. Lowered: the new one."""
        fresh = self.target(severity)
        raised = ORDER.index(severity) < ORDER.index(self.severity)
        if raised and self.due is not None and (fresh is None or self.due < fresh):
            fresh = self.due
        self.severity, self.due = severity, fresh

    def paused(self, start: datetime, end: datetime) -> None:
        """Moves the due time by the pause, in the time the severity now counts in."""
        self.pauses.append((start, end))
        if self.due is None:
            return
        if (self.severity, self.name) in ELAPSED:
            self.due += end - start
        else:
            self.due = after_business(self.due, business_between(start, end))
