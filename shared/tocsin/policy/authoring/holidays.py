"""Turns "the public holidays of this place" into plain dates while a runbook is compiled.

A deadline must not move because a library was upgraded, so functions never ask the library: they
load the dates, and the calendar's version names the library and the zone rules it was made with.
"""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from typing import TYPE_CHECKING

import holidays

from tocsin.incidents.runbook.calendar import BusinessCalendar, zone_rules_version

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
    return BusinessCalendar(time.zone, weekly, closed, time.day, f"{digest}.{made_with}")


def _public(place: PublicHolidays) -> dict[date, str]:
    years = range(place.first_year, place.last_year + 1)
    try:
        known = holidays.country_holidays(
            place.country, subdiv=place.subdivision, years=years, language="en_US"
        )
    except NotImplementedError as unknown:  # how the library says that it knows no such place
        raise ValueError(f"no public holidays are known for this place: {unknown}") from None
    return dict(known.items())
