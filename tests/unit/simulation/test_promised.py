"""The simulation's own arithmetic of deadlines, against the worked rows of the semantics."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from tocsin.simulation.promised import SHIPPED, promised

ROWS = [
    ("America/New_York", "2026-09-04 17:50", "medium", "acknowledge", "2026-09-08 17:50"),
    ("America/New_York", "2026-09-04 17:50", "medium", "contain", "2026-09-10 17:50"),
    ("America/New_York", "2026-09-04 17:50", "medium", "fix", "2026-09-21 17:50"),
    ("America/New_York", "2026-09-05 03:00", "medium", "acknowledge", "2026-09-08 18:00"),
    ("America/New_York", "2026-09-05 03:00", "medium", "fix", "2026-09-21 18:00"),
    ("America/New_York", "2026-09-04 17:50", "high", "acknowledge", "2026-09-04 18:50"),
    ("America/New_York", "2026-09-04 17:50", "high", "fix", "2026-09-10 17:50"),
    ("America/New_York", "2026-09-04 17:50", "critical", "contain", "2026-09-04 21:50"),
    ("America/New_York", "2026-09-04 17:50", "low", "acknowledge", "2026-09-09 17:50"),
    ("America/New_York", "2026-09-04 17:50", "low", "contain", "2026-09-21 17:50"),
    ("Europe/Berlin", "2026-04-02 17:00", "medium", "acknowledge", "2026-04-07 17:00"),
    ("Europe/Berlin", "2026-04-02 17:00", "medium", "fix", "2026-04-20 17:00"),
    ("Europe/Berlin", "2026-03-29 00:30", "critical", "contain", "2026-03-29 05:30"),
    ("Asia/Kolkata", "2026-10-01 10:15", "medium", "acknowledge", "2026-10-05 10:15"),
    ("Asia/Kolkata", "2026-10-01 10:15", "medium", "fix", "2026-10-16 10:15"),
]
CLOSED = frozenset({date(2026, 9, 7), date(2026, 4, 3), date(2026, 4, 6), date(2026, 10, 2)})


@pytest.mark.parametrize(("zone", "opened", "severity", "clock", "due"), ROWS)
def test_the_rows_of_the_semantics(
    zone: str, opened: str, severity: str, clock: str, due: str
) -> None:
    start, end = (
        datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        for text in (opened, due)
    )
    assert promised(SHIPPED, severity, clock, start, zone=zone, holidays=CLOSED) == end


def test_a_low_is_fixed_by_a_release_and_not_by_a_clock() -> None:
    opened = datetime(2026, 9, 8, 14, tzinfo=UTC)
    zone = "America/New_York"
    assert promised(SHIPPED, "low", "fix", opened, zone=zone, holidays=CLOSED) is None
