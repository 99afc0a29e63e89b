"""What CloudWatch would make of an alarm's definition and what was measured.

The emulator keeps definitions and decides nothing by them, so this does, by the published rules for
an alarm on one metric: `M` of the newest `N` periods breach, and a period without data counts as
the alarm says. CloudWatch also looks a few periods further back before it calls data missing,
which can only delay a silence by those periods.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

from __future__ import annotations

import json
import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

OK, ALARM, NO_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"
_COMPARED: Mapping[str, Callable[[float, float], bool]] = {
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
}
_AGGREGATED: Mapping[str, Callable[[Sequence[float]], float]] = {
    "Sum": sum,
    "Maximum": max,
    "Minimum": min,
    "SampleCount": len,
    "Average": lambda values: sum(values) / len(values),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """One value of one metric, `second` seconds after whatever the test counts from."""

    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    second: int
    value: float


def state_at(alarm: Mapping[str, Any], measured: Sequence[Measured], second: int) -> str:
    """The alarm's state when the period that ends at `second` has ended.

    `alarm` is a definition as the API describes it and a template writes it.

    Raises:
        ValueError: it is an alarm on metric math, which this does not evaluate.
    """
    if alarm.get("Metrics"):
        raise ValueError(f"{alarm['AlarmName']} is an alarm on metric math")
    period, periods = int(alarm["Period"]), int(alarm["EvaluationPeriods"])
    needed = int(alarm.get("DatapointsToAlarm") or periods)
    verdicts = [
        _breaches(alarm, _values(alarm, measured, second - period * (back + 1), period))
        for back in range(periods)
    ]
    if all(verdict is None for verdict in verdicts):
        return NO_DATA
    return ALARM if sum(verdict is True for verdict in verdicts) >= needed else OK


def _values(
    alarm: Mapping[str, Any], measured: Sequence[Measured], start: int, period: int
) -> list[float]:
    wanted = {one["Name"]: one["Value"] for one in alarm.get("Dimensions", [])}
    return [
        one.value
        for one in measured
        if (one.namespace, one.metric) == (alarm["Namespace"], alarm["MetricName"])
        and one.dimensions == wanted
        and start <= one.second < start + period
    ]


def _breaches(alarm: Mapping[str, Any], values: Sequence[float]) -> bool | None:
    """Whether one period breaches; None: nothing is known of it."""
    if not values:
        return {"breaching": True, "notBreaching": False}.get(
            str(alarm.get("TreatMissingData", "missing"))
        )
    value = _AGGREGATED[alarm["Statistic"]](values)
    return _COMPARED[alarm["ComparisonOperator"]](value, float(alarm["Threshold"]))


def embedded(line: str, *, second: int) -> Iterator[Measured]:
    """The values a line of the log carries as embedded metrics."""
    try:
        document = json.loads(line[line.index("{") :])
        directives = document["_aws"]["CloudWatchMetrics"]
    except (ValueError, LookupError, TypeError):
        return
    for directive in directives:
        for names in directive["Dimensions"]:
            for metric in directive["Metrics"]:
                value = document[metric["Name"]]
                yield Measured(
                    directive["Namespace"],
                    metric["Name"],
                    {name: document[name] for name in names},
                    second,
                    float(value[0] if isinstance(value, list) else value),
                )
