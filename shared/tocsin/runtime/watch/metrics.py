"""Counts as embedded metrics, through Powertools.

A count is written when it happens, not gathered until the end: an invocation that is killed half
way has still counted what it did. Dimensions come from one short list, because every new pair of
values is a metric that is billed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from tocsin.notes import DIMENSIONS, NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Mapping


class Meter:
    """The counts of one function, in the namespace of its stage."""

    def __init__(self, service: str, *, stage: str) -> None:
        self._service = service
        self._namespace = f"{NAMESPACE}/{stage}"

    def count(self, metric: str, value: int = 1, **dimensions: str) -> None:
        """Adds `value`, in total for the service and split by `dimensions`.

        Raises:
            ValueError: for a dimension outside `names.DIMENSIONS`.
        """
        self._write(metric, MetricUnit.Count, value, dimensions)

    def gauge(self, metric: str, value: int, *, unit: str = "Seconds", **dimensions: str) -> None:
        """Reports a measure, for the service and by `dimensions`; alarms look at its maximum.

        Raises:
            ValueError: as `count` does.
        """
        self._write(metric, MetricUnit(unit), value, dimensions)

    def _write(
        self, metric: str, unit: MetricUnit, value: int, dimensions: Mapping[str, str]
    ) -> None:
        if unknown := dimensions.keys() - DIMENSIONS:
            raise ValueError(f"not a dimension of Tocsin: {sorted(unknown)}")
        line = EphemeralMetrics(namespace=self._namespace, service=self._service)
        line.set_default_dimensions(service=self._service)
        line.add_metric(name=metric, unit=unit, value=value)
        if dimensions:
            line.add_dimensions(**dimensions)
        line.flush_metrics()
