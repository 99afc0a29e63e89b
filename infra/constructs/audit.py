"""What wakes the auditor, and the alarm on its silence.

A rule of EventBridge and not a schedule, a metric of its own and not an invocation count: whatever
stops or blinds the sweep must not stop or blind what looks after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events

from infra.constructs.alarms import ONE_MINUTE
from infra.constructs.nag import SERVERLESS, acknowledge

if TYPE_CHECKING:
    from constructs import Construct

    from infra.constructs.alarms import OpsAlarms
    from infra.constructs.function import TocsinFunction
    from infra.constructs.triggers import Triggers
    from infra.context import Context

_MAX_AGE = 60
_REASON = "A lost audit is a missing heartbeat, and the next one looks at the same things."


def wake_auditor(
    scope: Construct,
    made: TocsinFunction,
    *,
    context: Context,
    triggers: Triggers,
    alarms: OpsAlarms,
) -> None:
    """Once a minute; three minutes without a clean audit ring."""
    made.acknowledge_no_queue(_REASON)
    asynchronous = triggers.asynchronous(made, retries=0, max_age=_MAX_AGE, failures=None)
    acknowledge(asynchronous, "LambdaAsyncFailureDestination", _REASON, pack=SERVERLESS)
    rule = events.CfnRule(
        scope,
        "AuditEveryMinute",
        name=context.stage.physical(made.spec.dashed),
        description="Looks whether everything that was due was done",
        schedule_expression="rate(1 minute)",
        targets=[
            events.CfnRule.TargetProperty(
                id=made.spec.dashed,
                arn=made.function.function_arn,
                input="{}",
                retry_policy=events.CfnRule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=_MAX_AGE, maximum_retry_attempts=0
                ),
            )
        ],
    )
    acknowledge(rule, "EventBusDLQ", _REASON, pack=SERVERLESS)
    triggers.permit(made, "AuditRule", principal="events.amazonaws.com", source_arn=rule.attr_arn)
    alarms.add(
        scope,
        "auditor-silent",
        says="No clean audit for three minutes: something due was not done, or nobody looks.",
        metric=cloudwatch.Metric(
            namespace=f"Tocsin/{context.stage.name}",
            metric_name="AuditsClean",
            dimensions_map={"service": made.spec.name},
            period=ONE_MINUTE,
            statistic="Sum",
        ),
        periods=3,
        below=True,
        silence_is_bad=True,
    )
