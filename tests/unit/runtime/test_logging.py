"""The log of a function: the fields of plain lines, and nothing that must not be there."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from tocsin.errors import VersionConflict
from tocsin.notes import Event
from tocsin.runtime.watch import json_lines
from tocsin.runtime.watch.logging import Journal


class Written:
    """A journal of its own service (Powertools keeps loggers by name) and what it wrote."""

    def __init__(self, service: str, level: str = "INFO") -> None:
        self.stream = io.StringIO()
        self.journal = Journal(service, stage="local", level=level, stream=self.stream)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


def test_every_line_of_an_invocation_carries_its_correlation_id() -> None:
    log = Written("correlated")
    log.journal.begin(correlation_id="corr-1", request_id="req-1")
    log.journal.info(Event.INCIDENT_OPENED, incident="INC-1")
    log.journal.warning(Event.SWEEP_BEHIND, due=3)
    log.journal.begin(correlation_id="corr-2", request_id="req-2")
    log.journal.info(Event.MESSAGE_SENT)
    assert [line["correlation_id"] for line in log.lines] == ["corr-1", "corr-1", "corr-2"]
    assert [line["function_request_id"] for line in log.lines] == ["req-1", "req-1", "req-2"]


def test_both_writers_use_the_same_field_names(capsys: pytest.CaptureFixture[str]) -> None:
    log = Written("twin")
    log.journal.begin(correlation_id="c", request_id="r")
    log.journal.info(Event.WEBHOOK_ACCEPTED, provider="stripe")
    json_lines.start("twin", stage="local")
    json_lines.begin(correlation_id="c", request_id="r")
    json_lines.log(Event.WEBHOOK_ACCEPTED, provider="stripe")
    twin = json.loads(capsys.readouterr().out)
    (line,) = log.lines
    assert len(line.pop("timestamp")) == len(twin.pop("timestamp"))
    assert line == twin


def test_a_refusal_is_logged_with_its_code_and_no_stack() -> None:
    log = Written("refusing")
    log.journal.refused(Event.REQUEST_REFUSED, VersionConflict("read again", version=7))
    (line,) = log.lines
    assert (line["level"], line["code"], line["version"]) == ("WARNING", "version_conflict", 7)
    assert "exception" not in line


def test_a_bug_is_logged_with_its_stack() -> None:
    log = Written("failing")
    try:
        json.loads("{")
    except ValueError as error:
        log.journal.failed(Event.UNEXPECTED, error)
    (line,) = log.lines
    assert (line["level"], line["code"]) == ("ERROR", "internal")
    assert line["exception_name"] == "JSONDecodeError"
    assert "json.loads" in line["exception"]


@pytest.mark.parametrize("field", sorted(json_lines.WITHHELD))
def test_a_withheld_field_is_not_written(field: str) -> None:
    log = Written(f"discreet-{field}")
    log.journal.info(Event.SIGNAL_RECEIVED, **{field: "4242 4242"})
    assert "4242" not in log.stream.getvalue()


def test_lines_below_the_level_are_not_written() -> None:
    log = Written("quiet", level="WARNING")
    log.journal.info(Event.SIGNAL_RECEIVED)
    assert log.lines == []
