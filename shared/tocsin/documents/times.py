"""Times as people read them at night: in the team's zone, named, and in UTC beside it.

A deadline without a zone is the oldest complaint about paging texts; a zone that is named only by
its offset is written as one, `UTC-03:00`, never as a bare number.
"""

from __future__ import annotations

from datetime import UTC
from functools import lru_cache
from typing import TYPE_CHECKING

from tocsin.incidents.runbook.calendar import load_zone

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo


def short_moment(moment: datetime, zone: str, *, seen: datetime) -> str:
    """`02:29 EDT`, or `Tue 8 Sep 17:50 EDT` when that is another local day than `seen`."""
    local = _in(moment, zone)
    clock = f"{local:%H:%M} {_zone_name(local)}"
    if local.date() == _in(seen, zone).date():
        return clock
    return f"{local:%a} {local.day} {local:%b} {clock}"


def bare_moment(moment: datetime, zone: str, *, seen: datetime) -> str:
    """As `short_moment`, but without the zone: for where another time beside it names that."""
    return short_moment(moment, zone, seen=seen).rpartition(" ")[0]


def full_moment(moment: datetime, zone: str) -> str:
    """`Tue 2026-09-08 10:15 EDT (14:15 UTC)`; the date again where UTC has another one."""
    local, utc = _in(moment, zone), moment.astimezone(UTC)
    here = f"{local:%a %Y-%m-%d %H:%M} {_zone_name(local)}"
    if local.utcoffset() == utc.utcoffset():
        return here
    there = f"{utc:%H:%M}" if local.date() == utc.date() else f"{utc:%a %Y-%m-%d %H:%M}"
    return f"{here} ({there} UTC)"


def _in(moment: datetime, zone: str) -> datetime:
    """On a wall clock; at the ends of the calendar, which some records name, in UTC."""
    try:
        return moment.astimezone(_zone(zone))
    except OverflowError:
        return moment.astimezone(UTC)


def _zone_name(local: datetime) -> str:
    name = local.tzname() or "UTC"
    return f"UTC{local:%:z}" if name[0] in "+-" else name


@lru_cache(maxsize=8)
def _zone(name: str) -> ZoneInfo:
    return load_zone(name)
