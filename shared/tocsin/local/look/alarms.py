"""An alarm raised by hand on the local cloud, wired as a team would wire its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.literals import StateValueType

NAMESPACE = "ByHand"


def change(
    cloudwatch: CloudWatchClient, *, name: str, topic: str, state: StateValueType, reason: str
) -> StateValueType:
    """Puts the alarm `name` into `state`; answers with the state it was in.

    It is made where there is none, with `topic` (an ARN) as its action for ALARM and OK. CloudWatch
    acts on changes alone: a state that it is in already tells nobody anything.
    """
    found = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    if not found:
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            AlarmDescription=f"{name} was raised by hand.",
            Namespace=NAMESPACE,
            MetricName=name,
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="ignore",
            AlarmActions=[topic],
            OKActions=[topic],
        )
    before: StateValueType = found[0]["StateValue"] if found else "INSUFFICIENT_DATA"
    if before != state:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason=reason)
    return before
