"""The functions and what wakes each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_events as events

from infra.catalogue import FUNCTIONS
from infra.constructs.alarms import ONE_MINUTE
from infra.constructs.audit import wake_auditor
from infra.constructs.function import TocsinFunction
from infra.constructs.nag import SERVERLESS, acknowledge
from infra.constructs.reconciling import wake_reconciler
from infra.constructs.schedules import Schedules
from infra.constructs.triggers import Triggers
from infra.routes import ROUTES
from infra.stacks.messaging import ALARM_STATE_RULE
from infra.stacks.outputs import output

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from constructs import Construct

    from infra.constructs.alarms import OpsAlarms
    from infra.context import Context
    from infra.references import References

_FIVE_MINUTES = cdk.Duration.minutes(5)
_SWEEP_MAX_AGE = 60
_ASYNC_MAX_AGE = 6 * 60 * 60
_NEVER_AN_ALARM_OF_OURS = ("tocsin-", "TargetTracking-")


class FunctionsStack(cdk.Stack):
    """All functions, in an order in which each finds the ones it may call."""

    def __init__(
        self,
        scope: Construct,
        *,
        context: Context,
        references: References,
        alarms: OpsAlarms,
        bundle: Callable[[str], Path],
    ) -> None:
        super().__init__(
            scope,
            context.stage.physical("functions"),
            description="Tocsin: functions and what wakes them",
            synthesizer=cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        self._context = context
        self._references = references
        self._alarms = alarms
        self._bundle = bundle
        self._triggers = Triggers(self, references=references, alarms=alarms)
        self._offer_values()
        self.made: dict[str, TocsinFunction] = {}
        # What other functions may invoke comes before them.
        for name in sorted(FUNCTIONS, key=lambda each: each not in {"notifier", "outage_watch"}):
            self._make(name)
        self._schedules = Schedules(self, context=context)
        self._wake_alarm_trigger()
        self._wake_sla_check()
        wake_auditor(
            self, self.made["auditor"], context=context, triggers=self._triggers, alarms=alarms
        )
        self._wake_provider_watch()
        self._wake_outage_watch()
        self._wake_notifier()
        self._wake_billing_projector()
        self._wake_replays()
        wake_reconciler(self.made["reconciler"], schedules=self._schedules, triggers=self._triggers)
        for name in sorted({route.function for route in ROUTES}):
            self.made[name].acknowledge_no_queue(
                "Woken by HTTP: the caller sees the failure and tries again."
            )

    def _offer_values(self) -> None:
        """What functions are told that no resource says."""
        stage = self._context.stage
        for name, value in (
            ("STAGE", stage.name),
            ("LOG_LEVEL", "INFO"),
            ("STRIPE_API_BASE", self._context.stripe_api_base),
            ("RAZORPAY_API_BASE", self._context.razorpay_api_base),
            ("BILLING_MODES", stage.billing_modes),
            ("DEAD_MAN_URL", self._context.dead_man_url),
            ("NOTIFIER_FUNCTION", stage.physical(FUNCTIONS["notifier"].dashed)),
            ("OUTAGE_WATCH_FUNCTION", stage.physical(FUNCTIONS["outage_watch"].dashed)),
        ):
            self._references.offer_value(name, value)

    def _make(self, name: str) -> None:
        made = TocsinFunction(
            self,
            FUNCTIONS[name],
            context=self._context,
            references=self._references,
            alarms=self._alarms,
            bundle=self._bundle,
        )
        output(
            self, f"Function{made.spec.pascal}Arn", made.function.function_arn, made.spec.purpose
        )
        self.made[name] = made

    def _wake_alarm_trigger(self) -> None:
        """A queue for storms; direct alarm actions and state changes for the few."""
        made = self.made["alarm_trigger"]
        made.acknowledge_no_queue(
            "Its queue has a dead-letter queue; asynchronous failures go to a destination."
        )
        self._triggers.queue(
            made, "AlarmsQueueToAlarmTrigger", "alarms", batch=50, concurrency=5, window=2
        )
        self._triggers.asynchronous(
            made, retries=2, max_age=_ASYNC_MAX_AGE, failures="alarm-trigger-failed"
        )
        alarms = self.format_arn(
            service="cloudwatch",
            resource="alarm",
            resource_name="*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        self._triggers.permit(
            made,
            "AlarmActions",
            principal="lambda.alarms.cloudwatch.amazonaws.com",
            source_arn=alarms,
        )
        self._add_alarm_state_rule(made)
        self._alarms.add(
            self,
            "alarm-trigger-async-age",
            says="Alarms handed straight to alarm_trigger are waiting.",
            metric=made.function.metric("AsyncEventAge", period=ONE_MINUTE, statistic="Maximum"),
            threshold=120_000,
        )

    def _add_alarm_state_rule(self, made: TocsinFunction) -> None:
        rule = events.CfnRule(
            self,
            "AlarmStateChange",
            name=self._context.stage.physical(ALARM_STATE_RULE),
            description="Alarms that name no action of ours still open incidents",
            event_pattern={
                "source": ["aws.cloudwatch"],
                "detail-type": ["CloudWatch Alarm State Change"],
                "detail": {
                    "alarmName": [{"anything-but": {"prefix": [*_NEVER_AN_ALARM_OF_OURS]}}],
                    "state": {"value": ["ALARM", "OK"]},
                },
            },
            targets=[
                events.CfnRule.TargetProperty(
                    id="alarm-trigger",
                    arn=made.function.function_arn,
                    dead_letter_config=events.CfnRule.DeadLetterConfigProperty(
                        arn=self._references.arn("queue/alarm-trigger-failed")
                    ),
                    retry_policy=events.CfnRule.RetryPolicyProperty(
                        maximum_event_age_in_seconds=_ASYNC_MAX_AGE, maximum_retry_attempts=185
                    ),
                )
            ],
        )
        self._triggers.permit(
            made, "AlarmStateRule", principal="events.amazonaws.com", source_arn=rule.attr_arn
        )

    def _wake_sla_check(self) -> None:
        """Once a minute, never late: the next sweep does what a lost one did not."""
        made = self.made["sla_check"]
        reason = (
            "A lost sweep holds nothing to redrive: the next one, a minute later, does its work;"
            " what it handed on has a dead-letter queue."
        )
        made.acknowledge_no_queue(reason)
        asynchronous = self._triggers.asynchronous(
            made, retries=0, max_age=_SWEEP_MAX_AGE, failures=None
        )
        acknowledge(asynchronous, "LambdaAsyncFailureDestination", reason, pack=SERVERLESS)
        self._schedules.wake(made, "EveryMinute", "rate(1 minute)", says="Wakes the sweep")
        self._triggers.queue(made, "DueQueueToSlaCheck", "due", batch=4, concurrency=3)
        self._alarms.add(
            self,
            "sla-check-silent",
            says="No sweep has run for three minutes: nobody is escalated to.",
            metric=made.function.metric_invocations(period=ONE_MINUTE),
            periods=3,
            below=True,
            silence_is_bad=True,
        )

    def _wake_provider_watch(self) -> None:
        """Every minute; a lost round is made up for by the next."""
        made = self.made["provider_watch"]
        reason = "A lost round holds nothing to redrive: the next one looks at the same things."
        made.acknowledge_no_queue(reason)
        asynchronous = self._triggers.asynchronous(
            made, retries=0, max_age=_SWEEP_MAX_AGE, failures=None
        )
        acknowledge(asynchronous, "LambdaAsyncFailureDestination", reason, pack=SERVERLESS)
        self._schedules.wake(
            made, "LookAtProviders", "rate(1 minute)", says="Looks at the providers"
        )
        self._alarms.add(
            self,
            "provider-watch-silent",
            says="Nobody has looked at the providers for a quarter of an hour.",
            metric=made.function.metric_invocations(period=_FIVE_MINUTES),
            periods=3,
            below=True,
            silence_is_bad=True,
        )

    def _wake_outage_watch(self) -> None:
        """Every minute: an outage is noticed within a few."""
        made = self.made["outage_watch"]
        reason = "A lost round holds nothing to redrive: the next one, a minute later, sees it all."
        made.acknowledge_no_queue(reason)
        asynchronous = self._triggers.asynchronous(
            made, retries=0, max_age=_SWEEP_MAX_AGE, failures=None
        )
        acknowledge(asynchronous, "LambdaAsyncFailureDestination", reason, pack=SERVERLESS)
        self._schedules.wake(made, "EveryMinuteOutages", "rate(1 minute)", says="Looks for outages")
        self._alarms.add(
            self,
            "outage-watch-silent",
            says="Nobody has looked for outages of billing providers for five minutes.",
            metric=made.function.metric_invocations(period=ONE_MINUTE),
            periods=5,
            below=True,
            silence_is_bad=True,
        )

    def _wake_notifier(self) -> None:
        """New outbox items only; what is late the sweep hands over directly."""
        made = self.made["notifier"]
        made.acknowledge_no_queue("Its stream hands failed batches to a queue of their own.")
        self._triggers.stream(
            made,
            "IncidentsStreamToNotifier",
            "incidents",
            batch=25,
            parallel=2,
            retries=5,
            max_age=60 * 60,
            failures="notifier-failed",
            pattern={
                "eventName": ["INSERT"],
                "dynamodb": {"Keys": {"SK": {"S": [{"prefix": "OUT#"}]}}},
            },
        )

    def _wake_billing_projector(self) -> None:
        """The ledger's stream, and a queue of objects to ask the provider about again."""
        made = self.made["billing_projector"]
        made.acknowledge_no_queue(
            "Its stream hands failed batches to a queue; its queue has a dead-letter queue."
        )
        self._triggers.stream(
            made,
            "BillingEventsStreamToProjector",
            "billing-events",
            batch=100,
            parallel=10,
            retries=10,
            failures="billing-projector-failed",
        )
        self._triggers.queue(made, "RefetchQueueToProjector", "refetch", batch=10, concurrency=5)

    def _wake_replays(self) -> None:
        """One driver a replay; as many workers as the table and the projector can follow."""
        reason = "Its queue has a dead-letter queue."
        for name in ("replay_planner", "replay_worker"):
            self.made[name].acknowledge_no_queue(reason)
        self._triggers.queue(
            self.made["replay_planner"], "ReplayQueueToPlanner", "replay", batch=1, concurrency=2
        )
        self._triggers.queue(
            self.made["replay_worker"], "RestoreQueueToWorker", "restore", batch=10, concurrency=5
        )
