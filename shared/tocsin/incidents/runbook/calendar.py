"""Business time: which minutes count, and when a number of them is used up (semantics 2).

A minute counts when a clock on the wall of the team's zone reads inside that weekday's working
hours and the date is not closed. This one sentence decides the days on which clocks are put
forward or back: an hour that does not exist is not worked, an hour that happens twice inside the
working hours counts twice.

Zone rules come from the pinned `tzdata` package and never from the host, because two machines
must not compute two deadlines for one incident. Public holidays arrive as plain dates, expanded
when the policy was compiled, so a library upgrade cannot move a running deadline.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tocsin.errors import InvalidPolicy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

type Span = tuple[datetime, datetime]

MINUTES_PER_DAY = 24 * 60
_ZONE_NAME = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*")
_RESOLUTION = timedelta(seconds=1)
# No local date starts earlier or ends later than this around the same date in UTC.
_WIDEST_OFFSET = timedelta(hours=15)


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """The working time of one team.

    `weekly_hours` maps a weekday (Monday is 0) to spans of minutes since local midnight, half
    open, in order and apart from each other. `minutes_per_day` is what one business day of a
    target is worth, whatever the length of a particular day. `version` names everything that
    went into the calendar and is stored with each deadline. `holidays_until` is the last year of
    the table of holidays, where the closed dates do not say it themselves.

    Every moment taken must know its zone; every moment given back is UTC.
    """

    zone: str
    weekly_hours: Mapping[int, tuple[tuple[int, int], ...]]
    closed_dates: frozenset[date]
    minutes_per_day: int
    version: str
    holidays_until: int | None = None

    def __post_init__(self) -> None:
        load_zone(self.zone)
        if self.minutes_per_day <= 0:
            raise InvalidPolicy("a business day needs at least one minute")
        if not any(self.weekly_hours.values()):
            raise InvalidPolicy("a calendar without working hours never reaches a deadline")
        for weekday, spans in self.weekly_hours.items():
            _check_spans(weekday, spans)

    @property
    def holiday_years(self) -> tuple[int, int] | None:
        """The first and the last year whose closed dates are known; None: no date is closed."""
        if not self.closed_dates:
            return None
        first, last = min(self.closed_dates).year, max(self.closed_dates).year
        return first, self.holidays_until or last

    def knows(self, at: datetime) -> bool:
        """Whether the date of a moment lies within the table of holidays."""
        if (years := self.holiday_years) is None:
            return True
        return years[0] <= at.astimezone(load_zone(self.zone)).year <= years[1]

    def add_minutes(self, start: datetime, minutes: int) -> datetime:
        """The earliest moment at which `minutes` business minutes since `start` are used up."""
        return self.add(start, timedelta(minutes=minutes))

    def add(self, start: datetime, duration: timedelta) -> datetime:
        """`add_minutes` to the microsecond, for a pause that ended in mid-minute."""
        if duration < timedelta():
            raise ValueError(f"business time only runs forward, not by {duration}")
        moment = _utc(start)
        if not duration:
            return moment
        for opens, closes in self._open_from(moment):
            if closes - opens >= duration:
                return opens + duration
            duration -= closes - opens
        raise InvalidPolicy(f"the calendar {self.version} ends before the deadline")

    def minutes_between(self, start: datetime, end: datetime) -> int:
        """Whole business minutes from `start` to `end`; 0 when `end` is not later."""
        return self.between(start, end) // timedelta(minutes=1)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Business time from `start` to `end`; zero when `end` is not later."""
        first, last = _utc(start), _utc(end)
        total = timedelta()
        if last <= first:
            return total
        for opens, closes in self._open_from(first):
            if opens >= last:
                break
            total += min(closes, last) - opens
        return total

    def is_open(self, at: datetime) -> bool:
        """Whether business minutes run at this moment; not yet at closing time itself."""
        moment = _utc(at)
        return self.next_opening(moment) == moment

    def next_opening(self, at: datetime) -> datetime:
        """The first moment not before `at` at which business minutes run."""
        for opens, _ in self._open_from(_utc(at)):
            return opens
        raise InvalidPolicy(f"the calendar {self.version} never opens again")

    def _open_from(self, moment: datetime) -> Iterator[Span]:
        """Open spans after `moment`, in order, the first one cut to begin no earlier."""
        zone = load_zone(self.zone)
        day = moment.astimezone(zone).date()
        while day < date.max - timedelta(days=2):
            for opens, closes in self._open_on(day, zone):
                if closes > moment:
                    yield max(opens, moment), closes
            day += timedelta(days=1)

    def _open_on(self, day: date, zone: ZoneInfo) -> list[Span]:
        """The UTC spans in which the wall clock reads this date and a working minute of it."""
        spans = self.weekly_hours.get(day.weekday(), ())
        if not spans or day in self.closed_dates:
            return []
        midnight = datetime.combine(day, time(), UTC)
        found = []
        for since, until, offset in _offset_runs(midnight, zone):
            for start, end in spans:
                opens = max(since, midnight + timedelta(minutes=start) - offset)
                closes = min(until, midnight + timedelta(minutes=end) - offset)
                if opens < closes:
                    found.append((opens, closes))
        return sorted(found)


@lru_cache(maxsize=64)
def load_zone(name: str) -> ZoneInfo:
    """The rules of an IANA zone from the pinned `tzdata`.

    Raises:
        InvalidPolicy: there is no such zone.
    """
    file = Path(_tzdata().__path__[0], "zoneinfo", name)
    if not _ZONE_NAME.fullmatch(name) or not file.is_file():
        raise InvalidPolicy(f"no time zone is named {name!r}", zone=name)
    with file.open("rb") as rules:
        return ZoneInfo.from_file(rules, key=name)


def zone_rules_version() -> str:
    """The IANA release the pinned `tzdata` holds, such as `2026f`: an input of every deadline."""
    return str(_tzdata().IANA_VERSION)


@lru_cache(maxsize=1)
def _tzdata() -> ModuleType:
    try:
        return import_module("tzdata")
    except ModuleNotFoundError as absent:
        raise InvalidPolicy("tzdata is missing, and the host's zone rules are not used") from absent


def _offset_runs(
    midnight: datetime, zone: ZoneInfo
) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """(since, until, UTC offset) over every moment that can fall on the date of `midnight`."""
    since = midnight - _WIDEST_OFFSET
    last = midnight + timedelta(days=1) + _WIDEST_OFFSET
    while since < last:
        offset = _offset(since, zone)
        until = last if _offset(last, zone) == offset else _next_change(since, last, zone)
        yield since, until, offset
        since = until


def _next_change(since: datetime, until: datetime, zone: ZoneInfo) -> datetime:
    """The moment the offset changes, known to lie in `(since, until]`, by halving."""
    before = _offset(since, zone)
    while until - since > _RESOLUTION:
        middle = since + (until - since) // 2
        middle = middle.replace(microsecond=0)
        since, until = (middle, until) if _offset(middle, zone) == before else (since, middle)
    return until


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    offset = moment.astimezone(zone).utcoffset()
    return offset if offset is not None else timedelta()


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"a moment needs its zone: {moment}")
    return moment.astimezone(UTC)


def _check_spans(weekday: int, spans: tuple[tuple[int, int], ...]) -> None:
    if weekday not in range(7):
        raise InvalidPolicy(f"weekday {weekday} is not 0 (Monday) to 6 (Sunday)")
    end_before = 0
    for start, end in spans:
        if not end_before <= start < end <= MINUTES_PER_DAY:
            raise InvalidPolicy(f"working hours of weekday {weekday} overlap or run backwards")
        end_before = end
