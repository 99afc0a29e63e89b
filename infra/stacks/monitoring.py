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
from infra.constructs.alarms import ONE_MINUTE
from infra.stacks.counts import COUNTS
from infra.tables import TABLES
from tocsin.providers.registry import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_sns as sns
    from constructs import Construct

    from infra.constructs.alarms import OpsAlarms
    from infra.constructs.function import TocsinFunction
    from infra.context import Context

_FIVE_MINUTES = cdk.Duration.minutes(5)
# What the functions do. A request is throttled here also when only an index was.
_OPERATIONS = [
    dynamodb.Operation.GET_ITEM,
    dynamodb.Operation.PUT_ITEM,
    dynamodb.Operation.QUERY,
    dynamodb.Operation.TRANSACT_WRITE_ITEMS,
    dynamodb.Operation.UPDATE_ITEM,
]

# Function, measure, alarm, what it says, from which maximum in five minutes, how often in a row.
GAUGES = (
    (
        "billing_projector",
        "ProjectionLag",
        "billing-projection-lag",
        "Events are projected a quarter of an hour after they were received, or wait that long.",
        900,
        1,
    ),
    (
        "provider_watch",
        "OldestUnprojected",
        "billing-oldest-unprojected",
        "A stored event has not reached its subscription for a quarter of an hour.",
        900,
        2,
    ),
    (
        "provider_watch",
        "EventsMissed",
        "provider-silent",
        "A provider has sent nothing for as long as it would usually send twenty events.",
        20,
        2,
    ),
    (
        "provider_watch",
        "OldestQuarantined",
        "billing-quarantine-age",
        "Something set aside has waited four hours for a person.",
        4 * 3600,
        1,
    ),
)


# By these, what customers meet opens an incident: they ring on the alarms topic too. Measure of
# `outage_watch`, alarm, what it says; `{}` is the provider, and one without it is about all.
OUTAGES = (
    ("CheckoutTrouble", "checkout-{}-failing", "Checkouts fail at {}."),
    ("WebhookTrouble", "webhooks-{}-failing", "Webhooks of {} do not get through to us."),
    ("WebhookDelay", "webhooks-{}-backlog", "News from {} arrives late or not at all."),
    ("StateDivergence", "billing-{}-diverges", "Subscriptions are not as {} says they are."),
    ("NoPaymentPath", "checkout-all-providers-failing", "Nobody can pay by any path."),
)


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
        self._namespace = f"Tocsin/{context.stage.name}"
        for name, topic in topics.items():
            self._watch_topic(name, topic)
        for name, table in tables.items():
            self._watch_table(name, table)
        self._watch_api(api_id)
        for function, metric, alarm, says, threshold in COUNTS:
            alarms.add(
                self,
                alarm,
                says=says,
                metric=self._count(function, metric),
                threshold=threshold,
            )
        for function, measure, alarm, says, limit, periods in GAUGES:
            alarms.add(
                self,
                alarm,
                says=says,
                metric=self._count(function, measure, statistic="Maximum"),
                threshold=limit,
                periods=periods,
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
            for provider in PROVIDERS.names if "{}" in name else ("",):
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
        return cloudwatch.Metric(
            namespace=self._namespace,
            metric_name=name,
            dimensions_map={"service": function},
            period=_FIVE_MINUTES,
            statistic=statistic,
        )

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
