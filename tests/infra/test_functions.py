"""Rules that hold for every function of every stage."""

from __future__ import annotations

from dataclasses import dataclass, fields
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from infra.app import ROOT
from infra.catalogue import FUNCTIONS
from infra.constructs.function import CLOCK_VARIABLE, environment_of
from infra.references import NobodyOffers, References
from tocsin.runtime.wiring.runbooks import ROOM_VARIABLE, stage_policies

if TYPE_CHECKING:
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
    assert function["TracingConfig"] == {"Mode": "Active"}
    assert function["LoggingConfig"]["LogFormat"] == "JSON"
    assert function.get("ReservedConcurrentExecutions") == spec.reserved


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_environment_is_exactly_the_fields_of_the_settings(
    deployment: Deployment, name: str
) -> None:
    settings = import_module(f"functions.{name}.settings").Settings
    expected = {field.name for field in fields(settings)}
    if FUNCTIONS[name].incident_clock and deployment.context.stage.clock_adjustable:
        expected |= {CLOCK_VARIABLE}
    environment = deployment.function(name)["Environment"]["Variables"]
    assert set(environment) == expected
    assert all(environment.values())


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


def test_a_flood_of_webhooks_cannot_take_all_concurrency(production: Deployment) -> None:
    # An account starts with 1,000; what is reserved here leaves most of it to everybody else.
    reserved = {
        name: production.function(name).get("ReservedConcurrentExecutions") for name in FUNCTIONS
    }
    assert reserved["webhook_ingest"] <= 200
    assert sum(filter(None, reserved.values())) <= 300


@pytest.mark.parametrize(
    ("given", "problem"),
    [("stage", "unknown stage"), ("arch", "unknown arch"), ("chat_room", "on or off")],
)
def test_a_context_that_means_nothing_is_refused(given: str, problem: str) -> None:
    from infra.context import Context, ContextInvalid  # noqa: PLC0415

    with pytest.raises(ContextInvalid, match=problem):
        Context.read({given: "mars"})


class _Anything(References):
    def environment(self, settings: type[Any]) -> dict[str, str]:
        return {field.name: "x" for field in fields(settings)}


def test_whoever_decides_of_incidents_is_told_whether_there_is_a_chat_room() -> None:
    """Also a function added later that writes incidents."""
    from infra.context import Context  # noqa: PLC0415

    asking = set()
    for name in FUNCTIONS:
        settings = import_module(f"functions.{name}.settings").Settings
        if "INCIDENTS_TABLE" in {one.name for one in fields(settings)}:
            asking.add(name)
    assert {"alarm_trigger", "incident_api", "sla_check", "outage_watch"} <= asking
    for room in ("on", "off"):
        context = Context.read({"chat_room": room})
        for name in asking:
            environment = environment_of(FUNCTIONS[name], context, _Anything())
            assert (ROOM_VARIABLE in environment) == (room == "on"), name
            policy = stage_policies(environment).current()
            assert (policy.chat_room is not None) == (room == "on"), name
