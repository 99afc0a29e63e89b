"""When things fall due, counted the long way: from the tables of `docs/semantics.md`, by hand.

Nothing here is shared with the rules under test. Business minutes are counted one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet
    from datetime import date

_HOUR, _DAY = 60, 540


@dataclass(frozen=True, slots=True)
class Promises:
    """What a runbook promises, by severity.

    `elapsed` are minutes by any clock, `business` minutes of business time, `window` the hours of
    monitoring between fix and closing. A low is fixed by the next release.
    """

    elapsed: Mapping[str, Mapping[str, int]]
    business: Mapping[str, Mapping[str, int]]
    window: Mapping[str, int]


SHIPPED = Promises(
    elapsed={
        "critical": {"acknowledge": 15, "contain": 4 * _HOUR, "fix": 24 * _HOUR},
        "high": {"acknowledge": 60, "contain": 24 * _HOUR},
    },
    business={
        "high": {"fix": 3 * _DAY},
        "medium": {"acknowledge": _DAY, "contain": 3 * _DAY, "fix": 10 * _DAY},
        "low": {"acknowledge": 2 * _DAY, "contain": 10 * _DAY},
    },
    window={"critical": 72, "high": 24, "medium": 24, "low": 4},
)
STRICT = Promises(
    elapsed={
        "critical": {"acknowledge": 5, "contain": _HOUR, "fix": 8 * _HOUR},
        "high": {"acknowledge": 20, "contain": 7 * _HOUR, "fix": 30 * _HOUR},
        "medium": {"acknowledge": 3 * _HOUR},
    },
    business={
        "medium": {"contain": _DAY, "fix": 4 * _DAY},
        "low": {"acknowledge": _DAY, "contain": 5 * _DAY},
    },
    window={"critical": 24, "high": 30, "medium": 6, "low": 1},
)
"""Of a runbook of somebody else's, in another zone and without holidays."""
LONGEST_SILENCE = timedelta(minutes=31)
"""A page every 30 minutes, and the minute in which a sweep comes."""
_OPENS, _CLOSES, _SATURDAY = 9, 18, 5


def promised(
    promises: Promises,
    severity: str,
    clock: str,
    opened: datetime,
    *,
    zone: str,
    holidays: AbstractSet[date],
) -> datetime | None:
    """When a clock that starts at `opened` is due; None where nothing is promised by the clock."""
    if (minutes := promises.elapsed.get(severity, {}).get(clock)) is not None:
        return opened + timedelta(minutes=minutes)
    if (minutes := promises.business.get(severity, {}).get(clock)) is not None:
        return _business(opened, minutes, ZoneInfo(zone), holidays)
    return None


def _business(
    start: datetime, minutes: int, zone: ZoneInfo, holidays: AbstractSet[date]
) -> datetime:
    """The earliest instant at which so many business minutes have been used up."""
    at, left = start, timedelta(minutes=minutes)
    while True:
        local = at.astimezone(zone)
        day = local.date()
        open_day = local.weekday() < _SATURDAY and day not in holidays
        opens = datetime(day.year, day.month, day.day, _OPENS, tzinfo=zone)
        closes = datetime(day.year, day.month, day.day, _CLOSES, tzinfo=zone)
        if open_day and local < closes:
            begins = max(at, opens.astimezone(at.tzinfo))
            room = closes.astimezone(at.tzinfo) - begins
            if room >= left:
                return begins + left
            left -= room
        tomorrow = day + timedelta(days=1)
        midnight = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=zone)
        at = midnight.astimezone(start.tzinfo)
