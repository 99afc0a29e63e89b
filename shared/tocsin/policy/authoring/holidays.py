"""Turns "the public holidays of this place" into plain dates while a runbook is compiled.

A deadline must not move because a library was upgraded, so functions never ask the library: they
load the dates, and the calendar's version names the library and the zone rules it was made with.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from importlib.metadata import version
from typing import TYPE_CHECKING

import holidays

from tocsin.incidents.runbook.calendar import BusinessCalendar, zone_rules_version
from tocsin.incidents.runbook.policy import Doubt
from tocsin.policy.compiled.doubts import of_zone

if TYPE_CHECKING:
    from datetime import date

    from tocsin.policy.authoring.schema import BusinessTime, PublicHolidays


def library_version() -> str:
    """The version of the `holidays` library that expands the dates."""
    return version("holidays")


def closed_names(time: BusinessTime) -> dict[date, str]:
    """Every closed date and why, in order.

    Raises:
        ValueError: the library knows no such country or subdivision.
    """
    public = {} if time.public_holidays is None else _public(time.public_holidays)
    worked = frozenset(time.open_dates)
    found = {day: name for day, name in public.items() if day not in worked} | time.closed_dates
    return dict(sorted(found.items()))


def business_calendar(time: BusinessTime, closed: frozenset[date]) -> BusinessCalendar:
    """The calendar a policy carries; its version changes with anything that goes into it."""
    weekly = {
        weekday: tuple(spans)
        for weekday, spans in enumerate(
            (
                time.hours.monday,
                time.hours.tuesday,
                time.hours.wednesday,
                time.hours.thursday,
                time.hours.friday,
                time.hours.saturday,
                time.hours.sunday,
            )
        )
    }
    inputs = json.dumps([time.zone, list(weekly.items()), sorted(map(str, closed)), time.day])
    digest = hashlib.sha256(inputs.encode()).hexdigest()[:12]
    made_with = f"holidays-{library_version()}.tzdata-{zone_rules_version()}"
    return BusinessCalendar(
        zone=time.zone,
        weekly_hours=weekly,
        closed_dates=closed,
        minutes_per_day=time.day,
        version=f"{digest}.{made_with}",
        holidays_until=_until(time, closed),
    )


def _until(time: BusinessTime, closed: frozenset[date]) -> int | None:
    """The last year of the table, unless it is that of the last closed date."""
    if time.public_holidays is None or not closed:
        return None
    last = _known_until(time.public_holidays)
    return None if last == max(closed).year else last


def place_doubts(time: BusinessTime) -> tuple[Doubt, ...]:
    """What is to be doubted about the place: its parts differ, or its clocks are others."""
    place = time.public_holidays
    found = of_zone(time.zone, None if place is None else place.country)
    if place is not None and (until := _known_until(place)) < place.last_year:
        text = (
            f"not all holidays of {place.country} are known after {until}: "
            "later ones count as work days unless `closed_dates` names them"
        )
        found += (Doubt("business_time.public_holidays.last_year", text),)
    if place is None or place.subdivision or place.country in _NATIONWIDE:
        return found
    parts = _differing(place)
    if not parts:
        return found
    text = (
        f"holidays of {place.country} differ by subdivision ({', '.join(parts[:_NAMED])}"
        f"{', …' if len(parts) > _NAMED else ''}): name it, or `{WHOLE}` for the country's alone"
    )
    return (*found, Doubt("business_time.public_holidays.subdivision", text))


def _differing(place: PublicHolidays) -> list[str]:
    """The subdivisions that rest on more days than the whole country does, in two years."""
    years = range(place.first_year, min(place.first_year + 1, place.last_year) + 1)
    whole = set(_expanded(place, None, years)[0])
    return [
        part
        for part in holidays.list_supported_countries().get(place.country, ())
        if set(_expanded(place, part, years)[0]) - whole
    ]


def _known_until(place: PublicHolidays) -> int:
    """The last year of the table of which the library says that it knows every holiday."""
    years = range(place.first_year, place.last_year + 1)
    part = _part(place)
    if _expanded(place, part, years)[1]:
        return place.last_year
    known = (year for year in years if _expanded(place, part, range(year, year + 1))[1])
    return max(known, default=place.first_year - 1)


def _expanded(
    place: PublicHolidays, part: str | None, years: range
) -> tuple[holidays.HolidayBase, bool]:
    """The holidays of some years, and whether these are all; the library warns where not."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = holidays.country_holidays(place.country, subdiv=part, years=years, language="en_US")
    covered = not years or (found.start_year <= years[0] and years[-1] <= found.end_year)
    return found, covered and not said


def _part(place: PublicHolidays) -> str | None:
    return None if place.subdivision == WHOLE else place.subdivision


WHOLE = "none"
"""The subdivision of those who mean the whole country, and say so."""

_NATIONWIDE = frozenset({"US"})
"""Where employers keep the whole country's: the days of a state bind its own offices."""

_NAMED = 4


def _public(place: PublicHolidays) -> dict[date, str]:
    years = range(place.first_year, place.last_year + 1)
    try:
        known, _ = _expanded(place, _part(place), years)
    except NotImplementedError as unknown:  # how the library says that it knows no such place
        raise ValueError(f"no public holidays are known for this place: {unknown}") from None
    return dict(known.items())
