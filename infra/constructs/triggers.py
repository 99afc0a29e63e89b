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

from infra.constructs.nag import SERVERLESS, acknowledge
from infra.waking import Patience

if TYPE_CHECKING:
    from infra.constructs.function import TocsinFunction
    from infra.context import Context
    from infra.references import References

_Mapping = lambda_.CfnEventSourceMapping
MAX_AGE = 60
"""Seconds after which a turn is dropped: the next one does its work."""

_TURN = Patience(retries=0, max_age=MAX_AGE, failures=False)


class Triggers:
    """Makes the triggers of one stack's functions."""

    def __init__(self, stack: cdk.Stack, *, context: Context, references: References) -> None:
        self._stack = stack
        self._context = context
        self._references = references

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
        patience: Patience,
        pattern: dict[str, Any] | None = None,
    ) -> None:
        """A table's changes from the oldest one kept, `parallel` batches per shard.

        A batch that fails is cut in half; what is a dead letter is its position. `pattern` picks
        the records that wake the function.
        """
        destination = _Mapping.DestinationConfigProperty(
            on_failure=_Mapping.OnFailureProperty(destination=self._dead_letters)
        )
        _Mapping(
            self._stack,
            id_,
            function_name=made.function.function_name,
            event_source_arn=self._references.arn(f"stream/{table}"),
            starting_position="TRIM_HORIZON",
            batch_size=batch,
            parallelization_factor=parallel,
            bisect_batch_on_function_error=True,
            maximum_retry_attempts=patience.retries,
            maximum_record_age_in_seconds=patience.max_age,
            function_response_types=["ReportBatchItemFailures"],
            destination_config=destination if patience.failures else None,
            filter_criteria=self._filter(pattern) if pattern else None,
        )

    def asynchronous(
        self, made: TocsinFunction, patience: Patience
    ) -> lambda_.CfnEventInvokeConfig:
        """Calls whose caller does not wait; what is a dead letter is the whole event."""
        config = lambda_.CfnEventInvokeConfig
        destination = (
            config.DestinationConfigProperty(
                on_failure=config.OnFailureProperty(destination=self._dead_letters)
            )
            if patience.failures
            else None
        )
        return config(
            self._stack,
            f"{made.spec.pascal}Async",
            function_name=made.function.function_name,
            qualifier="$LATEST",
            maximum_retry_attempts=patience.retries,
            maximum_event_age_in_seconds=patience.max_age,
            destination_config=destination,
        )

    def turns(self, made: TocsinFunction, reason: str) -> None:
        """For who is woken again and again: a lost turn is dropped, and `reason` says why."""
        made.acknowledge_no_queue(reason)
        asynchronous = self.asynchronous(made, _TURN)
        acknowledge(asynchronous, "LambdaAsyncFailureDestination", reason, pack=SERVERLESS)

    def alarm_actions(self, made: TocsinFunction, id_: str = "AlarmActions") -> None:
        """Lets alarms of this account name the function as their action."""
        alarms = self._stack.format_arn(
            service="cloudwatch",
            resource="alarm",
            resource_name="*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        self.permit(
            made,
            id_,
            principal="lambda.alarms.cloudwatch.amazonaws.com",
            source_arn=alarms,
            says_account=True,
        )

    def at_rate(
        self,
        made: TocsinFunction,
        id_: str,
        rate: str,
        *,
        says: str,
        reason: str,
        name: str = "",
        payload: str = "{}",
    ) -> None:
        """Wakes the function at that rate, never late and never twice; `reason` as of `turns`.

        By a rule, which costs nothing. `name` is the rule's, the function's own where it has but
        one.
        """
        rule = self.rule(
            made,
            id_,
            rate,
            name=name or made.spec.dashed,
            says=says,
            patience=_TURN,
            payload=payload,
        )
        acknowledge(rule, "EventBusDLQ", reason, pack=SERVERLESS)

    def rule(
        self,
        made: TocsinFunction,
        id_: str,
        when: str | dict[str, Any],
        *,
        name: str,
        says: str,
        patience: Patience,
        permit_as: str = "",
        payload: str | None = None,
    ) -> events.CfnRule:
        """A rule of EventBridge, at a rate or by the pattern of events.

        `permit_as` is the id of its permission, the rule's own where it is left out.
        """
        dead = events.CfnRule.DeadLetterConfigProperty
        rule = events.CfnRule(
            self._stack,
            id_,
            name=self._context.stage.physical(name),
            description=says,
            event_pattern=None if isinstance(when, str) else when,
            schedule_expression=when if isinstance(when, str) else None,
            targets=[
                events.CfnRule.TargetProperty(
                    id=made.spec.dashed,
                    arn=made.function.function_arn,
                    input=payload,
                    dead_letter_config=dead(arn=self._dead_letters) if patience.failures else None,
                    retry_policy=events.CfnRule.RetryPolicyProperty(
                        maximum_event_age_in_seconds=patience.max_age,
                        maximum_retry_attempts=patience.retries,
                    ),
                )
            ],
        )
        self.permit(
            made, permit_as or id_, principal="events.amazonaws.com", source_arn=rule.attr_arn
        )
        return rule

    def to_queue(
        self, id_: str, *, name: str, queue: str, says: str, pattern: dict[str, Any]
    ) -> events.CfnRule:
        """A rule of EventBridge that hands events of a `pattern` to a queue.

        EventBridge tries for a day; the queue's own policy lets the rule in by its name.
        """
        rule = events.CfnRule(
            self._stack,
            id_,
            name=self._context.stage.physical(name),
            description=says,
            event_pattern=pattern,
            targets=[
                events.CfnRule.TargetProperty(id=queue, arn=self._references.arn(f"queue/{queue}"))
            ],
        )
        reason = "A queue that does not take an event for a day is told of long before."
        acknowledge(rule, "EventBusDLQ", reason, pack=SERVERLESS)
        return rule

    def logs(self, made: TocsinFunction) -> lambda_.CfnPermission:
        """Lets the log groups of this stage's functions hand lines over."""
        groups = self._stack.format_arn(
            service="logs",
            resource="log-group",
            resource_name=f"/aws/lambda/{self._context.stage.physical('*')}",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        return self.permit(
            made,
            "LogLines",
            principal="logs.amazonaws.com",
            source_arn=f"{groups}:*",
            says_account=True,
        )

    @property
    def _dead_letters(self) -> str:
        return self._references.arn("queue/dead-letters")

    def permit(
        self,
        made: TocsinFunction,
        id_: str,
        *,
        principal: str,
        source_arn: str,
        says_account: bool = False,
    ) -> lambda_.CfnPermission:
        """Lets one source of this account wake the function.

        `says_account`: the service is documented to send its account; a condition on what is not
        sent would refuse every call. The ARN holds the account either way.
        """
        return lambda_.CfnPermission(
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
