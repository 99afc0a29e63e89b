"""Counts that nobody reads are fields of plain lines; both writers keep to it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tocsin.notes import Event, Metric
from tocsin.runtime.watch import json_lines, measured
from tocsin.runtime.watch.metrics import Meter

if TYPE_CHECKING:
    from collections.abc import Callable

WRITERS: list[Callable[[str], None]] = [
    lambda metric: json_lines.count(metric, value=3, provider="stripe"),
    lambda metric: Meter("billing_api", stage="drill").count(metric, 3, provider="stripe"),
    lambda metric: json_lines.log_and_count(
        Event.WEBHOOK_ACCEPTED, metric, by={"provider": "stripe"}
    ),
]


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize(
    ("text", "read"),
    [
        (None, True),
        ("none", False),
        ("AuditsClean", False),
        ("AuditsClean,WebhooksAccepted", True),
    ],
)
def test_a_count_is_a_measure_where_somebody_reads_it(
    write: Callable[[str], None],
    text: str | None,
    read: bool,  # noqa: FBT001 - a column of the table
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    json_lines.start("billing_api", stage="drill")
    monkeypatch.setattr(measured, "_READ", measured.read(text))
    write(Metric.WEBHOOKS_ACCEPTED)
    line = json.loads(capsys.readouterr().out)
    assert ("_aws" in line) is read
    assert line["service"] == "billing_api"
    assert line["provider"] == "stripe"
    assert line[Metric.WEBHOOKS_ACCEPTED] in ([3.0], [1.0])


@pytest.mark.parametrize("value", [0, 5])
def test_a_gauge_of_nothing_is_no_line(value: int, capsys: pytest.CaptureFixture[str]) -> None:
    json_lines.gauge("EventsMissed", value, provider="stripe")
    Meter("outage_watch", stage="drill").gauge("CheckoutTrouble", value, provider="stripe")
    assert len(capsys.readouterr().out.splitlines()) == (2 if value else 0)
