"""What happens around every handler: a correlation id, a fresh look at the clock, no silence.

Handlers stay one screen because the things each of them must do, and would forget once, are done
here: lines carry the correlation id of what woke the function, incident time is read once per
invocation, and an error nobody meant is logged with its stack, counted and raised again so that
the platform retries.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tocsin.notes import Event, Metric
from tocsin.runtime.clock import incident_clock
from tocsin.runtime.watch import json_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tocsin.errors import TocsinError
    from tocsin.runtime.clock import InvocationClock


class LambdaContext(Protocol):
    """The part of Lambda's context object that Tocsin reads."""

    aws_request_id: str


class TimedContext(LambdaContext, Protocol):
    """The same, for who has to know how long it may go on."""

    def get_remaining_time_in_millis(self) -> int: ...


class Remaining:
    """How long the running invocation may still go on; without end where nobody says."""

    def __init__(self) -> None:
        self._millis: Callable[[], int] | None = None

    def begin(self, context: LambdaContext) -> None:
        """Another invocation has begun."""
        self._millis = getattr(context, "get_remaining_time_in_millis", None)

    def seconds(self) -> float:
        """From now until the platform ends it."""
        return float("inf") if self._millis is None else self._millis() / 1000


class Lines(Protocol):
    """Where lines go: the Powertools journal, or the writer of plain JSON lines."""

    def begin(self, *, correlation_id: str, request_id: str) -> None: ...

    def info(self, event: str, **fields: object) -> None: ...

    def warning(self, event: str, **fields: object) -> None: ...

    def refused(self, event: str, error: TocsinError, **fields: object) -> None: ...

    def failed(self, event: str, error: BaseException, **fields: object) -> None: ...


class Counts(Protocol):
    """Where counts and measures go."""

    def count(self, metric: str, value: int = 1, **dimensions: str) -> None: ...

    def gauge(self, measure: str, value: int, **details: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Watch:
    """How one function is observed, and the clock it goes by; it is `tocsin.notes.Notes` too."""

    journal: Lines
    meter: Counts
    clock: InvocationClock
    remaining: Remaining = field(default_factory=Remaining)

    def info(self, event: str, **fields: object) -> None:
        self.journal.info(event, **fields)

    def warning(self, event: str, **fields: object) -> None:
        self.journal.warning(event, **fields)

    def refused(self, event: str, error: TocsinError, **fields: object) -> None:
        self.journal.refused(event, error, **fields)

    def failed(self, event: str, error: BaseException, **fields: object) -> None:
        self.journal.failed(event, error, **fields)

    def count(self, metric: str, value: int = 1, **dimensions: str) -> None:
        self.meter.count(metric, value, **dimensions)

    def gauge(self, measure: str, value: int, **details: str) -> None:
        self.meter.gauge(measure, value, **details)

    def rotas_unread(self, error: TocsinError) -> None:
        """Rotations could not be read: people are paged by what was known before."""
        self.journal.refused(Event.ROTAS_UNREAD, error)
        self.meter.count(Metric.ROTAS_UNREAD)

    def policy_unread(self, error: TocsinError) -> None:
        """A published policy could not be read: incidents go by the nearest that can be."""
        self.journal.refused(Event.POLICY_UNREAD, error)
        self.meter.count(Metric.POLICIES_UNREAD)

    def no_number(self, error: TocsinError) -> None:
        """An incident goes by its id until it is written again."""
        self.journal.refused(Event.NUMBER_MISSING, error)

    def signals_became(self, reason: str, count: int) -> None:
        """What became of signals that opened nothing: joined, known already, or set aside."""
        joined = reason in {"merged", "repeated", "clear"}
        metric = Metric.SIGNALS_MERGED if joined else Metric.SIGNALS_SET_ASIDE
        self.meter.count(metric, count, reason=reason)

    @contextmanager
    def invocation(self, context: LambdaContext, *, correlation_id: str = "") -> Iterator[None]:
        """One invocation; without a correlation id of its own it goes by its request id."""
        request_id = context.aws_request_id
        self.journal.begin(correlation_id=correlation_id or request_id, request_id=request_id)
        slow = json_lines.near_timeout(context)
        try:
            self.remaining.begin(context)
            self.clock.begin()
            yield
            if slow():
                self.meter.count(Metric.NEAR_TIMEOUT)
        except Exception as error:
            self.journal.failed(Event.UNEXPECTED, error)
            self.meter.count(Metric.UNEXPECTED_ERRORS)
            raise


def lean_watch(service: str, *, stage: str, level: str) -> Watch:
    """The watch of a function that stands between an alarm and a telephone.

    It writes what Powertools would, without importing it: that is a tenth of a cold start.
    """
    json_lines.start(service, stage=stage, level=level)
    return Watch(journal=json_lines.NOTES, meter=json_lines.NOTES, clock=incident_clock())


def watch(service: str, *, stage: str, level: str) -> Watch:
    """The watch of any other deployed function, on Powertools, from its settings."""
    from tocsin.runtime.watch.logging import Journal  # noqa: PLC0415 -- see `lean_watch`
    from tocsin.runtime.watch.metrics import Meter  # noqa: PLC0415

    return Watch(
        journal=Journal(service, stage=stage, level=level),
        meter=Meter(service, stage=stage),
        clock=incident_clock(),
    )
