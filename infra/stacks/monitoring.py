"""What is watched, and the dashboard.

Deployed last and changed most often: tuning a threshold redeploys nothing that pages people. The
watcher of everything else (`attention`) names causes; what it could not tell of itself, and what
says that paging itself is broken, is here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from infra.catalogue import FUNCTIONS
from infra.constructs.alarms import FIVE_MINUTES, ONE_MINUTE, OpsAlarms
from infra.constructs.function import FUNCTIONS_FAILING
from infra.measures import AUDITS_CLEAN, GRAPHS
from infra.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_sns as sns
    from constructs import Construct

    from infra.constructs.function import TocsinFunction
    from infra.context import Context
    from infra.stacks.messaging import MessagingStack

_BEHIND_MS = 5 * 60 * 1000


class MonitoringStack(cdk.Stack):
    """Alarms for operations, and a dashboard where one is wanted."""

    def __init__(
        self,
        scope: Construct,
        *,
        context: Context,
        tables: Mapping[str, dynamodb.Table],
        messaging: MessagingStack,
        functions: Mapping[str, TocsinFunction],
        api_id: str,
    ) -> None:
        super().__init__(
            scope,
            context.stage.physical("monitoring"),
            description="Tocsin: alarms and the dashboard",
            synthesizer=cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        self._context, self._messaging = context, messaging
        self._functions = {name: made.function for name, made in functions.items()}
        self._alarms = OpsAlarms(
            self,
            context=context,
            topic=cast("sns.ITopic", messaging.ops),
            namer=cast("lambda_.IFunction", self._functions["attention"]),
        )
        self._watch_functions()
        self._watch_causes()
        self._watch_paging()
        self._watch_silence(watching=bool(context.providers))
        self._watch_api(api_id)
        if context.dashboard:
            self._add_dashboard(context.stage.physical("overview"), functions, tables)

    def _watch_functions(self) -> None:
        """By what the platform reports of all of them; who it was, is told by name."""
        add, count = self._alarms.add, self._alarms.count
        add(
            "functions-failing",
            says="A function fails; its name follows, unless it is attention's own.",
            metric=count(FUNCTIONS_FAILING),
        )
        add(
            "functions-throttled",
            says="The account does not start a function for lack of concurrency.",
            metric=cloudwatch.Metric(
                namespace="AWS/Lambda", metric_name="Throttles", period=ONE_MINUTE, statistic="Sum"
            ),
            names_itself=False,
        )

    def _watch_causes(self) -> None:
        """All that functions find themselves."""
        self._alarms.add(
            "needs-attention",
            says="Something needs attention; its name follows.",
            metric=self._alarms.count("NeedsAttention", period=FIVE_MINUTES),
        )

    def _watch_paging(self) -> None:
        """The path from an alarm to a telephone, where it leaves our functions."""
        add, queues = self._alarms.add, self._messaging.queues
        add(
            "dead-letters",
            says="Work was given up on and lies with the dead letters.",
            metric=self._messaging.dead_letters.metric_approximate_number_of_messages_visible(
                period=ONE_MINUTE, statistic="Maximum"
            ),
            names_itself=False,
        )
        waiting = {
            "alarms": "An alarm waits too long to open an incident.",
            "due": "What is due waits too long to be acted on.",
        }
        if self._context.github or self._context.findings:
            waiting["signals"] = "A finding waits too long to be looked at."
        for name, says in waiting.items():
            age = queues[name].metric_approximate_age_of_oldest_message(
                period=ONE_MINUTE, statistic="Maximum"
            )
            add(f"{name}-waiting", says=says, metric=age, threshold=120, periods=2)
        for name, says in (
            ("notifier", "Messages to people are more than five minutes behind."),
            ("billing_projector", "Subscriptions are more than five minutes behind."),
        ):
            age = self._functions[name].metric(
                "IteratorAge", period=ONE_MINUTE, statistic="Maximum"
            )
            dashed = FUNCTIONS[name].dashed
            add(f"{dashed}-behind", says=says, metric=age, threshold=_BEHIND_MS)
        failed: dict[str, cloudwatch.IMetric] = {
            name: cast("cloudwatch.IMetric", topic.metric_number_of_notifications_failed())
            for name, topic in self._messaging.ways_out.items()
            if name != "chat" or self._context.chat_room
        }
        add(
            "messages-undelivered",
            says=f"A topic could not deliver: {' or '.join(failed)}.",
            metric=_largest(failed),
            names_itself=False,
        )

    def _watch_silence(self, *, watching: bool) -> None:
        self._alarms.silence(
            "auditor-silent",
            says="No clean audit for three minutes: something due was not done, or nobody looks.",
            of={
                "audits": cast(
                    "cloudwatch.IMetric", self._alarms.count(AUDITS_CLEAN, function="auditor")
                )
            },
            periods=3,
        )
        self._alarms.silence(
            "sla-check-silent",
            says="No sweep has run for three minutes: nobody is escalated to.",
            of={"sweeps": self._invoked("sla_check")},
            periods=3,
        )
        if watching:
            self._alarms.silence(
                "provider-watch-silent",
                says="Nobody has looked at the providers for ten minutes, nor at who watches.",
                of={"rounds": self._invoked("provider_watch")},
                periods=2,
                period=FIVE_MINUTES,
            )

    def _invoked(self, function: str) -> cloudwatch.IMetric:
        metric = self._functions[function].metric_invocations(period=ONE_MINUTE)
        return cast("cloudwatch.IMetric", metric)

    def _watch_api(self, api_id: str) -> None:
        self._alarms.add(
            "api-server-errors",
            says="The HTTP API answers with server errors.",
            metric=cloudwatch.Metric(
                namespace="AWS/ApiGateway",
                metric_name="5xx",
                dimensions_map={"ApiId": api_id},
                period=ONE_MINUTE,
                statistic="Sum",
            ),
            threshold=5,
        )

    def _add_dashboard(
        self,
        name: str,
        functions: Mapping[str, TocsinFunction],
        tables: Mapping[str, dynamodb.Table],
    ) -> None:
        """Three rows: what happened, how the functions are, how the tables are."""
        dashboard = cloudwatch.Dashboard(self, "Overview", dashboard_name=name)
        dashboard.add_widgets(
            *(
                cloudwatch.GraphWidget(
                    title=title,
                    left=[
                        self._alarms.count(metric, function=function, period=FIVE_MINUTES)
                        for metric in metrics
                    ],
                )
                for title, function, metrics in GRAPHS
            )
        )
        dashboard.add_widgets(
            *(
                cloudwatch.GraphWidget(
                    title=spec.dashed,
                    left=[functions[spec.name].function.metric_invocations()],
                    right=[functions[spec.name].function.metric_errors()],
                )
                for _, spec in sorted(FUNCTIONS.items())
            )
        )
        dashboard.add_widgets(
            *(
                cloudwatch.GraphWidget(
                    title=f"Table {spec.name}",
                    left=[
                        tables[spec.name].metric_consumed_write_capacity_units(),
                        tables[spec.name].metric_consumed_read_capacity_units(),
                    ],
                )
                for spec in TABLES
            )
        )


def _largest(
    measures: Mapping[str, cloudwatch.IMetric],
) -> cloudwatch.IMetric:
    """The largest of the measures; what is missing is nothing."""
    parts = ", ".join(f"FILL({name}, 0)" for name in measures)
    expression = cloudwatch.MathExpression(
        expression=f"MAX([{parts}])",
        using_metrics={
            name: cast(
                "cloudwatch.IMetric",
                cast("cloudwatch.Metric", one).with_(period=ONE_MINUTE, statistic="Sum"),
            )
            for name, one in measures.items()
        },
        period=ONE_MINUTE,
        label="largest",
    )
    return cast("cloudwatch.IMetric", expression)
