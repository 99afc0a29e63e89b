"""Signals in: what a function that hears of trouble does with a batch, a message or an event.

A record leaves the queue only when every signal in it is recorded for certain and nothing in it had
to be refused. One that cannot be read, or that fails on its own, is named in the answer and comes
back until it reaches the dead-letter queue, where an alarm waits for it: nothing is dropped in
silence. What could be read of it is recorded the first time, and is known when it comes back.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tocsin.application.incidents.receive import SignalsNotReceived
from tocsin.errors import MalformedPayload
from tocsin.notes import Event, Metric
from tocsin.runtime.batch import together_or_alone
from tocsin.signals.registry import reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tocsin.application.incidents.outcome import Outcome
    from tocsin.incidents.model.signals import Signal
    from tocsin.incidents.model.work import Work
    from tocsin.runtime.watch.invocation import Watch
    from tocsin.runtime.wiring.incidents import Application
    from tocsin.signals.reading import Reading


def json_object(text: str) -> dict[str, Any]:
    """The JSON object of a message's body.

    Raises:
        MalformedPayload: it is none.
    """
    try:
        payload = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedPayload("the message is not JSON") from error
    if not isinstance(payload, dict):
        raise MalformedPayload("the message is not a JSON object")
    return payload


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What takes messages in; `source_of` says whose a message is, or raises `MalformedPayload`."""

    application: Application
    watch: Watch
    source_of: Callable[[Mapping[str, Any]], str]

    def one(self, payload: Mapping[str, Any]) -> None:
        """A payload that came by itself.

        Raises:
            TocsinError: it cannot be read, not wholly, or not be recorded; its caller tries again.
        """
        reading = self._read(payload)
        self._record(reading.signals)
        for work in reading.work:
            self._see(work)
        if reading.refusals:
            first = reading.refusals[0]
            raise MalformedPayload(f"{first.what}: {first.detail}")

    def batch(self, records: Iterable[Mapping[str, Any]]) -> list[str]:
        """Records of a queue; the ids of those that must be delivered again."""
        readable: list[tuple[str, Sequence[Signal]]] = []
        work: list[tuple[str, Work]] = []
        failed: list[str] = []
        for record in records:
            name = record["messageId"]
            try:
                reading = self._read(json_object(record["body"]), record=name)
            except MalformedPayload as error:
                failed.append(name)
                self._refused(error.code, "none", error, record=name)
                continue
            readable.append((name, reading.signals))
            work += [(name, one) for one in reading.work]
            if reading.refusals:
                failed.append(name)
        return list(dict.fromkeys([*failed, *self._receive(readable), *self._see_all(work)]))

    def _see_all(self, work: Iterable[tuple[str, Work]]) -> Iterator[str]:
        """The messages whose work could not be told of."""
        for message, one in work:
            try:
                self._see(one)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is this message's
                self.watch.journal.failed(Event.RECORD_FAILED, error, record=message)
                yield message

    def _see(self, work: Work) -> None:
        self._tell(self.application.see(work))

    def _read(self, payload: Mapping[str, Any], *, record: str = "") -> Reading:
        source = self.source_of(payload)
        reading = reader(source)(payload)
        for refusal in reading.refusals:
            error = MalformedPayload(f"{refusal.what}: {refusal.detail}")
            self._refused(refusal.code, source, error, record=record)
        for why in reading.noted:
            self.watch.journal.info(Event.SIGNAL_NOTED, source=source, why=why, record=record)
        return reading

    def _refused(self, code: str, source: str, error: MalformedPayload, *, record: str) -> None:
        self.watch.journal.refused(Event.SIGNAL_REJECTED, error, record=record)
        self.watch.meter.count(Metric.SIGNALS_REJECTED, source=source, reason=code)

    def _receive(self, readable: Sequence[tuple[str, Sequence[Signal]]]) -> list[str]:
        """The messages whose signals were not all recorded."""
        refused: dict[str, Exception] = {}

        def work(groups: list[Sequence[Signal]]) -> None:
            try:
                self._record([signal for group in groups for signal in group])
            except SignalsNotReceived as error:
                self._tell(error.outcomes)
                refused.update(error.failed)

        def on_failure(message: str, error: Exception) -> None:
            self.watch.journal.failed(Event.RECORD_FAILED, error, record=message)

        failed = together_or_alone(readable, work, on_failure=on_failure)
        for message, signals in readable:
            errors = [refused[signal.id] for signal in signals if signal.id in refused]
            if errors:
                on_failure(message, errors[0])
                failed.append(message)
        return failed

    def _record(self, signals: Sequence[Signal]) -> None:
        for signal in signals:
            self.watch.journal.info(
                Event.SIGNAL_RECEIVED,
                signal=signal.id,
                rule=signal.rule,
                firing=signal.firing,
                signal_correlation_id=signal.correlation_id,
            )
            self.watch.meter.count(Metric.SIGNALS_RECEIVED, source=signal.source)
        if signals:
            self._tell(self.application.receive(signals))

    def _tell(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            incident = outcome.incident
            opened = bool(outcome.entries) and outcome.entries[0].seq == 1
            self.watch.journal.info(
                Event.INCIDENT_OPENED if opened else Event.INCIDENT_CHANGED,
                incident=incident.id,
                version=incident.version,
                severity=incident.severity,
                messages=len(outcome.outbox),
                incident_correlation_id=incident.correlation_id,
            )
            if opened:
                self.watch.meter.count(Metric.INCIDENTS_OPENED, severity=incident.severity)
