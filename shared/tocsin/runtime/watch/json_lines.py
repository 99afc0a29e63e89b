"""Logs and counts for the hot path, in the same JSON that the Powertools functions write.

`webhook_ingest` answers a provider that retries or gives up, so its cold start is spent on
verifying and storing and not on importing a logging framework. One line per event on stdout, one
embedded-metric line per count: what CloudWatch reads from every other function too.
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tocsin.notes import DETAILS, NAMESPACE, Event, Metric
from tocsin.runtime import attention
from tocsin.runtime.watch import measured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tocsin.errors import TocsinError

LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40}
WITHHELD = frozenset(
    {"body", "payload", "raw", "headers", "authorization", "secret", "signature", "email", "name"}
)
"""Field names that are never written, whoever passes them: bodies, secrets and people."""

_LONGEST = 512
_DEEPEST = 12
_RESERVE = 0.2
_encode = json.JSONEncoder(
    separators=(",", ":"), ensure_ascii=False
).encode  # made once, not per line
_service = {"service": "tocsin", "stage": "unknown"}
_bound: dict[str, str] = {}
_threshold = LEVELS["INFO"]


def start(service: str, *, stage: str, level: str = "INFO") -> None:
    """Names the function, once, at init. `level` is one of DEBUG, INFO, WARNING, ERROR."""
    global _threshold  # noqa: PLW0603 - one process is one function; its level is set at init
    _service.update(service=service, stage=stage)
    _threshold = LEVELS.get(level.upper(), LEVELS["INFO"])


def begin(*, correlation_id: str, request_id: str = "") -> None:
    """Forgets the last invocation and puts these two on every line of this one, the same once."""
    _bound.clear()
    _bound["correlation_id"] = correlation_id
    if request_id not in {"", correlation_id}:
        _bound["function_request_id"] = request_id


def log(event: str, *, level: str = "INFO", **fields: object) -> None:
    """One line: `level`, `message` (the event's name), `timestamp`, `service`, then the fields."""
    if LEVELS[level] >= _threshold:
        _write(_line(event, level, datetime.now(UTC), fields))


def count(metric: str, *, value: int = 1, **details: str) -> None:
    """Adds `value` to a metric of the service; `details` say what it was about.

    A metric that nobody reads is a plain line.

    Raises:
        ValueError: for a detail outside `notes.DETAILS`.
    """
    _write(_counted(metric, value, datetime.now(UTC), details))
    _note(metric, value, details)


def gauge(measure: str, value: int, **details: str) -> None:
    """Reports a measure as a line; where it is a cause, its limit is looked at.

    Nothing is no line: a watch that finds all well says so once, in its own words.

    Raises:
        ValueError: as `count` does.
    """
    known = _known(details)
    if value:
        _write({**_service, **_bound, **known, measure: [float(value)]})
    _note(measure, value, details)


def log_and_count(
    event: str, metric: str, *, level: str = "INFO", by: Mapping[str, str], **fields: object
) -> None:
    """`log` and `count` as one line: the embedded metric format lets a line carry more fields.

    The count is written whatever the level; `by` holds its details.

    Raises:
        ValueError: as `count` does.
    """
    moment = datetime.now(UTC)
    counted = _counted(metric, 1, moment, by)
    if LEVELS[level] >= _threshold:
        counted = {**_line(event, level, moment, fields), **counted}
    _write(counted)
    _note(metric, 1, by)


def _note(measure: str, value: int, details: Mapping[str, str]) -> None:
    attention.note(measure, value, **_service, details=details)


def _known(details: Mapping[str, str]) -> Mapping[str, str]:
    if unknown := details.keys() - DETAILS:
        raise ValueError(f"not a detail of a count of Tocsin: {sorted(unknown)}")
    return details


class JsonLines:
    """This writer as `tocsin.notes.Notes`, and as the lines of a `Watch`."""

    def begin(self, *, correlation_id: str, request_id: str) -> None:
        begin(correlation_id=correlation_id, request_id=request_id)

    def info(self, event: str, **fields: Any) -> None:
        log(event, **fields)

    def warning(self, event: str, **fields: Any) -> None:
        log(event, level="WARNING", **fields)

    def refused(self, event: str, error: TocsinError, **fields: object) -> None:
        known: dict[str, Any] = {**error.context, **fields}
        log(event, level="WARNING", code=error.code, detail=error.detail, **known)

    def failed(self, event: str, error: BaseException, **fields: object) -> None:
        code = getattr(error, "code", f"bug:{type(error).__name__}")
        known: dict[str, Any] = {"code": code, **getattr(error, "context", {}), **fields}
        log(event, level="ERROR", error=repr(error), stack=_where(error), **known)

    def count(self, metric: str, value: int = 1, **details: str) -> None:
        count(metric, value=value, **details)

    def gauge(self, measure: str, value: int, **details: str) -> None:
        gauge(measure, value, **details)


NOTES = JsonLines()


def _where(error: BaseException) -> list[str]:
    """The innermost calls of an error, outermost first: `file:line name`."""
    frames = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return frames[-_DEEPEST:]


def near_timeout(context: Any) -> Callable[[], bool]:
    """What tells, later, whether four fifths of the time this call was given are over."""
    left: Callable[[], int] | None = getattr(context, "get_remaining_time_in_millis", None)
    if left is None:
        return lambda: False
    given = left()
    return lambda: left() <= _RESERVE * given


@contextmanager
def invocation(context: Any) -> Iterator[None]:
    """One invocation: its lines carry its id, and an error nobody meant is logged and counted.

    An error of the tree was noted where it was raised; either is raised again, so that the platform
    retries.
    """
    name = context.aws_request_id
    begin(correlation_id=name, request_id=name)
    slow = near_timeout(context)
    try:
        yield
        if slow():
            NOTES.count(Metric.NEAR_TIMEOUT)
    except Exception as error:
        if not hasattr(error, "code"):
            NOTES.failed(Event.UNEXPECTED, error)
            NOTES.count(Metric.UNEXPECTED_ERRORS)
        raise


def _line(
    event: str, level: str, moment: datetime, fields: Mapping[str, object]
) -> dict[str, object]:
    stamp = moment.isoformat(timespec="milliseconds")
    line = {"level": level, "message": event, "timestamp": stamp, **_service, **_bound}
    return {**line, **clean(fields)}


def _counted(
    metric: str, value: int, moment: datetime, details: Mapping[str, str]
) -> dict[str, object]:
    envelope = _envelope(metric, moment) if measured.is_read(metric) else {}
    return {**envelope, **_service, **_bound, **_known(details), metric: [float(value)]}


def _envelope(metric: str, moment: datetime) -> dict[str, object]:
    directive = {
        "Namespace": f"{NAMESPACE}/{_service['stage']}",
        "Dimensions": [["service"]],
        "Metrics": [{"Name": metric, "Unit": "Count"}],
    }
    now_ms = int(moment.timestamp() * 1000)
    return {"_aws": {"Timestamp": now_ms, "CloudWatchMetrics": [directive]}}


def clean(fields: Mapping[str, object]) -> dict[str, Any]:
    """The fields as they may be written: nothing withheld, nothing long, nothing but plain values.

    Also used by `runtime.watch.logging`, so that both writers keep the same promise.
    """
    return {
        key: value[:_LONGEST] if type(value) is str else _plain(value)
        for key, value in fields.items()
        if key.lower() not in WITHHELD
    }


def _plain(value: object) -> bool | int | float | str | list[Any] | None:
    match value:
        case None | bool() | int() | float():
            return value
        case list() | tuple() | set() | frozenset():
            return [_plain(item) for item in value][:50]
        case datetime():
            return value.isoformat(timespec="milliseconds")
        case _:
            return str(value)[:_LONGEST]


def _write(line: Mapping[str, object]) -> None:
    sys.stdout.write(_encode(line) + "\n")
    sys.stdout.flush()
