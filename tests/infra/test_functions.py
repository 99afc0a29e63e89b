"""Rules that hold for every function of every stage."""

from __future__ import annotations

from dataclasses import dataclass, fields
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from infra.app import ROOT
from infra.catalogue import FUNCTIONS
from infra.constructs.function import (
    CAUSES_VARIABLE,
    CLOCK_VARIABLE,
    METRICS_VARIABLE,
    environment_of,
)
from infra.context import Context, ContextInvalid
from infra.references import NobodyOffers, References
from infra.routes import ROUTES
from tests.infra.conftest import BARE, synthesise
from tests.infra.deployment import allows
from tocsin.runtime.wiring.runbooks import ROOM_VARIABLE, stage_policies

if TYPE_CHECKING:
    from pathlib import Path

    from tests.infra.deployment import Deployment

LAMBDA = "AWS::Lambda::Function"
PAGING_LANE = ("notifier", "sla_check", "incident_api")


def test_folders_files_and_template_name_the_same_functions(
    deployment: Deployment,
) -> None:
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/settings.py")}
    files = {path.stem for path in (ROOT / "infra/functions").glob("*.py")} - {"__init__"}
    handlers = {one["Handler"].split(".")[1] for one in deployment.of(LAMBDA)}
    assert folders == set(FUNCTIONS) == files == handlers
    assert len(deployment.of(LAMBDA)) == len(handlers)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_what_its_line_in_the_catalogue_says(
    production: Deployment, name: str
) -> None:
    spec, function = FUNCTIONS[name], production.function(name)
    assert function["Runtime"] == "python3.13"
    assert function["Architectures"] == ["arm64"]
    assert function["Handler"] == f"functions.{name}.handler.lambda_handler"
    assert function["MemorySize"] == spec.memory
    assert function["Timeout"] == spec.timeout
    assert "TracingConfig" not in function.properties
    assert function["LoggingConfig"]["LogFormat"] == "JSON"
    assert function.get("ReservedConcurrentExecutions") == spec.reserved


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_environment_is_exactly_the_fields_of_the_settings(
    deployment: Deployment, name: str
) -> None:
    settings = import_module(f"functions.{name}.settings").Settings
    expected = {field.name for field in fields(settings)} | {CAUSES_VARIABLE, METRICS_VARIABLE}
    if FUNCTIONS[name].incident_clock and deployment.context.stage.clock_adjustable:
        expected |= {CLOCK_VARIABLE}
    environment = deployment.function(name)["Environment"]["Variables"]
    assert set(environment) == expected
    assert all(environment.values())
    # Lambda takes 4 KB of variables in all.
    assert sum(len(key) + len(str(value)) for key, value in environment.items()) < 3_000


def test_variables_that_name_resources_name_those_of_their_own_stage(
    deployment: Deployment,
) -> None:
    stage = deployment.context.stage
    kinds = {
        "INCIDENTS_TABLE": ("AWS::DynamoDB::Table", "TableName", "incidents"),
        "BILLING_EVENTS_TABLE": ("AWS::DynamoDB::Table", "TableName", "billing-events"),
        "BILLING_SUBSCRIPTIONS_TABLE": (
            "AWS::DynamoDB::Table",
            "TableName",
            "billing-subscriptions",
        ),
        "OPERATIONS_TABLE": ("AWS::DynamoDB::Table", "TableName", "operations"),
        "PAGES_TOPIC_ARN": ("AWS::SNS::Topic", "TopicName", "pages"),
        "STAKEHOLDERS_TOPIC_ARN": ("AWS::SNS::Topic", "TopicName", "stakeholders"),
        "REFETCH_QUEUE_URL": ("AWS::SQS::Queue", "QueueName", "refetch"),
        "DUE_QUEUE_URL": ("AWS::SQS::Queue", "QueueName", "due"),
    }
    for function in deployment.of(LAMBDA):
        for variable, value in function["Environment"]["Variables"].items():
            if variable in kinds:
                type_, key, name = kinds[variable]
                target = deployment.at(value)
                assert (target.type, target[key]) == (type_, stage.physical(name))
            elif variable == "NOTIFIER_FUNCTION":
                assert value == deployment.function("notifier")["FunctionName"]


def test_a_setting_that_nobody_can_fill_stops_the_synthesis() -> None:
    @dataclass(frozen=True, slots=True)
    class Settings:
        STAGE: str
        UNHEARD_OF: str
        ALSO_UNKNOWN: int

    references = References()
    references.offer_value("STAGE", "local")
    with pytest.raises(NobodyOffers, match="UNHEARD_OF, ALSO_UNKNOWN"):
        references.environment(Settings)


def test_every_function_has_a_role_that_only_it_uses(deployment: Deployment) -> None:
    roles = [one["Role"] for one in deployment.of(LAMBDA)]
    assert len(set(roles)) == len(roles) == len(FUNCTIONS)
    for reference in roles:
        trust = deployment.at(reference)["AssumeRolePolicyDocument"]["Statement"]
        assert [one["Principal"] for one in trust] == [{"Service": "lambda.amazonaws.com"}]


def test_every_log_group_exists_before_its_writer_and_ends_after_a_while(
    deployment: Deployment,
) -> None:
    days = deployment.context.stage.log_retention_days
    groups = deployment.of("AWS::Logs::LogGroup")
    assert {one["RetentionInDays"] for one in groups} == {days}
    for function in deployment.of(LAMBDA):
        group = deployment.at(function["LoggingConfig"]["LogGroup"])
        assert group["LogGroupName"] == f"/aws/lambda/{function['FunctionName']}"
    access = deployment.one("AWS::ApiGatewayV2::Stage")["AccessLogSettings"]["DestinationArn"]
    assert deployment.at(access).type == "AWS::Logs::LogGroup"


def test_the_paging_lane_has_concurrency_of_its_own_where_people_are_paged(
    production: Deployment, local: Deployment
) -> None:
    for name in PAGING_LANE:
        assert production.function(name)["ReservedConcurrentExecutions"] > 0
    assert not any("ReservedConcurrentExecutions" in one.properties for one in local.of(LAMBDA))


def test_no_way_in_can_take_all_concurrency_where_there_are_shares(production: Deployment) -> None:
    reserved = {
        name: production.function(name).get("ReservedConcurrentExecutions") for name in FUNCTIONS
    }
    ways_in = {route.function for route in ROUTES} | {"alarm_trigger"}
    assert [name for name in ways_in if not reserved[name]] == []
    # A hundred must stay unreserved, and an account that asked for little has 215 in all.
    assert sum(filter(None, reserved.values())) <= 115
    # 500 webhooks a second of 30 ms each are 15 at once.
    assert 15 < reserved["webhook_ingest"] <= 50


def test_an_account_that_allows_ten_at_once_takes_the_stage_too(bare: Deployment) -> None:
    assert not any("ReservedConcurrentExecutions" in one.properties for one in bare.of(LAMBDA))


def test_tracing_and_measures_of_routes_are_off_unless_asked_for(
    bare: Deployment, tmp_path: Path
) -> None:
    asked = synthesise(tmp_path, stage="production", tracing="on", route_metrics="on", **BARE)
    for deployment, on in ((bare, False), (asked, True)):
        for one in deployment.of(LAMBDA):
            assert ("TracingConfig" in one.properties) is on
            allowed = allows(deployment.role_of(one), "xray:PutTraceSegments", "*")
            assert allowed is on
        stage = deployment.one("AWS::ApiGatewayV2::Stage")
        settings = [stage["DefaultRouteSettings"], *stage["RouteSettings"].values()]
        assert {one["DetailedMetricsEnabled"] for one in settings} == {on}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("stage", "unknown stage"),
        ("arch", "unknown arch"),
        ("chat_room", "off or on"),
        ("concurrency", "unreserved or sized"),
        ("providers", "mars unknown"),
        ("alarm_intake", "none, all or prefix"),
        ("alarm_accounts", "twelve digits"),
        ("ops_mail", "ops_mail is the address"),
        ("tracing", "off or on"),
        ("route_metrics", "off or on"),
    ],
)
def test_a_context_that_means_nothing_is_refused(given: str, problem: str) -> None:
    with pytest.raises(ContextInvalid, match=problem):
        Context.read({"ops_mail": "ops@example.com", given: "mars"})


@pytest.mark.parametrize("stage", ["production", "drill"])
def test_where_people_are_paged_somebody_hears_when_tocsin_is_in_trouble(stage: str) -> None:
    with pytest.raises(ContextInvalid, match="ops_mail"):
        Context.read({"stage": stage})
    assert Context.read({"stage": "local"}).ops_mail == "none"


@pytest.mark.parametrize("prefix", ["tocsin-", "toc", "tocsin-production-x", "shop-,T", "", ","])
def test_alarms_of_our_own_are_never_taken_in_by_their_beginning(prefix: str) -> None:
    with pytest.raises(ContextInvalid, match="alarm_intake"):
        Context.read({"stage": "local", "alarm_intake": f"prefix:{prefix}"})


class _Anything(References):
    def environment(self, settings: type[Any]) -> dict[str, str]:
        return {field.name: "x" for field in fields(settings)}


def test_whoever_decides_of_incidents_is_told_whether_there_is_a_chat_room() -> None:
    """Also a function added later that writes incidents."""
    asking = set()
    for name in FUNCTIONS:
        settings = import_module(f"functions.{name}.settings").Settings
        if "INCIDENTS_TABLE" in {one.name for one in fields(settings)}:
            asking.add(name)
    assert {"alarm_trigger", "incident_api", "sla_check", "outage_watch"} <= asking
    for room in ("on", "off"):
        context = Context.read({"stage": "local", "chat_room": room})
        for name in asking:
            environment = environment_of(FUNCTIONS[name], context, _Anything())
            assert (ROOM_VARIABLE in environment) == (room == "on"), name
            policy = stage_policies(environment).current()
            assert (policy.chat_room is not None) == (room == "on"), name
