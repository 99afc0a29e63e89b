"""An alarm about Tocsin itself: every one has a page that says what to do.

These alarms must reach people when Tocsin cannot, so they go to the plain `ops` topic and never
through Tocsin's own functions. Some are about several things at once, because each costs money
every month; those also wake the function that finds out and tells which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import aws_cdk as cdk
import jsii
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_sns as sns
    from constructs import Construct

    from infra.context import Context

ONE_MINUTE = cdk.Duration.minutes(1)
FIVE_MINUTES = cdk.Duration.minutes(5)


@jsii.implements(cloudwatch.IAlarmAction)
class _Wakes:
    """A function as an action. The CDK's own would add a permission for each alarm."""

    def __init__(self, arn: str) -> None:
        self._arn = arn

    def bind(self, _scope: Construct, _alarm: cloudwatch.IAlarm) -> cloudwatch.AlarmActionConfig:
        return cloudwatch.AlarmActionConfig(alarm_action_arn=self._arn)


class OpsAlarms:
    """Makes alarms that are described by `docs/alarms/<name>.md` and tell the ops topic.

    `namer` is the function that finds out what stands behind an alarm about several things.
    """

    def __init__(
        self, scope: Construct, *, context: Context, topic: sns.ITopic, namer: lambda_.IFunction
    ) -> None:
        self._scope, self._context = scope, context
        self._topic = actions.SnsAction(topic)
        self._namer = cast("cloudwatch.IAlarmAction", _Wakes(namer.function_arn))

    def count(
        self,
        name: str,
        *,
        function: str = "",
        statistic: str = "Sum",
        period: cdk.Duration = ONE_MINUTE,
    ) -> cloudwatch.Metric:
        """A measure of ours, of one function or of the whole stage."""
        return cloudwatch.Metric(
            namespace=f"Tocsin/{self._context.stage.name}",
            metric_name=name,
            dimensions_map={"service": function} if function else None,
            period=period,
            statistic=statistic,
        )

    def add(
        self,
        name: str,
        *,
        says: str,
        metric: cloudwatch.IMetric,
        threshold: float = 1,
        periods: int = 1,
        names_itself: bool = True,
    ) -> None:
        """An alarm at `metric >= threshold` for that many periods.

        `name` is the file name of its page, without the stage. A measure without data is well.
        """
        comparison = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
        alarm = self._alarm(
            name,
            says=says,
            metric=metric,
            threshold=threshold,
            periods=periods,
            comparison=comparison,
            silence=False,
        )
        if not names_itself:
            alarm.add_alarm_action(self._namer)

    def silence(
        self,
        name: str,
        *,
        says: str,
        of: Mapping[str, cloudwatch.IMetric],
        periods: int,
        period: cdk.Duration = ONE_MINUTE,
    ) -> None:
        """An alarm when any of these has stopped for that many periods.

        Missing points are filled with nothing: left missing, CloudWatch would look for older ones
        and ring minutes late. A measure that was never there at all is silent too.
        """
        filled = ", ".join(f"FILL({one}, 0)" for one in of)
        metric = cloudwatch.MathExpression(
            expression=f"MIN([{filled}])" if len(of) > 1 else filled,
            using_metrics=of,
            period=period,
            label=name,
        )
        comparison = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
        self._alarm(
            name,
            says=says,
            metric=cast("cloudwatch.IMetric", metric),
            threshold=1,
            periods=periods,
            comparison=comparison,
            silence=True,
        )

    def _alarm(
        self,
        name: str,
        *,
        says: str,
        metric: cloudwatch.IMetric,
        threshold: float,
        periods: int,
        comparison: cloudwatch.ComparisonOperator,
        silence: bool,
    ) -> cloudwatch.Alarm:
        page = f"{self._context.docs_base}docs/alarms/{name}.md"
        missing = cloudwatch.TreatMissingData
        alarm = cloudwatch.Alarm(
            self._scope,
            f"Alarm-{name}",
            alarm_name=self._context.stage.physical(name),
            alarm_description=f"{says} What to do: {page}",
            metric=metric,
            threshold=threshold,
            evaluation_periods=periods,
            comparison_operator=comparison,
            treat_missing_data=missing.BREACHING if silence else missing.NOT_BREACHING,
        )
        alarm.add_alarm_action(self._topic)
        alarm.add_ok_action(self._topic)
        return alarm
