"""Virtual time: one value per clock, moved by the test and by nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 9, 8, 14, 0, tzinfo=UTC)
"""Tuesday 10:00 in New York, the zone of the default policy."""


class VirtualIncidentClock:
    """Incident time."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def begin(self) -> None:
        """Nothing to read: the test says what time it is."""

    def incident_now(self) -> datetime:
        return self.now

    def advance(self, step: timedelta) -> None:
        assert step >= timedelta(), "time does not run back"
        self.now += step


class VirtualWallClock:
    """The real time, as far as the test's world is concerned."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def wall_now(self) -> datetime:
        return self.now

    def advance(self, step: timedelta) -> None:
        assert step >= timedelta(), "time does not run back"
        self.now += step
