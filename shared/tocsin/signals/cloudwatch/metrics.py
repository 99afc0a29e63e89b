"""What an alarm watches, from the two ways AWS writes it down.

SNS messages hold a `Trigger` with capital keys, dimensions as a list of name and value, and for
metric math a list of `Metrics`. Direct actions and EventBridge hold `metrics` with small keys and
dimensions as an object. Composite alarms hold a rule over other alarms instead.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from tocsin.errors import MalformedPayload
from tocsin.signals.fields import as_record, optional_text, record, records, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SIGNS = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": ">=",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "<=",
}


def describe(configuration: Mapping[str, object]) -> dict[str, str]:
    """Metric, expression, threshold, dimensions or composite rule: what is there, as text."""
    trigger = _trigger(configuration)
    metrics = [f"{space}/{name}" for space, name, _ in _metrics(configuration)]
    expressions = (
        optional_text(query, key)
        for key, query in _queries(configuration, "Expression", "expression")
    )
    return {
        "metric": ", ".join(dict.fromkeys(metrics)),
        "expression": ", ".join(filter(None, expressions)),
        "threshold": _threshold(trigger),
        "dimensions": ", ".join(
            f"{key}={value}" for key, value in dimensions(configuration).items()
        ),
        "rule": optional_text(configuration, "AlarmRule")
        or optional_text(configuration, "alarmRule"),
    }


def dimensions(configuration: Mapping[str, object]) -> dict[str, str]:
    """Every dimension of every metric; of two values of one name, the first."""
    found: dict[str, str] = {}
    for _, _, pairs in _metrics(configuration):
        for key, value in pairs.items():
            found.setdefault(key, value)
    return found


def _metrics(
    configuration: Mapping[str, object],
) -> Iterator[tuple[str, str, dict[str, str]]]:
    """(namespace, name, dimensions) of each metric the alarm reads."""
    trigger = _trigger(configuration)
    if "MetricName" in trigger:
        yield _metric(trigger, "Namespace", "MetricName", "Dimensions")
    for key, query in _queries(configuration, "MetricStat", "metricStat"):
        if query.get(key) is None:
            continue
        capital = key == "MetricStat"
        names = (
            ("Namespace", "MetricName", "Dimensions")
            if capital
            else ("namespace", "name", "dimensions")
        )
        yield _metric(record(record(query, key), "Metric" if capital else "metric"), *names)


def _queries(
    configuration: Mapping[str, object], capital: str, small: str
) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Each query of the alarm, with the key of interest in the spelling of its shape."""
    for query in records(_trigger(configuration), "Metrics"):
        yield capital, query
    for query in records(configuration, "metrics"):
        yield small, query


def _metric(
    metric: Mapping[str, object], space: str, name: str, pairs: str
) -> tuple[str, str, dict[str, str]]:
    raw = metric.get(pairs)
    if isinstance(raw, list):
        listed = [as_record(item, pairs) for item in raw]
        found = {optional_text(item, "name"): optional_text(item, "value") for item in listed}
    else:
        given = {} if raw is None else as_record(raw, pairs)
        found = {text({pairs: key}, pairs): optional_text(given, key) for key in given}
    return optional_text(metric, space), optional_text(metric, name), found


def _trigger(configuration: Mapping[str, object]) -> Mapping[str, object]:
    return {} if configuration.get("Trigger") is None else record(configuration, "Trigger")


def _threshold(trigger: Mapping[str, object]) -> str:
    value = trigger.get("Threshold")
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MalformedPayload("`Threshold` must be a number", field="Threshold")
    comparison = optional_text(trigger, "ComparisonOperator")
    # Decimal of the shortest text: 0.1 is written 0.1, and 5.0 is written 5.
    shown = f"{Decimal(str(value)).normalize():f}" if abs(value) < float("inf") else str(value)
    return f"{SIGNS.get(comparison, comparison)} {shown}".strip()
