"""I12: each function can do only what its own file says, and needs nothing more to run.

The local cloud shows that a missing right is denied; these rules show that the template grants
what the files say and no more, also for rights that the emulator does not check.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from infra.catalogue import FUNCTIONS
from infra.stacks.api import GROUPS, PIPELINE
from infra.statements import own_logs
from tests.infra.deployment import allows, statements
from tocsin.incidents.vocabulary import Group

if TYPE_CHECKING:
    from infra.statements import Statement
    from tests.infra.deployment import Deployment, Resource

EXACT_ACTION = re.compile(r"[a-z0-9-]+:[A-Za-z]+")
WITHOUT_RESOURCE = {"cloudwatch:GetMetricData"}
"""Actions that know no resource, the only ones granted on `*`. X-Ray's are, where it is on."""


def declared(name: str) -> tuple[Statement, ...]:
    return FUNCTIONS[name].statements


@pytest.mark.parametrize("name", FUNCTIONS)
def test_i12_a_role_holds_the_statements_of_its_file_and_no_others(
    production: Deployment, name: str
) -> None:
    role = production.role_of(production.function(name))
    granted = {one["Sid"]: (set(one["Action"]), len(one["Resource"])) for one in statements(role)}
    expected = {
        one.sid: (set(one.actions), len(one.resources)) for one in (*declared(name), own_logs(name))
    }
    assert granted == expected
    assert not role.get("ManagedPolicyArns")


def test_i12_nothing_adds_rights_to_a_role_from_outside(deployment: Deployment) -> None:
    assert not deployment.of("AWS::IAM::Policy")
    assert not deployment.of("AWS::IAM::ManagedPolicy")


def test_i12_every_right_is_an_exact_action(deployment: Deployment) -> None:
    for role in deployment.of("AWS::IAM::Role"):
        for statement in statements(role):
            assert not [one for one in statement["Action"] if not EXACT_ACTION.fullmatch(one)]


def test_i12_only_actions_without_resources_are_granted_on_everything(
    deployment: Deployment,
) -> None:
    for role in deployment.of("AWS::IAM::Role"):
        for statement in statements(role):
            if "*" in statement["Resource"]:
                assert set(statement["Action"]) <= WITHOUT_RESOURCE


def test_i12_a_partial_wildcard_stands_only_where_a_name_cannot_be_known(
    deployment: Deployment,
) -> None:
    stage = deployment.context.stage
    known = re.compile(
        r"not:arn:<Partition>:sns:\*:\*:\*|"  # a telephone is no topic, and has no name
        rf".*:dynamodb:.*:table/tocsin-{stage.name}-[a-z-]+/stream/\*"
        rf"|arn:<Partition>:s3:::tocsin-{stage.name}-evidence-<AccountId>-<Region>/\*"
        r"|arn:<Partition>:ses:<Region>:<AccountId>:(identity|configuration-set)/\*"
        r"|.*:execute-api:.*/\*/((\*|GET)/v1/\*|GET/v1/freeze)"
        r"|arn:<Partition>:codepipeline:<Region>:<AccountId>:\*"  # those that are tagged
        # Of containment's roles alone, and to change only what is tagged: test_containment_roles.
        r"|arn:<Partition>:iam::<AccountId>:(user|role)/\*"
        r"|arn:<Partition>:lambda:\*:<AccountId>:function:\*"
        r"|arn:<Partition>:wafv2:\*:<AccountId>:regional/ipset/\*/\*"
        r"|arn:<Partition>:wafv2:us-east-1:<AccountId>:global/ipset/\*/\*"
        r"|\*"
    )
    for role in deployment.of("AWS::IAM::Role"):
        for statement in statements(role):
            wild = [one for one in statement["Resource"] if "*" in one]
            assert not [one for one in wild if not known.fullmatch(one)]


def test_i12_mail_leaves_from_one_address_to_whomever_ses_lets_it(deployment: Deployment) -> None:
    """On all identities, for recipients are some in the sandbox: the condition is what bounds it.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsesv2.html
    """
    role = deployment.role_of(deployment.function("notifier"))
    (mail,) = [one for one in statements(role) if one["Action"] == ["ses:SendEmail"]]
    assert mail["Condition"] == {"StringEquals": {"ses:FromAddress": deployment.context.mail_from}}
    assert [one.rpartition(":")[2] for one in mail["Resource"]] == [
        "identity/*",
        "configuration-set/*",
    ]


def test_i12_a_statement_points_at_resources_of_its_own_kind(deployment: Deployment) -> None:
    kinds = {
        "AWS::DynamoDB::Table": "dynamodb",
        "AWS::KMS::Key": "kms",
        "AWS::Lambda::Function": "lambda",
        "AWS::Logs::LogGroup": "logs",
        "AWS::S3::Bucket": "s3",
        "AWS::SNS::Topic": "sns",
        "AWS::SQS::Queue": "sqs",
    }
    for function in deployment.of("AWS::Lambda::Function"):
        for statement in statements(deployment.role_of(function)):
            services = {action.split(":")[0] for action in statement["Action"]}
            for resource in statement["Resource"]:
                if resource.startswith("tocsin-"):
                    assert services == {kinds[deployment.at(resource).type]}
                elif statement["Action"] == ["sts:AssumeRole"]:
                    assert resource.startswith("arn:<Partition>:iam::<AccountId>:role/tocsin-")
                elif resource != "*":
                    assert services == {resource.removeprefix("not:").split(":")[2]}


def test_i12_a_function_writes_to_its_own_log_and_no_other(deployment: Deployment) -> None:
    for function in deployment.of("AWS::Lambda::Function"):
        own = deployment.at(function["LoggingConfig"]["LogGroup"]).arn
        role = deployment.role_of(function)
        found = [one for one in statements(role) if one["Action"][0].startswith("logs:")]
        assert [one["Resource"] for one in found] == [[own]]
        assert set(found[0]["Action"]) == {"logs:CreateLogStream", "logs:PutLogEvents"}


def test_i12_keys_are_used_through_one_service_and_never_by_hand(deployment: Deployment) -> None:
    for function in deployment.of("AWS::Lambda::Function"):
        for statement in statements(deployment.role_of(function)):
            if any(action.startswith("kms:") for action in statement["Action"]):
                via = statement["Condition"]["StringEquals"]["kms:ViaService"]
                assert re.fullmatch(
                    r"(dynamodb|s3|secretsmanager|sns|sqs)\.<Region>\.amazonaws\.com", via
                )


def test_i12_whoever_uses_an_encrypted_thing_may_use_its_key(deployment: Deployment) -> None:
    """A right on a table, queue, topic or secret without its key is no right at all."""
    data_key = deployment.at(
        deployment.of("AWS::DynamoDB::Table")[0]["SSESpecification"]["KMSMasterKeyId"]
    )
    for function in deployment.of("AWS::Lambda::Function"):
        role = deployment.role_of(function)
        for statement in statements(role):
            if statement["Action"] == ["sqs:GetQueueAttributes"]:
                continue  # how many there are is no secret, and needs no key
            for resource in statement["Resource"]:
                for service, key in _key_of(deployment, resource, data_key):
                    assert _may_use(role, key, service), (function["FunctionName"], resource)


def test_i12_the_internet_facing_function_can_add_events_and_read_one_secret_only(
    deployment: Deployment,
) -> None:
    role = deployment.role_of(deployment.function("webhook_ingest"))
    rights = {
        action
        for statement in statements(role)
        for action in statement["Action"]
        if not action.startswith(("kms:", "logs:", "xray:"))
    }
    assert rights == {"dynamodb:PutItem", "secretsmanager:GetSecretValue"}


def test_i12_who_takes_deliveries_can_queue_them_and_write_down_deployments_only(
    deployment: Deployment,
) -> None:
    role = deployment.role_of(deployment.function("github_ingest"))
    rights = {
        action: one["Resource"]
        for one in statements(role)
        for action in one["Action"]
        if not action.startswith(("kms:", "logs:", "xray:"))
    }
    assert set(rights) == {
        *("sqs:SendMessage", "secretsmanager:GetSecretValue"),
        *("dynamodb:PutItem", "lambda:InvokeFunction"),
    }
    (put,) = (one for one in statements(role) if one["Action"] == ["dynamodb:PutItem"])
    assert put["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": "WAIT#*"}}
    assert [one.rpartition(":")[2] for one in rights["lambda:InvokeFunction"]] == [
        deployment.function("deployment_gate")["FunctionName"]
    ]
    assert len(rights["sqs:SendMessage"]) == 1
    assert "github-webhooks-??????" in str(rights["secretsmanager:GetSecretValue"])


def test_i12_only_the_notifier_can_speak_to_people(deployment: Deployment) -> None:
    speakers = {
        function["FunctionName"]
        for function in deployment.of("AWS::Lambda::Function")
        for statement in statements(deployment.role_of(function))
        if "sns:Publish" in statement["Action"]
    }
    speakers.remove(deployment.function("attention")["FunctionName"])  # to operations: see below
    assert speakers == {deployment.function("notifier")["FunctionName"]}


def test_i12_who_reads_of_trouble_can_tell_operations_and_change_nothing(
    deployment: Deployment,
) -> None:
    role = deployment.role_of(deployment.function("attention"))
    ops = deployment.one("AWS::SNS::Topic", TopicName=deployment.context.stage.physical("ops"))
    rights = {
        action: one["Resource"]
        for one in statements(role)
        for action in one["Action"]
        if not action.startswith(("kms:", "logs:"))
    }
    dead = deployment.one(
        "AWS::SQS::Queue", QueueName=deployment.context.stage.physical("dead-letters")
    )
    assert rights == {
        "sns:Publish": [ops.name],
        "cloudwatch:GetMetricData": ["*"],
        "sqs:ReceiveMessage": [dead.arn],
        "sqs:SendMessage": [dead.arn],
    }


def test_i12_a_right_on_everything_but_something_is_the_telephones_alone(
    deployment: Deployment,
) -> None:
    wide = [
        (function["FunctionName"], statement["Sid"])
        for function in deployment.of("AWS::Lambda::Function")
        for statement in statements(deployment.role_of(function))
        if "NotResource" in statement
    ]
    assert wide == [(deployment.function("notifier")["FunctionName"], "TextTelephones")]


def test_i12_who_acts_by_a_link_can_write_incidents_beats_and_reports_and_nothing_else(
    deployment: Deployment,
) -> None:
    role = deployment.role_of(deployment.function("public_intake"))
    rights = {
        (one["Sid"], action)
        for one in statements(role)
        for action in one["Action"]
        if not action.startswith(("kms:", "logs:", "xray:", "ssm:"))
    }
    assert rights == {
        ("ActOnIncidents", "dynamodb:GetItem"),
        ("ActOnIncidents", "dynamodb:PutItem"),
        ("ActOnIncidents", "dynamodb:Query"),
        ("PutDownHeartbeats", "dynamodb:PutItem"),
        ("PutDownReports", "dynamodb:PutItem"),
        ("PutDownReports", "dynamodb:UpdateItem"),
        ("ReadLinksAndRotations", "dynamodb:GetItem"),
        ("ReadLinksAndRotations", "dynamodb:Query"),
        ("ReadDeliveryKeys", "secretsmanager:GetSecretValue"),
    }
    partitions = {"PutDownHeartbeats": "HEARTBEATS", "PutDownReports": "REPORTS"}
    for one in statements(role):
        if (partition := partitions.pop(one["Sid"], None)) is not None:
            keys = {"dynamodb:LeadingKeys": partition}
            assert one["Condition"] == {"ForAllValues:StringEquals": keys}
    assert partitions == {}


def test_i12_no_function_can_delete_or_scan_what_is_stored(deployment: Deployment) -> None:
    forbidden = {
        "dynamodb:DeleteItem",
        "dynamodb:BatchWriteItem",
        "dynamodb:Scan",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
    }
    for function in deployment.of("AWS::Lambda::Function"):
        for statement in statements(deployment.role_of(function)):
            assert not forbidden & set(statement["Action"])


@pytest.mark.parametrize("name", ["sla_check"])
def test_a_schedule_acts_as_a_role_that_can_only_start_its_function(
    deployment: Deployment, name: str
) -> None:
    physical = deployment.context.stage.physical(FUNCTIONS[name].dashed)
    schedule = deployment.one("AWS::Scheduler::Schedule", Name=physical)
    role = deployment.at(schedule["Target"]["RoleArn"])
    function = deployment.function(name).arn
    assert schedule["Target"]["Arn"] == function
    assert [(one["Action"], one["Resource"]) for one in statements(role)] == [
        (["lambda:InvokeFunction"], [function])
    ]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": "<AccountId>"}
    group = deployment.one("AWS::Scheduler::ScheduleGroup")
    assert trust["Condition"]["ArnEquals"] == {"aws:SourceArn": group.arn}


@pytest.mark.parametrize("group", Group)
def test_people_act_in_the_role_of_their_group_under_their_own_name_where_people_are_paged(
    production: Deployment, drill: Deployment, local: Deployment, group: Group
) -> None:
    own_name = {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}
    methods = "GET" if group is Group.VIEWER else "*"
    for deployment, condition in ((production, own_name), (drill, own_name), (local, None)):
        name = f"{deployment.context.stage.physical(group)}-<Region>"
        role = deployment.one("AWS::IAM::Role", RoleName=name)
        (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert trust.get("Condition") == condition
        (statement,) = statements(role)
        assert statement["Action"] == ["execute-api:Invoke"]
        (resource,) = statement["Resource"]
        assert resource.endswith(f"/*/{methods}/v1/*")


def test_a_pipeline_may_ask_whether_deployments_are_frozen_and_nothing_else(
    production: Deployment, drill: Deployment, local: Deployment
) -> None:
    for deployment in (production, drill, local):
        name = f"{deployment.context.stage.physical(PIPELINE)}-<Region>"
        role = deployment.one("AWS::IAM::Role", RoleName=name)
        (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Action"] == "sts:AssumeRole"
        assert ":root" in str(trust["Principal"]["AWS"]), "this account's policies say who"
        (statement,) = statements(role)
        assert statement["Action"] == ["execute-api:Invoke"]
        (resource,) = statement["Resource"]
        assert resource.endswith("/*/GET/v1/freeze")
        assert "ManagedPolicyArns" not in role.properties


def test_no_role_is_named_like_a_group_that_does_not_exist() -> None:
    assert set(GROUPS) == set(Group)


def _key_of(deployment: Deployment, resource: str, data_key: Resource) -> list[tuple[str, str]]:
    """The service and the key's ARN that stand between a role and the resource, if encrypted."""
    if ":secretsmanager:" in resource:
        return [("secretsmanager", data_key.arn)]
    if ":s3:::" in resource:
        return [("s3", data_key.arn)]
    if not resource.startswith("tocsin-"):
        return []
    target = deployment.at(resource)
    if target.type == "AWS::DynamoDB::Table":
        return [("dynamodb", target["SSESpecification"]["KMSMasterKeyId"])]
    if target.type in {"AWS::SQS::Queue", "AWS::SNS::Topic"} and target.get("KmsMasterKeyId"):
        service = target.type.split("::")[1].lower()
        return [(service, target["KmsMasterKeyId"])]
    return []


def _may_use(role: Resource, key: str, service: str) -> bool:
    via = f"{service}.<Region>.amazonaws.com"
    return allows(role, "kms:Decrypt", key) and any(
        key in one["Resource"] and one["Condition"]["StringEquals"]["kms:ViaService"] == via
        for one in statements(role)
        if "kms:Decrypt" in one["Action"]
    )
