"""The ways a function is woken, each with what becomes of work that keeps failing.

Written as plain resources, because each property is a decision: how often to try again, how old
work may get, where it goes after the last attempt. The rights that a trigger needs stand among the
function's statements; tests compare the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_

from infra.constructs.alarms import ONE_MINUTE
from infra.constructs.nag import SERVERLESS, acknowledge

if TYPE_CHECKING:
    from aws_cdk import aws_cloudwatch as cloudwatch

    from infra.constructs.alarms import OpsAlarms
    from infra.constructs.function import TocsinFunction
    from infra.context import Context
    from infra.references import References

_Mapping = lambda_.CfnEventSourceMapping
_STREAM_BEHIND_MS = 5 * 60 * 1000

ALARM_STATE_RULE = "alarm-state-change"
"""Name of the rule that hands alarm changes over; the failure queue lets it in by this name."""
MAX_AGE = 60
"""Seconds after which a turn is dropped: the next one does its work."""


class Triggers:
    """Makes the triggers of one stack's functions."""

    def __init__(
        self, stack: cdk.Stack, *, context: Context, references: References, alarms: OpsAlarms
    ) -> None:
        self._stack = stack
        self._context = context
        self._references = references
        self._alarms = alarms

    def queue(
        self,
        made: TocsinFunction,
        id_: str,
        queue: str,
        *,
        batch: int,
        concurrency: int,
        window: int | None = None,
    ) -> None:
        """Batches of messages, at most `concurrency` at once; a batch fills up for `window` s.

        A message that fails goes back alone and, in the end, to its queue's dead-letter queue.
        """
        mapping = _Mapping(
            self._stack,
            id_,
            function_name=made.function.function_name,
            event_source_arn=self._references.arn(f"queue/{queue}"),
            batch_size=batch,
            maximum_batching_window_in_seconds=window,
            scaling_config=_Mapping.ScalingConfigProperty(maximum_concurrency=concurrency),
            function_response_types=["ReportBatchItemFailures"],
        )
        acknowledge(
            mapping,
            "LambdaEventSourceMappingDestination",
            "Its source is a queue, and a queue's failures go to its own dead-letter queue.",
            pack=SERVERLESS,
        )

    def stream(
        self,
        made: TocsinFunction,
        id_: str,
        table: str,
        *,
        batch: int,
        parallel: int,
        retries: int,
        failures: str,
        max_age: int | None = None,
        pattern: dict[str, Any] | None = None,
    ) -> None:
        """A table's changes from the oldest one kept, `parallel` batches per shard.

        A batch that fails is cut in half and, after `retries` or `max_age` seconds, its position
        goes to the queue `failures`. `pattern` picks the records that wake the function.
        """
        destination = self._references.arn(f"queue/{failures}")
        _Mapping(
            self._stack,
            id_,
            function_name=made.function.function_name,
            event_source_arn=self._references.arn(f"stream/{table}"),
            starting_position="TRIM_HORIZON",
            batch_size=batch,
            parallelization_factor=parallel,
            bisect_batch_on_function_error=True,
            maximum_retry_attempts=retries,
            maximum_record_age_in_seconds=max_age,
            function_response_types=["ReportBatchItemFailures"],
            destination_config=_Mapping.DestinationConfigProperty(
                on_failure=_Mapping.OnFailureProperty(destination=destination)
            ),
            filter_criteria=self._filter(pattern) if pattern else None,
        )
        self._alarms.add(
            self._stack,
            f"{made.spec.dashed}-iterator-age",
            says=f"{made.spec.name} is more than five minutes behind its stream.",
            metric=made.function.metric("IteratorAge", period=ONE_MINUTE, statistic="Maximum"),
            threshold=_STREAM_BEHIND_MS,
        )

    def asynchronous(
        self, made: TocsinFunction, *, retries: int, max_age: int, failures: str | None
    ) -> lambda_.CfnEventInvokeConfig:
        """Calls whose caller does not wait: tried again `retries` times within `max_age` seconds.

        Then the whole event goes to the queue `failures`, or nowhere.
        """
        config = lambda_.CfnEventInvokeConfig
        destination = (
            config.DestinationConfigProperty(
                on_failure=config.OnFailureProperty(
                    destination=self._references.arn(f"queue/{failures}")
                )
            )
            if failures
            else None
        )
        return config(
            self._stack,
            f"{made.spec.pascal}Async",
            function_name=made.function.function_name,
            qualifier="$LATEST",
            maximum_retry_attempts=retries,
            maximum_event_age_in_seconds=max_age,
            destination_config=destination,
        )

    def turns(self, made: TocsinFunction, reason: str) -> None:
        """For who is woken again and again: a lost turn is dropped, and `reason` says why."""
        made.acknowledge_no_queue(reason)
        asynchronous = self.asynchronous(made, retries=0, max_age=MAX_AGE, failures=None)
        acknowledge(asynchronous, "LambdaAsyncFailureDestination", reason, pack=SERVERLESS)

    def async_age(self, made: TocsinFunction) -> cloudwatch.Metric:
        """How long, in milliseconds, calls waited whose caller does not wait."""
        return made.function.metric("AsyncEventAge", period=ONE_MINUTE, statistic="Maximum")

    def alarm_actions(self, made: TocsinFunction) -> None:
        """Lets alarms of this account name the function as their action."""
        alarms = self._stack.format_arn(
            service="cloudwatch",
            resource="alarm",
            resource_name="*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        self.permit(
            made,
            "AlarmActions",
            principal="lambda.alarms.cloudwatch.amazonaws.com",
            source_arn=alarms,
            says_account=True,
        )

    def rule(
        self,
        made: TocsinFunction,
        id_: str,
        *,
        name: str,
        permit_as: str,
        says: str,
        retries: int,
        max_age: int,
        rate: str | None = None,
        pattern: dict[str, Any] | None = None,
        failures: str | None = None,
    ) -> events.CfnRule:
        """A rule of EventBridge, at a `rate` or by the `pattern` of events.

        What it cannot deliver within `max_age` seconds goes to the queue `failures`, or nowhere.
        """
        dead = events.CfnRule.DeadLetterConfigProperty
        rule = events.CfnRule(
            self._stack,
            id_,
            name=self._context.stage.physical(name),
            description=says,
            event_pattern=pattern,
            schedule_expression=rate,
            targets=[
                events.CfnRule.TargetProperty(
                    id=made.spec.dashed,
                    arn=made.function.function_arn,
                    input="{}" if rate else None,
                    dead_letter_config=(
                        dead(arn=self._references.arn(f"queue/{failures}")) if failures else None
                    ),
                    retry_policy=events.CfnRule.RetryPolicyProperty(
                        maximum_event_age_in_seconds=max_age, maximum_retry_attempts=retries
                    ),
                )
            ],
        )
        self.permit(made, permit_as, principal="events.amazonaws.com", source_arn=rule.attr_arn)
        return rule

    def permit(
        self,
        made: TocsinFunction,
        id_: str,
        *,
        principal: str,
        source_arn: str,
        says_account: bool = False,
    ) -> None:
        """Lets one source of this account wake the function.

        `says_account`: the service is documented to send its account; a condition on what is not
        sent would refuse every call. The ARN holds the account either way.
        """
        lambda_.CfnPermission(
            self._stack,
            f"Allow{id_}",
            action="lambda:InvokeFunction",
            function_name=made.function.function_arn,
            principal=principal,
            source_account=self._stack.account if says_account else None,
            source_arn=source_arn,
        )

    def _filter(
        self, pattern: dict[str, Any]
    ) -> lambda_.CfnEventSourceMapping.FilterCriteriaProperty:
        only = _Mapping.FilterProperty(pattern=self._stack.to_json_string(pattern))
        return _Mapping.FilterCriteriaProperty(filters=[only])
