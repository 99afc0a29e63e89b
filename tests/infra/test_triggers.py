"""What wakes each function: retries, failure paths and the rights that triggers need.

The local cloud fires event sources and rules even where the right to do so is missing, so the
rights are rules over the template.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from infra.catalogue import FUNCTIONS
from infra.routes import ROUTES
from infra.waking import ALARM_GONE_RULE, ALARM_STATE_RULE
from tests.infra.deployment import allows

if TYPE_CHECKING:
    from tests.infra.deployment import Deployment, Resource

MAPPING = "AWS::Lambda::EventSourceMapping"
STREAM_RIGHTS = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator")
QUEUE_RIGHTS = ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")


def mapping(deployment: Deployment, function: str, source: str) -> Resource:
    """The event source mapping of `function` on the table or queue called `source`."""
    wanted = deployment.context.stage.physical(source)
    for one in deployment.of(MAPPING):
        target = deployment.at(one["EventSourceArn"])
        if wanted in {target.get("TableName"), target.get("QueueName")}:
            assert deployment.at(one["FunctionName"]) == deployment.function(function)
            return one
    raise AssertionError(f"nothing maps {source}")


def test_every_function_is_woken_by_what_the_design_says(deployment: Deployment) -> None:
    sources = {
        (
            deployment.at(one["FunctionName"])["FunctionName"],
            deployment.at(one["EventSourceArn"]).type,
        )
        for one in deployment.of(MAPPING)
    }
    name = deployment.context.stage.physical
    assert sources == {
        (name("alarm-trigger"), "AWS::SQS::Queue"),
        (name("sla-check"), "AWS::SQS::Queue"),
        (name("notifier"), "AWS::DynamoDB::Table"),
        (name("billing-projector"), "AWS::DynamoDB::Table"),
    } | ({(name("security-trigger"), "AWS::SQS::Queue")} if deployment.context.github else set())


def alarm_rule(deployment: Deployment) -> Resource:
    name = deployment.context.stage.physical(ALARM_STATE_RULE)
    return deployment.one("AWS::Events::Rule", Name=name)


def test_every_permission_names_its_source_and_none_is_given_twice(
    deployment: Deployment,
) -> None:
    given = [
        (deployment.at(one["FunctionName"])["FunctionName"], one["Principal"], one["SourceArn"])
        for one in deployment.of("AWS::Lambda::Permission")
    ]
    assert len(set(given)) == len(given)
    assert {one["Action"] for one in deployment.of("AWS::Lambda::Permission")} == {
        "lambda:InvokeFunction"
    }
    name, rule = deployment.context.stage.physical, alarm_rule(deployment)
    gone = deployment.one("AWS::Events::Rule", Name=name(ALARM_GONE_RULE))
    rates = {
        rule: deployment.one("AWS::Events::Rule", Name=name(rule))
        for rule in (
            "auditor",
            "containment",
            "outage-watch",
            "provider-watch",
            "reconcile-recent",
            "reconcile-sample",
        )
    }
    api = deployment.one("AWS::ApiGatewayV2::Api").name
    gateway = f"arn:<Partition>:execute-api:<Region>:<AccountId>:{api}/*"
    alarms = "arn:<Partition>:cloudwatch:<Region>:<AccountId>:alarm:*"
    assert set(given) == {
        (name("alarm-trigger"), "lambda.alarms.cloudwatch.amazonaws.com", alarms),
        (name("attention"), "lambda.alarms.cloudwatch.amazonaws.com", alarms),
        (
            name("attention"),
            "logs.amazonaws.com",
            f"arn:<Partition>:logs:<Region>:<AccountId>:log-group:/aws/lambda/{name('*')}:*",
        ),
        (name("alarm-trigger"), "events.amazonaws.com", rule.arn),
        (name("alarm-trigger"), "events.amazonaws.com", gone.arn),
        *(
            (
                deployment.at(rule["Targets"][0]["Arn"])["FunctionName"],
                "events.amazonaws.com",
                rule.arn,
            )
            for rule in rates.values()
        ),
        *(
            (name(FUNCTIONS[one].dashed), "apigateway.amazonaws.com", gateway)
            for one in {route.function for route in ROUTES}
        ),
    }


def test_a_mapping_finds_its_rights_in_the_role_of_its_function(deployment: Deployment) -> None:
    for one in deployment.of(MAPPING):
        role = deployment.role_of(deployment.at(one["FunctionName"]))
        source = one["EventSourceArn"]
        queue = deployment.at(source).type == "AWS::SQS::Queue"
        for right in QUEUE_RIGHTS if queue else STREAM_RIGHTS:
            assert allows(role, right, source)
        if not queue:
            table = deployment.at(source)["TableName"]
            listing = f"arn:<Partition>:dynamodb:<Region>:<AccountId>:table/{table}"
            assert allows(role, "dynamodb:ListStreams", f"{listing}/stream/*")


def test_a_failure_destination_finds_its_rights_in_the_role(deployment: Deployment) -> None:
    destinations = [
        (one, one["DestinationConfig"]["OnFailure"]["Destination"])
        for type_ in (MAPPING, "AWS::Lambda::EventInvokeConfig")
        for one in deployment.of(type_)
        if "DestinationConfig" in one.properties
    ]
    assert len(destinations) == 4
    for one, queue in destinations:
        role = deployment.role_of(deployment.at(one["FunctionName"]))
        assert allows(role, "sqs:SendMessage", queue)


def test_a_storm_of_alarms_becomes_batches_with_a_ceiling(deployment: Deployment) -> None:
    one = mapping(deployment, "alarm_trigger", "alarms")
    assert one["BatchSize"] == 50
    assert one["MaximumBatchingWindowInSeconds"] == 2
    assert one["ScalingConfig"] == {"MaximumConcurrency": 5}
    assert one["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_the_notifier_wakes_for_new_outbox_items_only(deployment: Deployment) -> None:
    one = mapping(deployment, "notifier", "incidents")
    (pattern,) = (json.loads(each["Pattern"]) for each in one["FilterCriteria"]["Filters"])
    assert pattern == {
        "eventName": ["INSERT"],
        "dynamodb": {"Keys": {"SK": {"S": [{"prefix": "OUT#"}]}}},
    }
    failed = deployment.at(one["DestinationConfig"]["OnFailure"]["Destination"])
    assert failed["QueueName"] == deployment.context.stage.physical("dead-letters")


def test_the_projector_reads_the_ledger_from_its_first_event_in_parallel(
    deployment: Deployment,
) -> None:
    one = mapping(deployment, "billing_projector", "billing-events")
    assert one["ParallelizationFactor"] == 10
    assert one["StartingPosition"] == "TRIM_HORIZON"
    assert one["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize(
    ("function", "source"), [("notifier", "incidents"), ("billing_projector", "billing-events")]
)
def test_one_bad_record_cannot_hold_a_stream_for_ever(
    deployment: Deployment, function: str, source: str
) -> None:
    one = mapping(deployment, function, source)
    assert one["BisectBatchOnFunctionError"] is True
    assert 0 < one["MaximumRetryAttempts"] <= 10
    assert one["StartingPosition"] == "TRIM_HORIZON"
    assert (
        deployment.at(one["DestinationConfig"]["OnFailure"]["Destination"]).type
        == "AWS::SQS::Queue"
    )


def test_what_time_to_live_removes_wakes_nobody(deployment: Deployment) -> None:
    """A removal is a record as well: after ninety days there would be one for every event."""
    for one in deployment.of(MAPPING):
        if deployment.at(one["EventSourceArn"]).type == "AWS::DynamoDB::Table":
            (only,) = one["FilterCriteria"]["Filters"]
            assert json.loads(only["Pattern"])["eventName"] == ["INSERT"]


def test_only_the_queues_on_the_way_to_people_are_polled(deployment: Deployment) -> None:
    """Lambda asks a queue around the clock, whatever lies in it, and that is paid."""
    prefix = deployment.context.stage.physical("")
    sources = [deployment.at(one["EventSourceArn"]) for one in deployment.of(MAPPING)]
    polled = {
        one["QueueName"].removeprefix(prefix) for one in sources if "QueueName" in one.properties
    }
    context = deployment.context
    assert polled == {"alarms", "due"} | ({"signals"} if context.github else set())


WOKEN = {
    "reconcile": "reconciler",
    "refetch": "billing_projector",
    "replay": "replay_planner",
    "restore": "replay_worker",
}
"""Queues that Lambda does not poll, and who takes what lies in them."""


@pytest.mark.parametrize(("queue", "consumer"), WOKEN.items())
def test_a_queue_that_is_not_polled_is_taken_from_by_who_may_and_watched(
    deployment: Deployment, queue: str, consumer: str
) -> None:
    """One queue has one consumer and its rights, and a watch looks into it.

    Who sends for now may wake the consumer too; questions are for later.
    """
    name = deployment.context.stage.physical
    made = deployment.one("AWS::SQS::Queue", QueueName=name(queue))
    assert made["VisibilityTimeout"] >= 6 * FUNCTIONS[consumer].timeout
    target = (
        f"arn:<Partition>:lambda:<Region>:<AccountId>:function:{name(FUNCTIONS[consumer].dashed)}"
    )
    takes, sends, wakes = set[str](), set[str](), set[str]()
    for function in FUNCTIONS:
        role = deployment.role_of(deployment.function(function))
        if allows(role, "sqs:ReceiveMessage", made.arn):
            assert allows(role, "sqs:DeleteMessage", made.arn)
            takes.add(function)
        if allows(role, "sqs:SendMessage", made.arn):
            sends.add(function)
        if allows(role, "lambda:InvokeFunction", target):
            wakes.add(function)
    assert takes == {consumer}
    assert wakes == {"provider_watch"} | (sends if queue != "refetch" else set())
    watch = deployment.function("provider_watch")["Environment"]["Variables"]
    assert watch[f"{queue.upper()}_QUEUE_URL"]
    assert watch[f"{consumer.upper()}_FUNCTION"] == name(FUNCTIONS[consumer].dashed)


def test_at_most_two_functions_read_one_stream(deployment: Deployment) -> None:
    streams = [one["EventSourceArn"] for one in deployment.of(MAPPING)]
    assert all(streams.count(stream) <= 2 for stream in streams)


def test_i7_the_sweep_is_woken_every_minute_and_never_late(deployment: Deployment) -> None:
    name = deployment.context.stage.physical("sla-check")
    schedule = deployment.one("AWS::Scheduler::Schedule", Name=name)
    assert schedule["ScheduleExpression"] == "rate(1 minute)"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert schedule.get("State", "ENABLED") == "ENABLED"
    retries = {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}
    assert schedule["Target"]["RetryPolicy"] == retries
    sweep = deployment.function("sla_check")
    config = deployment.one("AWS::Lambda::EventInvokeConfig", FunctionName=sweep.name)
    assert {key: config[key] for key in retries} == retries
    assert sweep["Timeout"] < 60


def test_i7_the_auditor_is_woken_every_minute_by_something_else_than_the_sweep(
    deployment: Deployment,
) -> None:
    name = deployment.context.stage.physical("auditor")
    rule = deployment.one("AWS::Events::Rule", Name=name)
    assert rule["ScheduleExpression"] == "rate(1 minute)"
    assert rule.get("State", "ENABLED") == "ENABLED"
    (target,) = rule["Targets"]
    assert target["Arn"] == deployment.function("auditor").arn
    retries = {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}
    assert target["RetryPolicy"] == retries
    assert not [one for one in deployment.of("AWS::Scheduler::Schedule") if one["Name"] == name]


def test_alarm_changes_reach_the_function_except_tocsins_own(deployment: Deployment) -> None:
    rule = alarm_rule(deployment)
    (target,) = rule["Targets"]
    assert target["Arn"] == deployment.function("alarm_trigger").arn
    detail = rule["EventPattern"]["detail"]
    assert detail["state"]["value"] == ["ALARM", "OK"]
    assert rule["EventPattern"]["detail-type"] == [
        "CloudWatch Alarm State Change",
        "CloudWatch Alarm Contributor State Change",
    ]
    own = [one["AlarmName"] for one in deployment.of("AWS::CloudWatch::Alarm")]
    assert own
    if deployment.context.alarm_intake.everything:
        (excluded,) = detail["alarmName"]
        assert all(name.startswith(tuple(excluded["anything-but"]["prefix"])) for name in own)
    else:
        assert detail["alarmName"] == [{"prefix": "shop-"}, {"prefix": "api-"}]


def test_what_eventbridge_cannot_deliver_is_kept(deployment: Deployment) -> None:
    rule = alarm_rule(deployment)
    gone = deployment.one(
        "AWS::Events::Rule", Name=deployment.context.stage.physical(ALARM_GONE_RULE)
    )
    queue = deployment.at(rule["Targets"][0]["DeadLetterConfig"]["Arn"])
    assert gone["Targets"][0]["DeadLetterConfig"] == rule["Targets"][0]["DeadLetterConfig"]
    policy = deployment.one("AWS::SQS::QueuePolicy", Queues=[queue.name])
    sender = next(
        one for one in policy["PolicyDocument"]["Statement"] if one.get("Sid") == "LetRulesSend"
    )
    assert sender["Principal"] == {"Service": "events.amazonaws.com"}
    arns = sender["Condition"]["ArnEquals"]["aws:SourceArn"]
    assert [arn.rpartition(":rule/")[2] for arn in arns] == [rule["Name"], gone["Name"]]


def test_a_direct_alarm_that_fails_is_kept(deployment: Deployment) -> None:
    trigger = deployment.function("alarm_trigger")
    config = deployment.one("AWS::Lambda::EventInvokeConfig", FunctionName=trigger.name)
    queue = deployment.at(config["DestinationConfig"]["OnFailure"]["Destination"])
    assert queue["QueueName"] == deployment.context.stage.physical("dead-letters")


def test_a_batch_that_times_out_is_not_seen_twice_at_once(deployment: Deployment) -> None:
    for one in deployment.of(MAPPING):
        queue = deployment.at(one["EventSourceArn"])
        if queue.type == "AWS::SQS::Queue":
            timeout = deployment.at(one["FunctionName"])["Timeout"]
            assert queue["VisibilityTimeout"] >= 6 * timeout


def test_every_route_leads_to_its_function(deployment: Deployment) -> None:
    routes = {one["RouteKey"]: one for one in deployment.of("AWS::ApiGatewayV2::Route")}
    assert set(routes) == {route.key for route in ROUTES}
    for route in ROUTES:
        integration = deployment.at(routes[route.key]["Target"].removeprefix("integrations/"))
        assert integration["PayloadFormatVersion"] == "2.0"
        assert integration["IntegrationUri"] == deployment.function(route.function).arn


def test_only_public_routes_are_open_at_the_gateway(
    deployment: Deployment,
) -> None:
    for one in deployment.of("AWS::ApiGatewayV2::Route"):
        _, path = one["RouteKey"].split(" ")
        by_itself = ("/webhooks/", "/a/", "/beat/", "/report/confirm/")
        named = {"/status", "/billing/status", "/report", "/.well-known/security.txt"}
        public = path in named or path.startswith(by_itself)
        assert one["AuthorizationType"] == ("NONE" if public else "AWS_IAM")


def test_every_route_has_a_throttle_and_the_api_a_log(deployment: Deployment) -> None:
    stage = deployment.one("AWS::ApiGatewayV2::Stage")
    settings = stage["RouteSettings"]
    assert set(settings) == {route.key for route in ROUTES}
    for one in [*settings.values(), stage["DefaultRouteSettings"]]:
        assert 0 < one["ThrottlingRateLimit"] <= one["ThrottlingBurstLimit"]
    assert not {"body", "header"} & set(stage["AccessLogSettings"]["Format"].lower().split("$"))


def test_a_route_of_an_unknown_function_does_not_exist() -> None:
    assert {route.function for route in ROUTES} <= set(FUNCTIONS)
