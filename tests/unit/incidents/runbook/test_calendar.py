"""Business time on the rows of the semantics and on the days clocks change."""

from __future__ import annotations

import importlib
import zoneinfo
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from tocsin.errors import InvalidPolicy
from tocsin.incidents.runbook.calendar import BusinessCalendar, load_zone, zone_rules_version

if TYPE_CHECKING:
    from collections.abc import Mapping

NINE_TO_SIX = dict.fromkeys(range(5), ((9 * 60, 18 * 60),))


def calendar(
    zone: str,
    *closed: date,
    hours: Mapping[int, tuple[tuple[int, int], ...]] | None = None,
    day: int = 540,
) -> BusinessCalendar:
    return BusinessCalendar(
        zone=zone,
        weekly_hours=NINE_TO_SIX if hours is None else hours,
        closed_dates=frozenset(closed),
        minutes_per_day=day,
        version="test",
    )


def new_york(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("America/New_York"))


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))


def kolkata(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Kolkata"))


LABOR_DAY = calendar("America/New_York", date(2026, 9, 7))
EASTER = calendar("Europe/Berlin", date(2026, 4, 3), date(2026, 4, 6))
GANDHI = calendar("Asia/Kolkata", date(2026, 10, 2))

FRIDAY_EVENING = new_york("2026-09-04T17:50")
SATURDAY_NIGHT = new_york("2026-09-05T03:00")


@pytest.mark.parametrize(
    ("cal", "opened", "days", "due"),
    [
        pytest.param(LABOR_DAY, FRIDAY_EVENING, 1, new_york("2026-09-08T17:50"), id="B1-ack"),
        pytest.param(LABOR_DAY, FRIDAY_EVENING, 3, new_york("2026-09-10T17:50"), id="B1-contain"),
        pytest.param(LABOR_DAY, FRIDAY_EVENING, 10, new_york("2026-09-21T17:50"), id="B1-fix"),
        pytest.param(LABOR_DAY, SATURDAY_NIGHT, 1, new_york("2026-09-08T18:00"), id="B2-ack"),
        pytest.param(LABOR_DAY, SATURDAY_NIGHT, 3, new_york("2026-09-10T18:00"), id="B2-contain"),
        pytest.param(LABOR_DAY, SATURDAY_NIGHT, 10, new_york("2026-09-21T18:00"), id="B2-fix"),
        pytest.param(LABOR_DAY, FRIDAY_EVENING, 3, new_york("2026-09-10T17:50"), id="B3-fix"),
        pytest.param(LABOR_DAY, FRIDAY_EVENING, 2, new_york("2026-09-09T17:50"), id="B5-ack"),
        pytest.param(LABOR_DAY, FRIDAY_EVENING, 10, new_york("2026-09-21T17:50"), id="B5-contain"),
        pytest.param(EASTER, berlin("2026-04-02T17:00"), 1, berlin("2026-04-07T17:00"), id="B6-a"),
        pytest.param(EASTER, berlin("2026-04-02T17:00"), 3, berlin("2026-04-09T17:00"), id="B6-c"),
        pytest.param(EASTER, berlin("2026-04-02T17:00"), 10, berlin("2026-04-20T17:00"), id="B6-f"),
        pytest.param(
            GANDHI, kolkata("2026-10-01T10:15"), 1, kolkata("2026-10-05T10:15"), id="B8-a"
        ),
        pytest.param(
            GANDHI, kolkata("2026-10-01T10:15"), 3, kolkata("2026-10-07T10:15"), id="B8-c"
        ),
        pytest.param(
            GANDHI, kolkata("2026-10-01T10:15"), 10, kolkata("2026-10-16T10:15"), id="B8-f"
        ),
    ],
)
def test_business_days_are_used_up_at_the_earliest_instant(
    cal: BusinessCalendar, opened: datetime, days: int, due: datetime
) -> None:
    assert cal.add_minutes(opened, days * cal.minutes_per_day) == due
    assert cal.minutes_between(opened, due) == days * cal.minutes_per_day


def test_b7_wall_clock_hours_are_elapsed_hours_across_the_spring_change() -> None:
    opened = datetime.fromisoformat("2026-03-29T00:30+01:00")
    zone = load_zone("Europe/Berlin")
    assert (opened + timedelta(hours=4)).astimezone(zone).isoformat() == "2026-03-29T05:30:00+02:00"
    assert (opened + timedelta(hours=24)).astimezone(
        zone
    ).isoformat() == "2026-03-30T01:30:00+02:00"


def test_a_pause_of_four_business_hours_moves_a_due_time_by_four_business_hours() -> None:
    fix_due = LABOR_DAY.add_minutes(new_york("2026-09-08T10:00"), 3 * 540)
    assert fix_due == new_york("2026-09-11T10:00")
    paused = LABOR_DAY.between(new_york("2026-09-08T16:00"), new_york("2026-09-09T11:00"))
    assert paused == timedelta(hours=4)
    assert LABOR_DAY.add(fix_due, paused) == new_york("2026-09-11T14:00")


def test_the_days_end_is_closing_time_not_the_next_opening() -> None:
    due = LABOR_DAY.add_minutes(new_york("2026-09-08T09:00"), 540)
    assert due == new_york("2026-09-08T18:00")
    assert not LABOR_DAY.is_open(due)
    assert LABOR_DAY.next_opening(due) == new_york("2026-09-09T09:00")


def test_seconds_and_microseconds_survive() -> None:
    opened = new_york("2026-09-04T17:59:30.000250")
    assert LABOR_DAY.add_minutes(opened, 1) == new_york("2026-09-08T09:00:30.000250")


def test_lunch_is_not_worked() -> None:
    hours = {0: ((9 * 60, 12 * 60), (13 * 60, 17 * 60))}
    cal = calendar("Asia/Kolkata", hours=hours, day=420)
    assert cal.add_minutes(kolkata("2026-10-05T11:30"), 60) == kolkata("2026-10-05T13:30")
    assert cal.minutes_between(kolkata("2026-10-05T08:00"), kolkata("2026-10-05T20:00")) == 420
    assert not cal.is_open(kolkata("2026-10-05T12:30"))


def test_a_missing_hour_is_not_worked_and_a_doubled_one_counts_twice() -> None:
    cal = calendar("Europe/Berlin", hours=dict.fromkeys(range(7), ((0, 1440),)), day=1440)
    spring, autumn = berlin("2026-03-29T00:00"), berlin("2026-10-25T00:00")
    assert cal.minutes_between(spring, berlin("2026-03-30T00:00")) == 23 * 60
    assert cal.minutes_between(autumn, berlin("2026-10-26T00:00")) == 25 * 60
    nights = calendar("Europe/Berlin", hours={6: ((150, 240),)}, day=90)
    assert nights.next_opening(spring) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert nights.minutes_between(spring, berlin("2026-03-30T00:00")) == 60
    # 02:30-03:00 happens twice that night, 03:00-04:00 once, with a closed half hour between.
    assert nights.minutes_between(autumn, berlin("2026-10-26T00:00")) == 120
    assert not nights.is_open(datetime(2026, 10, 25, 1, 15, tzinfo=UTC))


def test_a_date_the_zone_skipped_has_no_working_hours() -> None:
    cal = calendar("Pacific/Apia", day=540)
    skipped = datetime(
        2011, 12, 30, 10, 0, tzinfo=UTC
    )  # local time jumps from Thursday to Saturday
    assert cal.next_opening(skipped) == datetime(2012, 1, 1, 19, 0, tzinfo=UTC)


def test_nothing_to_use_up_is_used_up_at_once_also_at_night() -> None:
    assert LABOR_DAY.add_minutes(SATURDAY_NIGHT, 0) == SATURDAY_NIGHT
    assert LABOR_DAY.minutes_between(FRIDAY_EVENING, FRIDAY_EVENING) == 0
    assert LABOR_DAY.minutes_between(FRIDAY_EVENING, FRIDAY_EVENING - timedelta(days=3)) == 0


def test_moments_without_a_zone_and_negative_durations_are_refused() -> None:
    naive = datetime(2026, 9, 4, 17, 50)  # noqa: DTZ001 - a moment without a zone is the case
    with pytest.raises(ValueError, match="zone"):
        LABOR_DAY.add_minutes(naive, 1)
    with pytest.raises(ValueError, match="forward"):
        LABOR_DAY.add_minutes(FRIDAY_EVENING, -1)


@pytest.mark.parametrize(
    "zone", ["Mars/Olympus", "../../etc/passwd", "/etc/localtime", "", "zones"]
)
def test_a_zone_that_is_none_is_refused(zone: str) -> None:
    with pytest.raises(InvalidPolicy):
        calendar(zone)


@pytest.mark.parametrize(
    "hours",
    [{}, {0: ()}, {7: ((0, 60),)}, {0: ((60, 60),)}, {0: ((0, 61), (60, 90))}, {0: ((0, 1441),)}],
)
def test_working_hours_that_make_no_sense_are_refused(
    hours: Mapping[int, tuple[tuple[int, int], ...]],
) -> None:
    with pytest.raises(InvalidPolicy):
        calendar("UTC", hours=hours)


def test_zone_rules_come_from_the_pinned_package_and_are_named() -> None:
    assert load_zone("UTC").key == "UTC"
    assert zone_rules_version().startswith("20")


def test_zone_rules_ignore_what_the_host_holds(tmp_path: Path) -> None:
    (tmp_path / "America").mkdir()
    utc = Path(importlib.import_module("tzdata").__path__[0], "zoneinfo", "UTC").read_bytes()
    (tmp_path / "America" / "New_York").write_bytes(utc)
    summer = datetime(2026, 7, 1, tzinfo=UTC)
    zoneinfo.reset_tzpath(to=[tmp_path])
    load_zone.cache_clear()
    try:
        host = ZoneInfo.no_cache("America/New_York")
        assert summer.astimezone(host).hour == 0, "the host's rules are wrong on purpose"
        assert summer.astimezone(load_zone("America/New_York")).hour == 20
    finally:
        zoneinfo.reset_tzpath()
        load_zone.cache_clear()
