"""An alarm about Tocsin itself: every one has a page that says what to do.

These alarms must reach people when Tocsin cannot, so they go to the plain `ops` topic and never
through Tocsin's own functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions

if TYPE_CHECKING:
    from aws_cdk import aws_sns as sns
    from constructs import Construct

    from infra.context import Context

ONE_MINUTE = cdk.Duration.minutes(1)
FIVE_MINUTES = cdk.Duration.minutes(5)


class OpsAlarms:
    """Makes alarms that are described by `docs/alarms/<name>.md` and tell the ops topic."""

    def __init__(self, *, context: Context, topic: sns.ITopic) -> None:
        self._context = context
        self._action = actions.SnsAction(topic)

    def count(
        self,
        function: str,
        name: str,
        *,
        statistic: str = "Sum",
        period: cdk.Duration = ONE_MINUTE,
    ) -> cloudwatch.Metric:
        """A measure that a function of ours writes."""
        return cloudwatch.Metric(
            namespace=f"Tocsin/{self._context.stage.name}",
            metric_name=name,
            dimensions_map={"service": function},
            period=period,
            statistic=statistic,
        )

    def add(
        self,
        scope: Construct,
        name: str,
        *,
        says: str,
        metric: cloudwatch.IMetric,
        threshold: float = 1,
        periods: int = 1,
        silence_is_bad: bool = False,
        below: bool = False,
    ) -> cloudwatch.Alarm:
        """An alarm at `metric >= threshold` (or `<` where `below`) for that many periods.

        `name` is the file name of its page, without the stage. `silence_is_bad`: no data is a
        breach, for things that must keep happening.
        """
        page = f"{self._context.docs_base}docs/alarms/{name}.md"
        comparison = cloudwatch.ComparisonOperator
        missing = cloudwatch.TreatMissingData
        alarm = cloudwatch.Alarm(
            scope,
            f"Alarm-{name}",
            alarm_name=self._context.stage.physical(name),
            alarm_description=f"{says} What to do: {page}",
            metric=metric,
            threshold=threshold,
            evaluation_periods=periods,
            comparison_operator=(
                comparison.LESS_THAN_THRESHOLD
                if below
                else comparison.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
            ),
            treat_missing_data=missing.BREACHING if silence_is_bad else missing.NOT_BREACHING,
        )
        alarm.add_alarm_action(self._action)
        alarm.add_ok_action(self._action)
        return alarm
