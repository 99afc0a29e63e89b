"""The hot path's own writer: the lines it prints are what alarms and queries read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tocsin.errors import StoreUnavailable
from tocsin.notes import Event, Metric
from tocsin.runtime.watch import json_lines

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Context:
    aws_request_id: str


@pytest.fixture(autouse=True)
def _function() -> Iterator[None]:
    json_lines.start("webhook_ingest", stage="local")
    yield
    json_lines.start("tocsin", stage="unknown")
    json_lines._bound.clear()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_line_names_the_event_the_service_and_a_time_with_its_zone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    json_lines.begin(correlation_id="evt_1", request_id="req-1")
    before = datetime.now(UTC)
    json_lines.log(Event.WEBHOOK_ACCEPTED, provider="stripe", bytes=12)
    (line,) = lines(capsys)
    moment = datetime.fromisoformat(line.pop("timestamp"))
    assert moment.utcoffset() == timedelta(0)
    assert before - timedelta(milliseconds=1) <= moment <= datetime.now(UTC)
    assert line == {
        "level": "INFO",
        "message": "webhook.accepted",
        "service": "webhook_ingest",
        "stage": "local",
        "correlation_id": "evt_1",
        "function_request_id": "req-1",
        "provider": "stripe",
        "bytes": 12,
    }


def test_a_count_is_one_embedded_metric_of_its_service_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before_ms = datetime.now(UTC).timestamp() * 1000
    json_lines.count(Metric.WEBHOOKS_REJECTED, provider="stripe", reason="signature_invalid")
    (line,) = lines(capsys)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive == {
        "Namespace": "Tocsin/local",
        "Dimensions": [["service"]],
        "Metrics": [{"Name": "WebhooksRejected", "Unit": "Count"}],
    }
    assert line["WebhooksRejected"] == [1.0]
    assert (line["service"], line["provider"]) == ("webhook_ingest", "stripe")
    now_ms = datetime.now(UTC).timestamp() * 1000
    assert before_ms - 1 <= line["_aws"]["Timestamp"] <= now_ms


def test_one_line_can_be_a_log_and_a_count_and_is_what_the_two_lines_would_be(
    capsys: pytest.CaptureFixture[str],
) -> None:
    by = {"provider": "stripe", "reason": "signature_invalid"}
    json_lines.begin(correlation_id="evt_1")
    json_lines.log(Event.WEBHOOK_REJECTED, level="WARNING", code="signature_invalid", body="4242")
    json_lines.count(Metric.WEBHOOKS_REJECTED, provider="stripe", reason="signature_invalid")
    json_lines.log_and_count(
        Event.WEBHOOK_REJECTED,
        Metric.WEBHOOKS_REJECTED,
        level="WARNING",
        by=by,
        code="signature_invalid",
        body="4242",
    )
    logged, counted, both = lines(capsys)
    for line in (logged, both):
        del line["timestamp"]
    for line in (counted, both):
        del line["_aws"]["Timestamp"]
    assert both == logged | counted


def test_a_count_is_written_even_where_the_line_is_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    json_lines.start("webhook_ingest", stage="local", level="ERROR")
    json_lines.log_and_count(
        Event.WEBHOOK_ACCEPTED, Metric.WEBHOOKS_ACCEPTED, by={"provider": "stripe"}
    )
    (line,) = lines(capsys)
    assert line["WebhooksAccepted"] == [1.0]
    assert "message" not in line


def test_a_dimension_that_could_have_any_value_is_refused() -> None:
    with pytest.raises(ValueError, match="incident"):
        json_lines.count(Metric.MESSAGES_SENT, incident="INC-1")


def test_bodies_secrets_and_people_are_never_written(capsys: pytest.CaptureFixture[str]) -> None:
    json_lines.log(
        Event.WEBHOOK_REJECTED, body="4242 4242", Signature="v1=ab", email="a@example.org"
    )
    (line,) = lines(capsys)
    assert not {"body", "Signature", "email"} & line.keys()
    assert "4242" not in json.dumps(line)


def test_a_long_value_is_cut_so_that_a_line_stays_a_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    json_lines.log(Event.WEBHOOK_REJECTED, reason="x" * 10_000 + "\n")
    text = capsys.readouterr().out
    assert len(text) < 1_000
    assert text.count("\n") == 1


def test_lines_below_the_level_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    json_lines.start("webhook_ingest", stage="local", level="WARNING")
    json_lines.log(Event.WEBHOOK_ACCEPTED)
    json_lines.log(Event.WEBHOOK_REJECTED, level="WARNING")
    assert [line["message"] for line in lines(capsys)] == ["webhook.rejected"]


def test_an_invocation_forgets_the_correlation_of_the_one_before(
    capsys: pytest.CaptureFixture[str],
) -> None:
    json_lines.begin(correlation_id="first", request_id="r1")
    json_lines.begin(correlation_id="second")
    json_lines.log(Event.WEBHOOK_ACCEPTED)
    (line,) = lines(capsys)
    assert line["correlation_id"] == "second"
    assert "function_request_id" not in line


def test_an_error_nobody_meant_is_written_counted_and_raised_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(ZeroDivisionError), json_lines.invocation(Context("r3")):
        raise ZeroDivisionError
    line, counted = lines(capsys)
    assert (line["level"], line["message"]) == ("ERROR", "unexpected")
    assert line["correlation_id"] == "r3"
    assert counted["UnexpectedErrors"] == [1.0]


def test_an_error_of_the_tree_was_noted_where_it_was_raised(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(StoreUnavailable), json_lines.invocation(Context("r4")):
        raise StoreUnavailable("no answer")
    assert lines(capsys) == []
