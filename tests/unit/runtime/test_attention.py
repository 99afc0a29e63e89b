"""A cause is told once its limit is near: by its name, and as a share of one metric for all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tocsin.runtime import attention
from tocsin.runtime.attention import Cause
from tocsin.runtime.watch import json_lines
from tocsin.runtime.watch.metrics import Meter

if TYPE_CHECKING:
    from collections.abc import Callable

CAUSES = {
    "LinksRefused": Cause("links-refused", 30, "Links are refused."),
    "OldestQuarantined": Cause("billing-quarantine-age", 14_400, "It waits.", gauge=True),
}


@pytest.fixture(autouse=True)
def deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "_CAUSES", attention.read(attention.write(CAUSES)))
    json_lines.start("public_intake", stage="drill")


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in lines if "cause" in line]


@pytest.mark.parametrize(
    "count",
    [
        lambda: json_lines.count("LinksRefused", value=3, code="x"),
        lambda: Meter("public_intake", stage="drill").count("LinksRefused", 3, code="x"),
    ],
)
def test_both_writers_tell_of_a_cause_as_its_share_of_its_limit(
    capsys: pytest.CaptureFixture[str], count: Callable[[], None]
) -> None:
    count()
    (line,) = told(capsys)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive == {
        "Namespace": "Tocsin/drill",
        "Dimensions": [[]],
        "Metrics": [{"Name": "NeedsAttention", "Unit": "Count"}],
    }
    assert line["NeedsAttention"] == [0.1]
    assert (line["cause"], line["says"]) == ("links-refused", "Links are refused.")
    assert (line["service"], line["value"]) == ("public_intake", 3)


def test_a_line_that_is_a_log_and_a_count_tells_of_its_cause_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    json_lines.log_and_count("link.refused", "LinksRefused", by={})
    assert [line["cause"] for line in told(capsys)] == ["links-refused"]


@pytest.mark.parametrize(("age", "share"), [(14_399, []), (14_400, [1.0]), (99_999, [1.0])])
def test_a_gauge_needs_attention_wholly_or_not_at_all(
    capsys: pytest.CaptureFixture[str], age: int, share: list[float]
) -> None:
    json_lines.gauge("OldestQuarantined", age, provider="stripe")
    assert [line["NeedsAttention"][0] for line in told(capsys)] == share


def test_what_is_no_cause_tells_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    json_lines.count("WebhooksAccepted")
    json_lines.count("LinksRefused", value=0)
    json_lines.gauge("OldestUnprojected", 10_000)
    assert told(capsys) == []


def test_a_function_without_causes_has_none() -> None:
    assert attention.read(None) == attention.read("") == {}
