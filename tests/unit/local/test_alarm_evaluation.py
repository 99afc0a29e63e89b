"""The small evaluator of alarms against the published rules."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.models.alarm_evaluation import ALARM, NO_DATA, OK, Measured, state_at

SILENT: dict[str, Any] = {
    "AlarmName": "auditor-silent",
    "Namespace": "Tocsin/local",
    "MetricName": "AuditsClean",
    "Dimensions": [{"Name": "service", "Value": "auditor"}],
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 3,
    "Threshold": 1.0,
    "ComparisonOperator": "LessThanThreshold",
    "TreatMissingData": "breaching",
}


def at(*minutes: int, value: float = 1, **other: Any) -> list[Measured]:
    fields = {
        "namespace": "Tocsin/local",
        "metric": "AuditsClean",
        "dimensions": {"service": "auditor"},
    }
    return [Measured(**(fields | other), second=60 * minute, value=value) for minute in minutes]


@pytest.mark.parametrize(
    ("heartbeats", "minute", "state"),
    [
        (range(10), 10, OK),
        (range(8), 10, OK),  # two silent minutes
        (range(7), 10, ALARM),  # three
        ((), 10, ALARM),
        ((0, 1, 2, 9), 10, OK),
        ((0, 1, 2, 9), 13, ALARM),
    ],
)
def test_silence_rings_after_as_many_periods_as_the_alarm_says(
    heartbeats: range, minute: int, state: str
) -> None:
    assert state_at(SILENT, at(*heartbeats), 60 * minute) == state


@pytest.mark.parametrize(
    "other",
    [
        {"namespace": "Tocsin/drill"},
        {"metric": "AuditFindings"},
        {"dimensions": {"service": "sla_check"}},
        {"dimensions": {"service": "auditor", "reason": "overdue"}},
        {"value": 0},
    ],
)
def test_what_is_another_metric_or_below_the_threshold_is_no_heartbeat(
    other: dict[str, Any],
) -> None:
    assert state_at(SILENT, at(*range(10), **other), 600) == ALARM


@pytest.mark.parametrize(
    ("treatment", "state"), [("breaching", ALARM), ("notBreaching", OK), ("missing", NO_DATA)]
)
def test_what_no_data_means_is_the_alarms_to_say(treatment: str, state: str) -> None:
    assert state_at(SILENT | {"TreatMissingData": treatment}, [], 600) == state


@pytest.mark.parametrize(("needed", "state"), [(1, ALARM), (2, ALARM), (3, OK)])
def test_m_of_n_periods_are_enough_where_the_alarm_says_so(needed: int, state: str) -> None:
    measured = at(7)
    alarm = SILENT | {"DatapointsToAlarm": needed}
    assert state_at(alarm, measured, 600) == state


def test_a_period_is_added_up_before_it_is_compared() -> None:
    loud = SILENT | {
        "Threshold": 3.0,
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
    }
    assert state_at(loud, at(9, 9), 600) == OK
    assert state_at(loud, at(9, 9, 9), 600) == ALARM
    assert state_at(loud | {"Statistic": "Maximum"}, at(9, 9, 9), 600) == OK


def test_metric_math_is_refused_and_not_guessed() -> None:
    with pytest.raises(ValueError, match="metric math"):
        state_at(SILENT | {"Metrics": [{"Id": "e1"}]}, [], 600)
