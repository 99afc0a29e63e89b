"""Every time in a message names its zone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tocsin.documents.times import full_moment, short_moment

NEW_YORK, KOLKATA, SAO_PAULO = "America/New_York", "Asia/Kolkata", "America/Sao_Paulo"
OPENED = datetime(2026, 9, 8, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        (NEW_YORK, "10:15 EDT"),
        (KOLKATA, "19:45 IST"),
        (SAO_PAULO, "11:15 UTC-03:00"),
        ("UTC", "14:15 UTC"),
    ],
)
def test_a_time_of_the_same_day_is_the_local_clock_and_its_zone(zone: str, text: str) -> None:
    assert short_moment(OPENED.replace(minute=15), zone, seen=OPENED) == text


def test_another_local_day_is_named() -> None:
    due = datetime(2026, 9, 9, 3, 30, tzinfo=UTC)
    assert short_moment(due, NEW_YORK, seen=OPENED) == "23:30 EDT"
    assert short_moment(due, KOLKATA, seen=OPENED) == "Wed 9 Sep 09:00 IST"


def test_the_zone_name_follows_daylight_saving() -> None:
    winter = datetime(2026, 11, 2, 14, 15, tzinfo=UTC)
    assert short_moment(winter, NEW_YORK, seen=winter) == "09:15 EST"


@pytest.mark.parametrize(
    ("moment", "zone", "text"),
    [
        (OPENED, NEW_YORK, "Tue 2026-09-08 10:00 EDT (14:00 UTC)"),
        (OPENED.replace(hour=20), KOLKATA, "Wed 2026-09-09 01:30 IST (Tue 2026-09-08 20:00 UTC)"),
        (OPENED, "UTC", "Tue 2026-09-08 14:00 UTC"),
        (OPENED, SAO_PAULO, "Tue 2026-09-08 11:00 UTC-03:00 (14:00 UTC)"),
    ],
)
def test_a_full_time_has_its_date_its_zone_and_utc(moment: datetime, zone: str, text: str) -> None:
    assert full_moment(moment, zone) == text
