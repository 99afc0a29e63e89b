"""What stops a template in one account and not in another: names, protection, policies' sizes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from infra.constructs.containment_roles import ROLE
from infra.routes import ROUTES
from infra.stacks.api import GROUPS, PIPELINE
from infra.stage import STAGES
from tocsin.containment.registry import ACTIONS
from tools.templates import findings

if TYPE_CHECKING:
    from tests.infra.deployment import Deployment

PERMISSION = "AWS::Lambda::Permission"
POLICY_BYTES = 20_480
"""A function's resource policy may be this long."""
SENDS_ITS_ACCOUNT = {"lambda.alarms.cloudwatch.amazonaws.com", "logs.amazonaws.com"}
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html.
For EventBridge and API Gateway, AWS's pages condition on the source's ARN alone."""
GIVEN_NAMES = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Events::Rule": "Name",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SecretsManager::Secret": "Name",
}


def test_an_account_is_a_condition_only_where_the_service_is_documented_to_send_it(
    deployment: Deployment,
) -> None:
    for one in deployment.of(PERMISSION):
        assert ("SourceAccount" in one.properties) == (one["Principal"] in SENDS_ITS_ACCOUNT)
        assert ":<AccountId>:" in one["SourceArn"] or one["SourceArn"].endswith(".Arn")


def test_a_functions_policy_does_not_grow_with_its_routes(deployment: Deployment) -> None:
    """Half the limit is left, and a route more adds nothing: forty more do not either."""
    gateway = [one for one in deployment.of(PERMISSION) if "apigateway" in one["Principal"]]
    assert len(gateway) == len({route.function for route in ROUTES}) < len(ROUTES)
    sizes: dict[str, int] = {}
    for one in deployment.of(PERMISSION):
        written = len(json.dumps({**one.properties, "Sid": "x" * 100})) + 200
        sizes[one["FunctionName"]] = sizes.get(one["FunctionName"], 0) + written
    assert max(sizes.values()) < POLICY_BYTES / 2


def test_roles_have_no_name_or_one_that_holds_their_region(deployment: Deployment) -> None:
    named = {
        one["RoleName"] for one in deployment.of("AWS::IAM::Role") if "RoleName" in one.properties
    }
    physical = deployment.context.stage.physical
    roles = (*GROUPS, PIPELINE, *(ROLE.format(action=each) for each in ACTIONS.names))
    assert named == {f"{physical(role)}-<Region>" for role in roles}
    longest = max(len(f"tocsin-{stage}-{role}") for stage in STAGES for role in roles)
    assert longest + len("-ap-southeast-2") <= 64


def test_what_outlives_a_stack_does_not_outlive_a_first_try_that_failed(
    deployment: Deployment,
) -> None:
    policies = {one.raw.get("DeletionPolicy") for one in deployment.resources.values()}
    assert "Retain" not in policies
    kept = [
        one
        for one in deployment.resources.values()
        if one.raw.get("UpdateReplacePolicy") == "Retain"
    ]
    assert {one.raw["DeletionPolicy"] for one in kept} <= {"RetainExceptOnCreate"}
    assert bool(kept) == deployment.context.stage.keeps_data


def test_what_is_protected_against_deletion_is_made_when_nothing_else_can_fail(
    production: Deployment,
) -> None:
    """Rolling back cannot remove a protected table: the second try would find its name taken."""
    tables = production.of("AWS::DynamoDB::Table")
    stack = tables[0].name.split(".")[0]
    others = {
        name.split(".")[1]
        for name, one in production.resources.items()
        if name.startswith(f"{stack}.")
        and one.type in {"AWS::S3::Bucket", "AWS::SecretsManager::Secret"}
    }
    assert others
    for table in tables:
        assert table["DeletionProtectionEnabled"] is True
        assert others <= set(table.raw["DependsOn"])


@pytest.mark.parametrize("type_", GIVEN_NAMES)
def test_no_two_things_ask_for_one_name(deployment: Deployment, type_: str) -> None:
    names = [str(one.get(GIVEN_NAMES[type_])) for one in deployment.of(type_)]
    assert len(set(names)) == len(names)


def broken(deployment: Deployment, **change: Any) -> str:
    """The messaging stack with other properties for its topic of alarms."""
    (name,) = [one for one in deployment.templates if one.endswith("-messaging")]
    template = json.loads(json.dumps(deployment.templates[name]))
    topic = next(
        one
        for one in template["Resources"].values()
        if one["Type"] == "AWS::SNS::Topic" and one["Properties"]["TopicName"].endswith("-alarms")
    )
    topic["Properties"].update(change)
    return json.dumps(template)


def test_a_template_as_it_is_has_nothing_wrong_with_it(bare: Deployment) -> None:
    assert findings(broken(bare)) == []


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"Tpyo": "x"}, "E3002"),
        ({"TopicName": {"Ref": "Nothing"}}, "E1020"),
        ({"FifoTopic": "perhaps"}, "E3012"),
    ],
)
def test_what_cloudformation_would_refuse_is_found(
    bare: Deployment, change: dict[str, Any], rule: str
) -> None:
    assert rule in " ".join(findings(broken(bare, **change)))
