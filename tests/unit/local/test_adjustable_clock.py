"""Incident time moved by an offset. The reading over HTTP is tested under integration."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.errors import ClockUnavailable
from tocsin.local.adjustable_clock import AdjustableClock, read_offset
from tocsin.ports.time import IncidentClock, WallClock

WALL = datetime(2026, 9, 4, 21, 50, 0, 123_999, tzinfo=UTC)


class Offsets:
    """Answers what SSM would, one value after the other."""

    def __init__(self, *seconds: int) -> None:
        self.seconds = list(seconds)
        self.asked: list[str] = []

    def __call__(self, parameter: str) -> int:
        self.asked.append(parameter)
        return self.seconds.pop(0)


def clock(offsets: Offsets) -> AdjustableClock:
    return AdjustableClock("/tocsin/local/offset", read=offsets, wall=lambda: WALL)


def test_incident_time_is_the_real_time_plus_the_offset() -> None:
    moved = clock(Offsets(4 * 3600))
    moved.begin()

    assert moved.incident_now() == datetime(2026, 9, 5, 1, 50, 0, 123_000, tzinfo=UTC)


def test_incident_time_is_cut_to_whole_milliseconds() -> None:
    assert clock(Offsets(0)).incident_now().microsecond == 123_000


def test_the_offset_holds_for_an_invocation_and_is_read_anew_for_the_next() -> None:
    offsets = Offsets(0, 300)
    moved = clock(offsets)
    moved.begin()
    first, second = moved.incident_now(), moved.incident_now()
    moved.begin()

    assert first == second
    assert moved.incident_now() - first == timedelta(minutes=5)
    assert offsets.asked == ["/tocsin/local/offset"] * 2


def test_a_clock_nobody_began_reads_before_it_tells_the_time() -> None:
    assert clock(Offsets(60)).incident_now() == datetime(2026, 9, 4, 21, 51, 0, 123_000, tzinfo=UTC)


def test_it_is_an_incident_clock_and_never_a_wall_clock() -> None:
    as_incident: IncidentClock = clock(Offsets(0))

    assert as_incident.incident_now().tzinfo is UTC
    assert not hasattr(as_incident, "wall_now")
    assert "wall_now" in dir(WallClock)


def test_an_environment_without_credentials_is_no_time_at_all() -> None:
    with pytest.raises(ClockUnavailable):
        read_offset("/tocsin/local/offset", {"AWS_REGION": "us-east-1"})
