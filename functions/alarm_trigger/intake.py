"""Alarms in: a batch from the queue, a direct alarm action or an EventBridge event.

A record leaves the queue only when its signal is recorded for certain. One that cannot be read,
or that fails on its own, is named in the answer and comes back until it reaches the dead-letter
queue, where an alarm waits for it: nothing is dropped in silence.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tocsin.application.incidents.receive import SignalsNotReceived
from tocsin.errors import MalformedPayload
from tocsin.notes import Event, Metric
from tocsin.runtime.batch import failures, together_or_alone
from tocsin.signals.registry import parser

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.application.incidents.outcome import Outcome
    from tocsin.incidents.model.signals import Signal
    from tocsin.runtime.watch.invocation import Watch
    from tocsin.runtime.wiring.incidents import Application

SOURCE = "cloudwatch"


def take(event: Mapping[str, Any], *, application: Application, watch: Watch) -> dict[str, Any]:
    """Works off whatever woke the function.

    Returns:
        For a batch, the records to deliver again; for a single payload, an empty one.

    Raises:
        TocsinError: a single payload cannot be read or recorded, so the caller tries again.
    """
    if not _is_batch(event):
        parse = parser(SOURCE)
        for payload in event.get("Records", (event,)):
            _record([parse(payload)], application, watch)
        return failures(())
    readable: list[tuple[str, Signal]] = []
    failed: list[str] = []
    for record in event["Records"]:
        try:
            readable.append((record["messageId"], _signal(record)))
        except MalformedPayload as error:
            failed.append(record["messageId"])
            watch.journal.refused(Event.SIGNAL_REJECTED, error, record=record["messageId"])
            watch.meter.count(Metric.SIGNALS_REJECTED, source=SOURCE, reason=error.code)
    return failures([*failed, *_receive(readable, application, watch)])


def _is_batch(event: Mapping[str, Any]) -> bool:
    """Whether it is the queue that delivers; SNS and direct payloads have no partial answer."""
    return "Records" in event and not any("Sns" in record for record in event["Records"])


def _signal(record: Mapping[str, Any]) -> Signal:
    try:
        payload = json.loads(record["body"])
    except (ValueError, RecursionError) as error:
        raise MalformedPayload("the message is not JSON") from error
    if not isinstance(payload, dict):
        raise MalformedPayload("the message is not a JSON object")
    return parser(SOURCE)(payload)


def _receive(
    readable: Sequence[tuple[str, Signal]], application: Application, watch: Watch
) -> list[str]:
    """The messages whose signals were not recorded."""
    refused: dict[str, Exception] = {}

    def work(signals: list[Signal]) -> None:
        try:
            _record(signals, application, watch)
        except SignalsNotReceived as error:
            _tell(error.outcomes, watch)
            refused.update(error.failed)

    def on_failure(message: str, error: Exception) -> None:
        watch.journal.failed(Event.RECORD_FAILED, error, record=message)

    failed = together_or_alone(readable, work, on_failure=on_failure)
    for message, signal in readable:
        if (error := refused.get(signal.id)) is not None:
            on_failure(message, error)
            failed.append(message)
    return failed


def _record(signals: Sequence[Signal], application: Application, watch: Watch) -> None:
    for signal in signals:
        watch.journal.info(
            Event.SIGNAL_RECEIVED,
            signal=signal.id,
            rule=signal.rule,
            firing=signal.firing,
            signal_correlation_id=signal.correlation_id,
        )
    watch.meter.count(Metric.SIGNALS_RECEIVED, len(signals), source=SOURCE)
    _tell(application.receive(signals), watch)


def _tell(outcomes: Sequence[Outcome], watch: Watch) -> None:
    for outcome in outcomes:
        incident = outcome.incident
        opened = bool(outcome.entries) and outcome.entries[0].seq == 1
        watch.journal.info(
            Event.INCIDENT_OPENED if opened else Event.INCIDENT_CHANGED,
            incident=incident.id,
            version=incident.version,
            severity=incident.severity,
            messages=len(outcome.outbox),
            incident_correlation_id=incident.correlation_id,
        )
        if opened:
            watch.meter.count(Metric.INCIDENTS_OPENED, severity=incident.severity)
