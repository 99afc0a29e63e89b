"""Counts as embedded metrics, through Powertools.

A count is written when it happens, not gathered until the end: an invocation that is killed half
way has still counted what it did. The service is the only dimension, because every other pair of
values would be a metric that is billed; what a count was about are fields of its line.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from tocsin.notes import DETAILS, NAMESPACE
from tocsin.runtime import attention
from tocsin.runtime.watch import measured

if TYPE_CHECKING:
    from collections.abc import Mapping


class Meter:
    """The counts of one function, in the namespace of its stage."""

    def __init__(self, service: str, *, stage: str) -> None:
        self._service, self._stage = service, stage
        self._namespace = f"{NAMESPACE}/{stage}"

    def count(self, metric: str, value: int = 1, **details: str) -> None:
        """Adds `value` for the service; `details` say what it was about.

        A metric that nobody reads is a plain line.

        Raises:
            ValueError: for a detail outside `notes.DETAILS`.
        """
        _check(details)
        if measured.is_read(metric):
            self._embed(metric, value, details)
        else:
            self._print(metric, value, details)
        attention.note(metric, value, service=self._service, stage=self._stage, details=details)

    def _embed(self, metric: str, value: int, details: Mapping[str, str]) -> None:
        line = EphemeralMetrics(namespace=self._namespace, service=self._service)
        line.set_default_dimensions(service=self._service)
        line.add_metric(name=metric, unit=MetricUnit.Count, value=value)
        for name, value_of in details.items():
            line.add_metadata(name, value_of)
        line.flush_metrics()

    def _print(self, measure: str, value: int, details: Mapping[str, str]) -> None:
        line = {"service": self._service, **details, measure: [float(value)]}
        print(json.dumps(line, separators=(",", ":")), flush=True)  # noqa: T201 - a line of the log

    def gauge(self, measure: str, value: int, **details: str) -> None:
        """Reports a measure as a line, unless it is nothing; a cause's limit is looked at.

        Raises:
            ValueError: as `count` does.
        """
        _check(details)
        if value:
            self._print(measure, value, details)
        attention.note(measure, value, service=self._service, stage=self._stage, details=details)


def _check(details: Mapping[str, str]) -> None:
    if unknown := details.keys() - DETAILS:
        raise ValueError(f"not a detail of a count of Tocsin: {sorted(unknown)}")
