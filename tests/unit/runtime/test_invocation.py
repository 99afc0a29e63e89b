"""Around every handler: correlation, the clock of this invocation, and no silent failure."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from tocsin.errors import ClockUnavailable
from tocsin.runtime.watch.invocation import Watch, watch
from tocsin.runtime.watch.logging import Journal
from tocsin.runtime.watch.metrics import Meter


@dataclass
class Context:
    aws_request_id: str = "req-1"


class CountingClock:
    def __init__(self, *, broken: bool = False) -> None:
        self.begun = 0
        self._broken = broken

    def begin(self) -> None:
        self.begun += 1
        if self._broken:
            raise ClockUnavailable

    def incident_now(self) -> datetime:
        return datetime(2026, 9, 8, 14, tzinfo=UTC)


def watched(service: str, clock: CountingClock) -> tuple[Watch, io.StringIO]:
    stream = io.StringIO()
    journal = Journal(service, stage="local", stream=stream)
    return Watch(journal=journal, meter=Meter(service, stage="local"), clock=clock), stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_each_invocation_reads_the_clock_anew_and_has_its_own_correlation_id() -> None:
    clock = CountingClock()
    observed, stream = watched("each", clock)
    with observed.invocation(Context("req-1"), correlation_id="alarm-1"):
        observed.journal.info("signal.received")
    with observed.invocation(Context("req-2")):
        observed.journal.info("signal.received")
    assert clock.begun == 2
    assert [line["correlation_id"] for line in lines(stream)] == ["alarm-1", "req-2"]


class Timed(Context):
    def get_remaining_time_in_millis(self) -> int:
        return 14_200


def test_how_long_an_invocation_may_go_on_is_known_inside_it() -> None:
    observed, _ = watched("timed", CountingClock())
    with observed.invocation(Timed()):
        assert observed.remaining.seconds() == 14.2
    with observed.invocation(Context()):
        assert observed.remaining.seconds() == float("inf"), "nobody says"


def test_an_error_nobody_meant_is_logged_counted_and_raised(
    capsys: pytest.CaptureFixture[str],
) -> None:
    observed, stream = watched("broken", CountingClock())
    with pytest.raises(ZeroDivisionError), observed.invocation(Context()):
        raise ZeroDivisionError
    assert [line["message"] for line in lines(stream)] == ["unexpected"]
    assert json.loads(capsys.readouterr().out)["UnexpectedErrors"] == [1.0]


def test_without_incident_time_nothing_is_done() -> None:
    observed, stream = watched("timeless", CountingClock(broken=True))
    with pytest.raises(ClockUnavailable), observed.invocation(Context()):
        pytest.fail("worked without knowing the time")
    assert lines(stream)[0]["code"] == "clock_unavailable"


def test_a_deployed_function_gets_the_stage_it_was_configured_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    deployed = watch("deployed", stage="drill", level="INFO")
    with deployed.invocation(Context()):
        deployed.meter.count("ItemsDue")
    (directive,) = json.loads(capsys.readouterr().out)["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Tocsin/drill"
