"""Two clocks that cannot be mixed up, and an adjustable one only where it is asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.runtime import clock
from tocsin.runtime.clock import (
    SystemIncidentClock,
    SystemWallClock,
    incident_clock,
    outage_clock,
    wall_clock,
)


def test_both_clocks_tell_utc_in_whole_milliseconds_close_to_the_real_time() -> None:
    for look in (incident_clock({}).incident_now, wall_clock().wall_now):
        before = datetime.now(UTC)
        moment = look()
        assert moment.utcoffset() == timedelta(0)
        assert moment.microsecond % 1000 == 0
        assert before - timedelta(milliseconds=1) <= moment <= datetime.now(UTC)


def test_without_the_variable_incident_time_is_the_real_time() -> None:
    incident_time = incident_clock({"STAGE": "production"})
    assert isinstance(incident_time, SystemIncidentClock)
    incident_time.begin()


def test_neither_clock_can_be_passed_for_the_other() -> None:
    assert not hasattr(incident_clock({}), "wall_now")
    assert not hasattr(wall_clock(), "incident_now")
    assert not hasattr(outage_clock({clock.AHEAD_VARIABLE: "60"}), "incident_now")


def test_the_clock_of_outages_is_the_real_one_and_ahead_only_where_that_is_asked_for() -> None:
    moved_incident_time = {clock.PARAMETER_VARIABLE: "/tocsin/local/clock"}
    assert isinstance(outage_clock(moved_incident_time), SystemWallClock)
    ahead = outage_clock({clock.AHEAD_VARIABLE: "600"}).wall_now() - wall_clock().wall_now()
    assert timedelta(seconds=600) <= ahead + timedelta(milliseconds=1) < timedelta(seconds=605)
    assert outage_clock({clock.AHEAD_VARIABLE: "600"}).wall_now().microsecond % 1000 == 0


def test_the_variable_brings_in_the_adjustable_clock_of_that_parameter() -> None:
    adjustable = incident_clock({clock.PARAMETER_VARIABLE: "/tocsin/local/clock"})
    assert type(adjustable).__module__ == "tocsin.local.adjustable_clock"
    assert not hasattr(adjustable, "wall_now")


def test_a_bundle_without_the_module_does_not_start_with_another_clock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clock, "_ADJUSTABLE_MODULE", "tocsin.local.left_out_of_the_bundle")
    with pytest.raises(ImportError):
        incident_clock({clock.PARAMETER_VARIABLE: "/tocsin/drill/clock"})
    with pytest.raises(ImportError):
        outage_clock({clock.AHEAD_VARIABLE: "600"})
