"""What CloudWatch makes of the alarms and filters of a template, minute by minute.

The emulator keeps definitions and decides nothing by them, so this does, by AWS's pages:

- missing data and the evaluation range, which is longer than the evaluation periods: real points
  from further back count before a missing one does. Our range is that of the page's examples, two
  periods more. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
- `FILL`, `MAX`, `MIN` of metric math: .../monitoring/using-metric-math.html
- metric and subscription filters over JSON lines:
  https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html
"""

from __future__ import annotations

import json
import operator
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tests.infra.deployment import Deployment, Resource

OK, ALARM, NO_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"
EXTRA_PERIODS = 2
_COMPARED: Mapping[str, Callable[[float, float], bool]] = {
    "LessThanThreshold": operator.lt,
    "GreaterThanOrEqualToThreshold": operator.ge,
}
_AGGREGATED: Mapping[str, Callable[[Sequence[float]], float]] = {"Sum": sum, "Maximum": max}
Key = tuple[str, str, frozenset[tuple[str, str]]]
_ONE = re.compile(r"\(?\s*\$\.([\w.]+)\s*(=|!=|>=)\s*(\"[^\"]*\"|[\d.]+)\s*\)?")


@dataclass
class CloudWatch:
    """The measures of one stage, by the second, and what its alarms make of them."""

    deployment: Deployment
    measured: dict[Key, list[tuple[int, float]]] = field(default_factory=dict)

    def put(
        self, namespace: str, metric: str, dimensions: Mapping[str, str], at: int, value: float
    ) -> None:
        key = (namespace, metric, frozenset(dimensions.items()))
        self.measured.setdefault(key, []).append((at, value))

    def log(self, function: str, line: str, at: int) -> bool:
        """A line of a function's log: its embedded metrics, its group's filters.

        Returns:
            Whether a subscription hands the line on.
        """
        try:
            document = json.loads(line)
        except ValueError:
            return False
        for directive in document.get("_aws", {}).get("CloudWatchMetrics", ()):
            for names in directive["Dimensions"]:
                for metric in directive["Metrics"]:
                    value = document[metric["Name"]]
                    about = {name: document[name] for name in names}
                    number = float(value[0] if isinstance(value, list) else value)
                    self.put(directive["Namespace"], metric["Name"], about, at, number)
        group = self.deployment.function(function)["LoggingConfig"]["LogGroup"]
        for one in self._filters("AWS::Logs::MetricFilter", group):
            if matches(one["FilterPattern"], document):
                (made,) = one["MetricTransformations"]
                value = float(made["MetricValue"])
                self.put(made["MetricNamespace"], made["MetricName"], {}, at, value)
        return any(
            matches(one["FilterPattern"], document)
            for one in self._filters("AWS::Logs::SubscriptionFilter", group)
        )

    def state(self, name: str, at: int) -> str:
        """The state of the alarm of that name, without the stage, when `at` has come."""
        full = self.deployment.context.stage.physical(name)
        return evaluate(self._alarm(full), self.measured, at)

    def ringing(self, at: int) -> set[str]:
        prefix = self.deployment.context.stage.physical("")
        return {
            one["AlarmName"].removeprefix(prefix)
            for one in self.deployment.of("AWS::CloudWatch::Alarm")
            if evaluate(one.properties, self.measured, at) == ALARM
        }

    def _alarm(self, name: str) -> Mapping[str, Any]:
        return self.deployment.one("AWS::CloudWatch::Alarm", AlarmName=name).properties

    def _filters(self, type_: str, group: str) -> Iterator[Resource]:
        for one in self.deployment.of(type_):
            if one["LogGroupName"] == group:
                yield one


def evaluate(
    alarm: Mapping[str, Any], measured: Mapping[Key, Sequence[tuple[int, float]]], at: int
) -> str:
    """The state of one alarm by the points that end at `at` or before."""
    periods = int(alarm["EvaluationPeriods"])
    needed = int(alarm.get("DatapointsToAlarm") or periods)
    points = list(_points(alarm, measured, at, periods + EXTRA_PERIODS))
    real = [value for value in points if value is not None][:periods]
    breaches = _COMPARED[alarm["ComparisonOperator"]]
    bad = sum(breaches(value, float(alarm["Threshold"])) for value in real)
    missing = periods - len(real)
    treatment = alarm.get("TreatMissingData", "missing")
    if not real and treatment == "missing":
        return NO_DATA
    if treatment == "breaching":
        bad += missing
    return ALARM if bad >= needed else OK


def _points(
    alarm: Mapping[str, Any],
    measured: Mapping[Key, Sequence[tuple[int, float]]],
    at: int,
    count: int,
) -> Iterator[float | None]:
    """Points from the newest back; None where there is none."""
    for back in range(count):
        if "Metrics" not in alarm:
            period, statistic = int(alarm["Period"]), alarm["Statistic"]
            yield _aggregate(alarm, measured, at, back, period=period, statistic=statistic)
            continue
        values = {
            one["Id"]: _aggregate(
                one["MetricStat"]["Metric"],
                measured,
                at,
                back,
                period=int(one["MetricStat"]["Period"]),
                statistic=one["MetricStat"]["Stat"],
            )
            for one in alarm["Metrics"]
            if "MetricStat" in one
        }
        (expression,) = (one["Expression"] for one in alarm["Metrics"] if "Expression" in one)
        yield _computed(expression, values)


def _aggregate(
    metric: Mapping[str, Any],
    measured: Mapping[Key, Sequence[tuple[int, float]]],
    at: int,
    back: int,
    *,
    period: int,
    statistic: str,
) -> float | None:
    about = frozenset((one["Name"], one["Value"]) for one in metric.get("Dimensions", ()))
    found = measured.get((metric["Namespace"], metric["MetricName"], about), ())
    end = at - back * period
    values = [value for second, value in found if end - period <= second < end]
    return _AGGREGATED[statistic](values) if values else None


def _computed(expression: str, values: Mapping[str, float | None]) -> float | None:
    """The forms that our alarms use: `FILL(a, 0)`, with `/ n`, beneath `MAX([…])` or `MIN([…])`.

    Raises:
        ValueError: another form, which this must not guess at.
    """
    form = re.fullmatch(r"(?:(MAX|MIN)\(\[(.+)\]\)|(.+))", expression)
    assert form
    parts = re.findall(r"FILL\([^)]*\)(?: / \d+)?|[^,\s][^,]*", form[2] or form[3])
    numbers = []
    for part in parts:
        one = re.fullmatch(r"FILL\((\w+), (\d+)\)(?: / (\d+))?", part)
        if one is None:
            raise ValueError(expression)
        value = values[one[1]]
        numbers.append((float(one[2]) if value is None else value) / float(one[3] or 1))
    return {"MAX": max, "MIN": min, None: max}[form[1]](numbers)


def matches(pattern: str, document: Mapping[str, Any]) -> bool:
    """Whether a JSON filter pattern picks the line: comparisons of fields, `&&`, `||`, brackets.

    Raises:
        SyntaxError: another form.
    """
    names: dict[str, bool] = {}

    def judged(one: re.Match[str]) -> str:
        name = f"c{len(names)}"
        names[name] = _compare(document, one[1], one[2], json.loads(one[3]))
        opening = one[0].startswith("(")
        closing = one[0].endswith(")")
        return ("(" if opening else "") + name + (")" if closing else "")

    text = _ONE.sub(judged, pattern.strip().removeprefix("{").removesuffix("}"))
    text = text.replace("&&", " and ").replace("||", " or ").strip()
    if not re.fullmatch(r"[\sc\d()andor]*", text):
        raise SyntaxError(pattern)
    return bool(eval(text, {"__builtins__": {}}, names))


def _compare(document: Mapping[str, Any], path: str, sign: str, wanted: object) -> bool:
    value: Any = document
    for key in path.split("."):
        if not isinstance(value, dict) or key not in value:
            return False
        value = value[key]
    if sign == ">=":
        return isinstance(value, int | float) and value >= wanted  # type: ignore[operator]
    return (value == wanted) is (sign == "=")
