"""Topics, queues and keys: who may send, who may read, and that nothing travels in the clear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from functions.security_trigger.intake import source_of
from infra.stacks.messaging import WORK_QUEUES
from tests.infra.deployment import ANOTHER_ACCOUNT, policy_statements

if TYPE_CHECKING:
    from tests.infra.deployment import Deployment, Resource

KEY_RIGHTS = {"kms:Decrypt", "kms:GenerateDataKey*"}


def topic(deployment: Deployment, name: str) -> Resource:
    return deployment.one("AWS::SNS::Topic", TopicName=deployment.context.stage.physical(name))


def queue(deployment: Deployment, name: str) -> Resource:
    return deployment.one("AWS::SQS::Queue", QueueName=deployment.context.stage.physical(name))


def policy_of(deployment: Deployment, target: Resource) -> list[dict[str, Any]]:
    """The statements that stand on a topic or queue."""
    key = {"AWS::SNS::Topic": "Topics", "AWS::SQS::Queue": "Queues"}[target.type]
    found = [one for one in deployment.of(f"{target.type}Policy") if target.name in one[key]]
    assert len(found) == 1, target.name
    return policy_statements(found[0])


def services_that_may_use(key: Resource) -> set[str]:
    return {
        service
        for statement in policy_statements(key, "KeyPolicy")
        if set(statement["Action"]) >= KEY_RIGHTS
        for service in statement.get("Services", [])
    }


@pytest.mark.parametrize("name", ["alarms", "pages", "stakeholders", "chat", "ops"])
def test_a_topic_refuses_to_be_published_to_in_the_clear(deployment: Deployment, name: str) -> None:
    denied = [
        one for one in policy_of(deployment, topic(deployment, name)) if one["Effect"] == "Deny"
    ]
    assert [one["Condition"] for one in denied] == [{"Bool": {"aws:SecureTransport": "false"}}]


def test_every_queue_is_encrypted_and_refuses_plain_http(deployment: Deployment) -> None:
    for one in deployment.of("AWS::SQS::Queue"):
        assert one.get("KmsMasterKeyId") or one.get("SqsManagedSseEnabled")
        denied = [each for each in policy_of(deployment, one) if each["Effect"] == "Deny"]
        assert [each["Condition"] for each in denied] == [
            {"Bool": {"aws:SecureTransport": "false"}}
        ]


def test_the_alarm_topic_has_a_key_of_ours_that_alarms_and_rules_may_use(
    deployment: Deployment,
) -> None:
    # Under the AWS-managed key of SNS, an alarm's message is dropped without a word.
    key = deployment.at(topic(deployment, "alarms")["KmsMasterKeyId"])
    assert key.type == "AWS::KMS::Key"
    assert services_that_may_use(key) == {
        "cloudwatch.amazonaws.com",
        "events.amazonaws.com",
        "sns.amazonaws.com",
    }


def _whose_alarms(deployment: Deployment) -> list[str]:
    return ["<AccountId>", *deployment.context.alarm_accounts]


def _listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]


def test_alarms_of_other_accounts_may_publish_where_the_stage_names_those(
    bare: Deployment, drill: Deployment
) -> None:
    """Topic and key alike, as "Amazon SNS and alarms" of CloudWatch's guide asks."""
    assert _whose_alarms(bare) == ["<AccountId>"]
    assert _whose_alarms(drill) == ["<AccountId>", ANOTHER_ACCOUNT]


def test_alarms_of_this_account_may_publish_to_the_alarm_topic(deployment: Deployment) -> None:
    allowed = {
        one["Services"][0]: one
        for one in policy_of(deployment, topic(deployment, "alarms"))
        if one["Effect"] == "Allow"
    }
    assert set(allowed) == {"cloudwatch.amazonaws.com", "events.amazonaws.com"}
    condition = allowed["cloudwatch.amazonaws.com"]["Condition"]
    accounts = _whose_alarms(deployment)
    assert _listed(condition["StringEquals"]["aws:SourceAccount"]) == accounts
    alarms = _listed(condition["ArnLike"]["aws:SourceArn"])
    assert alarms == [
        f"arn:<Partition>:cloudwatch:<Region>:{account}:alarm:*" for account in accounts
    ]
    rules = allowed["events.amazonaws.com"]["Condition"]["ArnLike"]["aws:SourceArn"]
    assert rules.endswith(":<AccountId>:rule/*")


def test_one_key_is_paid_for_and_the_path_that_reports_it_broken_has_none(
    deployment: Deployment,
) -> None:
    (key,) = deployment.of("AWS::KMS::Key")
    for name in ("alarms", "pages", "stakeholders", "chat"):
        assert topic(deployment, name)["KmsMasterKeyId"] == key.arn
    assert topic(deployment, "ops").get("KmsMasterKeyId") is None


def test_who_does_not_say_for_whom_it_uses_the_key_may_use_it_for_alarms_alone(
    deployment: Deployment,
) -> None:
    (key,) = deployment.of("AWS::KMS::Key")
    conditions = {
        service: one["Condition"]["StringEquals"]
        for one in policy_statements(key, "KeyPolicy")
        for service in one.get("Services", ())
        if not one.get("Sid", "").endswith("ForQueue")
    }
    # EventBridge sends no source account with a key; SNS's encryption context is documented:
    # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    events = conditions.pop("events.amazonaws.com")
    name = deployment.context.stage.physical("alarms")
    arn = f"arn:<Partition>:sns:<Region>:<AccountId>:{name}"
    assert events == {"kms:EncryptionContext:aws:sns:topicArn": arn}
    cloudwatch = conditions.pop("cloudwatch.amazonaws.com")["aws:SourceAccount"]
    assert _listed(cloudwatch) == _whose_alarms(deployment)
    assert set(map(str, conditions.values())) == {str({"aws:SourceAccount": "<AccountId>"})}


def test_rules_may_write_encrypted_queues_and_only_those_that_they_write(
    deployment: Deployment,
) -> None:
    """Targets and dead letters, as "Using dead-letter queues" of EventBridge's guide asks.

    The encryption context of a queue is its ARN, docs.aws.amazon.com: "SQS key management".
    """
    (key,) = deployment.of("AWS::KMS::Key")
    allowed = {
        arn
        for one in policy_statements(key, "KeyPolicy")
        if one.get("Sid", "").endswith("ForQueue")
        for arn in one["Condition"]["StringEquals"]["kms:EncryptionContext:aws:sqs:arn"]
    }
    written = {
        end
        for rule in deployment.of("AWS::Events::Rule")
        for target in rule["Targets"]
        for end in (target["Arn"], target.get("DeadLetterConfig", {}).get("Arn"))
        if end is not None
    }
    mine = {
        queue(deployment, name).arn: f"arn:<Partition>:sqs:<Region>:<AccountId>:{physical}"
        for name in ("signals", "dead-letters")
        for physical in [deployment.context.stage.physical(name)]
    }
    assert allowed == {mine[end] for end in written if end in mine}


def test_findings_come_to_their_queue_and_nowhere_else(deployment: Deployment) -> None:
    if not deployment.context.findings:
        return
    name = deployment.context.stage.physical
    (sender,) = [
        one
        for one in policy_of(deployment, queue(deployment, "signals"))
        if one.get("Services") == ["events.amazonaws.com"]
    ]
    rule = f"arn:<Partition>:events:<Region>:<AccountId>:rule/{name('findings')}"
    assert sender["Condition"] == {"ArnEquals": {"aws:SourceArn": rule}}
    made = deployment.one("AWS::Events::Rule", Name=name("findings"))
    assert made["EventPattern"]["source"] == [
        name
        for service in ("guardduty", "securityhub")
        for name in (f"aws.{service}", f"tocsin.drill.{service}")
        if name.startswith("aws.") or deployment.context.stage.name != "production"
    ]
    assert {source_of({"source": one}) for one in made["EventPattern"]["source"]} == {
        "guardduty",
        "security_hub",
    }
    assert [target["Arn"] for target in made["Targets"]] == [queue(deployment, "signals").arn]


def test_a_stage_that_takes_no_findings_asks_no_queue_and_keeps_no_secret_for_them(
    bare: Deployment,
) -> None:
    mapped = {
        bare.at(one["EventSourceArn"]).name for one in bare.of("AWS::Lambda::EventSourceMapping")
    }
    assert queue(bare, "signals").name not in mapped
    assert not any("github" in one["Name"] for one in bare.of("AWS::SecretsManager::Secret"))
    assert not any("findings" in str(one.get("Name")) for one in bare.of("AWS::Events::Rule"))


def test_nobody_but_a_role_can_publish_a_page(deployment: Deployment) -> None:
    for name in ("pages", "stakeholders"):
        statements = policy_of(deployment, topic(deployment, name))
        assert {one["Effect"] for one in statements} == {"Deny"}


def test_i10_an_alarm_reaches_the_queue_or_its_dead_letter_queue(deployment: Deployment) -> None:
    alarms = topic(deployment, "alarms")
    subscription = deployment.one("AWS::SNS::Subscription", TopicArn=alarms.name)
    assert subscription["Protocol"] == "sqs"
    assert subscription["RawMessageDelivery"] is False
    targets = (subscription["Endpoint"], subscription["RedrivePolicy"]["deadLetterTargetArn"])
    assert targets == (queue(deployment, "alarms").arn, queue(deployment, "dead-letters").arn)
    for arn in targets:
        senders = [
            one
            for one in policy_of(deployment, deployment.at(arn))
            if one.get("Services") == ["sns.amazonaws.com"]
        ]
        assert [one["Action"] for one in senders] == [["sqs:SendMessage"]]
        assert senders[0]["Condition"] == {"ArnEquals": {"aws:SourceArn": alarms.name}}


@pytest.mark.parametrize(
    ("name", "receives"), [("alarms", 40), *((name, 5) for name, _ in WORK_QUEUES[1:])]
)
def test_i10_a_work_queue_gives_up_into_a_queue_that_keeps_it_two_weeks(
    deployment: Deployment, name: str, receives: int
) -> None:
    work, dead = queue(deployment, name), queue(deployment, "dead-letters")
    assert work["RedrivePolicy"]["deadLetterTargetArn"] == dead.arn
    assert work["RedrivePolicy"]["maxReceiveCount"] == receives
    assert dead["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_keys_rotate_and_no_key_policy_lets_another_account_in(deployment: Deployment) -> None:
    for key in deployment.of("AWS::KMS::Key"):
        assert key["EnableKeyRotation"] is True
        for statement in policy_statements(key, "KeyPolicy"):
            if "Services" not in statement:
                root = "arn:<Partition>:iam::<AccountId>:root"
                assert statement["Principal"] == {"AWS": root}


def test_an_inbox_stands_in_for_people_on_the_local_stage_only(
    local: Deployment, drill: Deployment, production: Deployment
) -> None:
    inbox = queue(local, "inbox")
    fed_by = {
        one["TopicArn"]
        for one in local.of("AWS::SNS::Subscription")
        if one["Endpoint"] == inbox.arn
    }
    assert fed_by == {topic(local, name).name for name in ("pages", "stakeholders", "chat")}
    for deployment in (drill, production):
        names = {one["QueueName"] for one in deployment.of("AWS::SQS::Queue")}
        assert deployment.context.stage.physical("inbox") not in names
        kinds = sorted(one["Protocol"] for one in deployment.of("AWS::SNS::Subscription"))
        assert kinds == ["email", "sqs"]
