"""Moving the stage's clock, over stand-ins for the two services it talks to."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tocsin.errors import BadInput, Unavailable
from tocsin.local.moving import StageClock

NOW = datetime(2026, 9, 4, 21, 50, tzinfo=UTC)
PARAMETER = "/tocsin/local/incident-clock-offset"


class Stage:
    """The parameter and the sweep of a stage."""

    def __init__(self, offset: int = 0, answer: Any = None, *, fails: bool = False) -> None:
        self.offset = offset
        self.answer = answer if answer is not None else {"ticked": 2}
        self.fails = fails
        self.swept_at: list[int] = []

    def clock(self) -> StageClock:
        clients = SimpleNamespace(ssm=self, functions=self)
        return StageClock(cast("Any", clients), PARAMETER, "sla-check", now=lambda: NOW)

    def get_parameter(self, *, Name: str) -> Any:  # noqa: N803 -- boto3's spelling
        assert Name == PARAMETER
        return {"Parameter": {"Value": str(self.offset)}}

    def put_parameter(self, *, Name: str, Value: str, **_: object) -> None:  # noqa: N803 -- the same
        assert Name == PARAMETER
        self.offset = int(Value)

    def invoke(self, *, FunctionName: str, Payload: bytes) -> Any:  # noqa: N803 -- the same
        assert (FunctionName, json.loads(Payload)) == ("sla-check", {})
        self.swept_at.append(self.offset)
        body = {"Payload": io.BytesIO(json.dumps(self.answer).encode())}
        return body | ({"FunctionError": "Unhandled"} if self.fails else {})


def test_advancing_adds_to_what_was_advanced_before() -> None:
    stage = Stage(offset=300)

    reading = stage.clock().advance(timedelta(hours=4))

    assert stage.offset == 300 + 4 * 3600
    assert reading.incident == NOW + timedelta(hours=4, minutes=5)


@pytest.mark.parametrize("by", [timedelta(), timedelta(seconds=-1), timedelta(milliseconds=999)])
def test_the_clock_does_not_advance_backwards_or_by_nothing(by: timedelta) -> None:
    stage = Stage(offset=300)

    with pytest.raises(BadInput):
        stage.clock().advance(by)

    assert stage.offset == 300


def test_setting_an_instant_keeps_the_clock_running_from_there() -> None:
    stage = Stage()

    reading = stage.clock().set(datetime(2026, 9, 8, 14, 0, tzinfo=UTC))

    assert reading.incident == datetime(2026, 9, 8, 14, 0, tzinfo=UTC)
    assert stage.clock().read().incident == reading.incident


@pytest.mark.parametrize("year", [1, 1999, 9999])
def test_the_clock_is_not_set_out_of_the_century(year: int) -> None:
    stage = Stage(offset=300)
    with pytest.raises(BadInput):
        stage.clock().set(datetime(year, 12, 31, tzinfo=UTC))
    with pytest.raises(BadInput):
        stage.clock().advance(timedelta(days=3660 * 100))
    assert stage.offset == 300


def test_resetting_returns_to_the_real_time() -> None:
    stage = Stage(offset=-900)

    assert stage.clock().reset().incident == NOW
    assert stage.offset == 0


def test_the_sweep_sees_the_moved_clock_and_its_report_comes_back() -> None:
    stage = Stage()
    clock = stage.clock()
    clock.advance(timedelta(minutes=5))

    assert clock.sweep() == {"ticked": 2}
    assert stage.swept_at == [300]


def test_a_failed_sweep_is_an_error_with_what_it_said() -> None:
    with pytest.raises(Unavailable, match="no such table"):
        Stage(answer={"errorMessage": "no such table"}, fails=True).clock().sweep()
