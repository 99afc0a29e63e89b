"""Tables, secrets and keys: shaped as the data model says, and hard to lose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infra.tables import TABLES, Table
from tests.infra.deployment import policy_statements
from tocsin.adapters.incidents import keys as incident_keys

if TYPE_CHECKING:
    from tests.infra.deployment import Deployment, Resource

TABLE = "AWS::DynamoDB::Table"
BUCKET = "AWS::S3::Bucket"
KEPT = (TABLE, BUCKET, "AWS::KMS::Key", "AWS::SecretsManager::Secret")


def table(deployment: Deployment, name: str) -> Resource:
    return deployment.one(TABLE, TableName=deployment.context.stage.physical(name))


def keys(schema: list[dict[str, Any]]) -> list[str]:
    return [one["AttributeName"] for one in schema]


def indexes(one: Resource) -> dict[str, dict[str, Any]]:
    return {index["IndexName"]: index for index in one.get("GlobalSecondaryIndexes", [])}


def test_there_are_four_tables(deployment: Deployment) -> None:
    names = {one["TableName"] for one in deployment.of(TABLE)}
    assert names == {
        deployment.context.stage.physical(name)
        for name in ("incidents", "billing-events", "billing-subscriptions", "operations")
    }


@pytest.mark.parametrize("spec", TABLES, ids=lambda spec: spec.name)
def test_a_table_is_keyed_encrypted_recoverable_and_forgets_by_ttl(
    deployment: Deployment, spec: Table
) -> None:
    one = table(deployment, spec.name)
    assert keys(one["KeySchema"]) == ["PK", "SK"]
    assert one["BillingMode"] == "PAY_PER_REQUEST"
    assert one["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert one["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert one["SSESpecification"]["SSEEnabled"] is True
    assert deployment.at(one["SSESpecification"]["KMSMasterKeyId"]).type == "AWS::KMS::Key"


def test_streams_carry_what_their_readers_need_and_operations_has_none(
    deployment: Deployment,
) -> None:
    streams = {
        spec.name: table(deployment, spec.name).get("StreamSpecification", {}).get("StreamViewType")
        for spec in TABLES
    }
    assert streams == {
        "incidents": "NEW_AND_OLD_IMAGES",
        "billing-events": "NEW_IMAGE",
        "billing-subscriptions": "NEW_AND_OLD_IMAGES",
        "operations": None,
    }


def test_the_due_index_holds_keys_only(deployment: Deployment) -> None:
    due = indexes(table(deployment, "incidents"))[incident_keys.DUE_INDEX]
    assert due["Projection"] == {"ProjectionType": "KEYS_ONLY"}
    assert keys(due["KeySchema"]) == ["due_pk", "due_sk"]


def test_the_board_is_an_index_with_what_one_line_shows(deployment: Deployment) -> None:
    board = indexes(table(deployment, "incidents"))[incident_keys.LIST_INDEX]
    assert keys(board["KeySchema"]) == ["list_pk", "list_sk"]
    assert board["Projection"]["ProjectionType"] == "INCLUDE"
    assert set(board["Projection"]["NonKeyAttributes"]) == set(incident_keys.LIST_INCLUDED)


def test_sort_keys_of_time_are_numbers_and_all_others_text(deployment: Deployment) -> None:
    for one in deployment.of(TABLE):
        types = {
            each["AttributeName"]: each["AttributeType"] for each in one["AttributeDefinitions"]
        }
        assert {name for name, kind in types.items() if kind == "N"} <= {"due_sk"}
        assert types.get("due_sk", "N") == "N"


def test_evidence_is_encrypted_with_our_key_never_public_and_keeps_every_version(
    deployment: Deployment,
) -> None:
    bucket = deployment.one(BUCKET)
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    key = rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"]
    assert key == table(deployment, "incidents")["SSESpecification"]["KMSMasterKeyId"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    (forget,) = bucket["LifecycleConfiguration"]["Rules"]
    assert forget["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    # Nothing that is still in place ever expires by itself.
    assert not {"ExpirationInDays", "ExpirationDate", "Transitions"} & set(forget)
    assert bucket.get("ObjectLockEnabled") is None


def test_evidence_is_reached_over_tls_alone(deployment: Deployment) -> None:
    policy = deployment.one("AWS::S3::BucketPolicy")
    refused = [one["Condition"] for one in policy_statements(policy) if one["Effect"] == "Deny"]
    assert {"Bool": {"aws:SecureTransport": "false"}} in refused
    assert {"NumericLessThan": {"s3:TlsVersion": 1.2}} in refused
    assert not [one for one in policy_statements(policy) if one["Effect"] == "Allow"]


def test_production_keeps_its_data_when_a_stack_goes(production: Deployment) -> None:
    for type_ in KEPT:
        for one in production.of(type_):
            assert one.raw["DeletionPolicy"] == "RetainExceptOnCreate", one.name
            assert one.raw["UpdateReplacePolicy"] == "Retain", one.name
    assert all(one["DeletionProtectionEnabled"] is True for one in production.of(TABLE))


def test_other_stages_leave_nothing_behind(local: Deployment, drill: Deployment) -> None:
    for deployment in (local, drill):
        for type_ in KEPT:
            assert {one.raw["DeletionPolicy"] for one in deployment.of(type_)} == {"Delete"}
        assert not any(one.get("DeletionProtectionEnabled") for one in deployment.of(TABLE))


def test_secrets_start_empty_and_are_encrypted_with_our_key(deployment: Deployment) -> None:
    stage = deployment.context.stage.name
    secrets = deployment.of("AWS::SecretsManager::Secret")
    assert {one["Name"] for one in secrets} == {
        f"tocsin/{stage}/webhook-registrations",
        f"tocsin/{stage}/provider-keys",
        f"tocsin/{stage}/delivery-keys",
    } | ({f"tocsin/{stage}/github-webhooks"} if deployment.context.github else set())
    for one in secrets:
        assert one["SecretString"] == "{}"
        assert deployment.at(one["KmsKeyId"]).type == "AWS::KMS::Key"


def test_everything_carries_the_stage_so_that_stages_share_an_account(
    deployment: Deployment,
) -> None:
    stage = deployment.context.stage.name
    named = ("TableName", "TopicName", "QueueName", "FunctionName", "LogGroupName", "AlarmName")
    for one in deployment.resources.values():
        for key in named:
            value = one.get(key)
            if isinstance(value, str) and not value.startswith("tocsin-" + stage + "-functions."):
                assert stage in value, one.name


def test_outputs_name_what_others_look_up(deployment: Deployment) -> None:
    found = {key for _, key, _ in deployment.outputs()}
    expected = {
        "ApiId",
        "ApiEndpoint",
        "AlarmTopicArn",
        "PagesTopicArn",
        "StakeholdersTopicArn",
        "OpsTopicArn",
        "TableIncidents",
        "TableBillingEvents",
        "TableBillingSubscriptions",
        "TableOperations",
        "BucketEvidence",
        "FunctionAlarmTriggerArn",
        "FunctionWebhookIngestArn",
        "FunctionBillingProjectorArn",
        "FunctionSlaCheckArn",
        "FunctionNotifierArn",
        "FunctionIncidentApiArn",
        "SecretRegistrations",
        "SecretProviderKeys",
        "QueueAlarmsUrl",
        "QueueDeadLettersUrl",
        "QueueRefetchUrl",
    }
    assert expected <= found
