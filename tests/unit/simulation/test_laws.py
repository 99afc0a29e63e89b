"""What the laws read off a message, apart from the lives they are held against."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tocsin.simulation.laws import on_its_clock

AT = datetime(2027, 3, 16, 6, 1, tzinfo=UTC)
ZONES = ("Europe/Berlin", "America/New_York")


@pytest.mark.parametrize(
    ("named", "shown"), [("CET", "07:01"), ("EDT", "02:01"), ("", "07:01"), ("IST", "07:01")]
)
def test_a_time_is_read_on_the_clock_that_it_names(named: str, shown: str) -> None:
    """Seed 1760: a bundle in Berlin's days named a time of an incident of New York's."""
    assert f"{on_its_clock(AT, named, ZONES):%H:%M}" == shown
