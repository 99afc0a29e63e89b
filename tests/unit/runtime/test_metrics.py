"""Counts of Powertools functions have the shape that those of plain lines have."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tocsin.notes import Gauge, Metric
from tocsin.runtime.watch import json_lines
from tocsin.runtime.watch.metrics import Meter


def one_line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    line: dict[str, Any] = json.loads(capsys.readouterr().out)
    line.get("_aws", {}).pop("Timestamp", None)
    return line


@pytest.mark.parametrize("dimensions", [{}, {"kind": "page"}, {"provider": "stripe", "code": "x"}])
def test_both_writers_count_in_the_same_namespace_and_dimensions(
    capsys: pytest.CaptureFixture[str], dimensions: dict[str, str]
) -> None:
    Meter("notifier", stage="drill").count(Metric.MESSAGES_SENT, 3, **dimensions)
    line = one_line(capsys)
    json_lines.start("notifier", stage="drill")
    json_lines._bound.clear()
    json_lines.count(Metric.MESSAGES_SENT, value=3, **dimensions)
    twin = one_line(capsys)
    assert line["_aws"] == twin["_aws"]
    assert line["MessagesSent"] == twin["MessagesSent"] == [3.0]
    assert dimensions.items() <= line.items()


def test_both_writers_report_a_measure_alike(capsys: pytest.CaptureFixture[str]) -> None:
    Meter("notifier", stage="drill").gauge(Gauge.PROJECTION_LAG, 7, provider="stripe")
    line = one_line(capsys)
    json_lines.start("notifier", stage="drill")
    json_lines._bound.clear()
    json_lines.NOTES.gauge(Gauge.PROJECTION_LAG, 7, provider="stripe")
    twin = one_line(capsys)
    assert line["provider"] == twin["provider"] == "stripe"
    assert line["ProjectionLag"] == twin["ProjectionLag"] == [7.0]


def test_a_dimension_that_could_have_any_value_is_refused() -> None:
    with pytest.raises(ValueError, match="person"):
        Meter("notifier", stage="local").count(Metric.MESSAGES_SENT, person="commander-primary")
