"""What is watched besides the functions and queues: tables, topics, the API, and Tocsin's counts.

Deployed last and changed most often: tuning a threshold redeploys nothing that pages people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_dynamodb as dynamodb

from infra.catalogue import FUNCTIONS
from infra.constructs.alarms import FIVE_MINUTES, ONE_MINUTE
from infra.functions.outage_watch import OUTAGES
from infra.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_sns as sns
    from constructs import Construct

    from infra.constructs.alarms import OpsAlarms
    from infra.constructs.function import TocsinFunction
    from infra.context import Context

# What the functions do. A request is throttled here also when only an index was.
_OPERATIONS = [
    dynamodb.Operation.GET_ITEM,
    dynamodb.Operation.PUT_ITEM,
    dynamodb.Operation.QUERY,
    dynamodb.Operation.TRANSACT_WRITE_ITEMS,
    dynamodb.Operation.UPDATE_ITEM,
]


class MonitoringStack(cdk.Stack):
    """Alarms on shared parts, and one dashboard."""

    def __init__(
        self,
        scope: Construct,
        *,
        context: Context,
        alarms: OpsAlarms,
        tables: Mapping[str, dynamodb.Table],
        topics: Mapping[str, sns.Topic],
        functions: Mapping[str, TocsinFunction],
        api_id: str,
    ) -> None:
        super().__init__(
            scope,
            context.stage.physical("monitoring"),
            description="Tocsin: alarms on shared parts and the dashboard",
            synthesizer=cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        self._alarms = alarms
        self._providers = context.providers
        self._namespace = f"Tocsin/{context.stage.name}"
        for name, topic in topics.items():
            self._watch_topic(name, topic)
        for name, table in tables.items():
            self._watch_table(name, table)
        self._watch_api(api_id)
        for spec in FUNCTIONS.values():
            for cause in spec.causes:
                alarms.add(
                    self,
                    cause.name,
                    says=cause.says,
                    metric=self._count(
                        spec.name, cause.metric, statistic="Maximum" if cause.gauge else "Sum"
                    ),
                    threshold=cause.at_least,
                    periods=cause.periods,
                )
        self._watch_outages(topics["alarms"])
        self._add_dashboard(context.stage.physical("overview"), functions, tables)

    def _watch_topic(self, name: str, topic: sns.Topic) -> None:
        self._alarms.add(
            self,
            f"{name}-topic-undelivered",
            says=f"Topic {name} could not deliver to a subscriber.",
            metric=topic.metric_number_of_notifications_failed(period=ONE_MINUTE),
        )

    def _watch_outages(self, way_in: sns.Topic) -> None:
        """One alarm for each provider and kind of trouble, into the ordinary way in for alarms."""
        action = actions.SnsAction(way_in)
        for measure, name, says in OUTAGES:
            for provider in self._providers if "{}" in name else self._providers and ("",):
                alarm = self._alarms.add(
                    self,
                    name.format(provider),
                    says=says.format(provider),
                    metric=cloudwatch.Metric(
                        namespace=self._namespace,
                        metric_name=measure,
                        dimensions_map={"service": "outage_watch"}
                        | ({"provider": provider} if provider else {}),
                        period=ONE_MINUTE,
                        statistic="Maximum",
                    ),
                )
                alarm.add_alarm_action(action)
                alarm.add_ok_action(action)

    def _watch_table(self, name: str, table: dynamodb.Table) -> None:
        self._alarms.add(
            self,
            f"{name}-table-throttled",
            says=f"Table {name} refuses reads or writes.",
            metric=table.metric_throttled_requests_for_operations(
                operations=_OPERATIONS, period=ONE_MINUTE
            ),
            periods=2,
        )

    def _watch_api(self, api_id: str) -> None:
        self._alarms.add(
            self,
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

    def _count(self, function: str, name: str, *, statistic: str = "Sum") -> cloudwatch.Metric:
        return self._alarms.count(function, name, statistic=statistic, period=FIVE_MINUTES)

    def _add_dashboard(
        self,
        name: str,
        functions: Mapping[str, TocsinFunction],
        tables: Mapping[str, dynamodb.Table],
    ) -> None:
        """Three rows: what happened, how the functions are, how the tables are."""
        dashboard = cloudwatch.Dashboard(self, "Overview", dashboard_name=name)
        happened = (
            ("Incidents and messages", "alarm_trigger", ("SignalsReceived", "IncidentsOpened")),
            ("Messages", "notifier", ("MessagesSent", "MessagesFailed")),
            ("Webhooks", "webhook_ingest", ("WebhooksAccepted", "WebhooksRejected")),
        )
        dashboard.add_widgets(
            *(
                cloudwatch.GraphWidget(
                    title=title, left=[self._count(function, metric) for metric in metrics]
                )
                for title, function, metrics in happened
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
