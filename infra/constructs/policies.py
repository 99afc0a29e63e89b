"""Who may use a topic, queue or key besides the functions: services, each with its source.

A service that may publish without a condition would do so on behalf of anybody's account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_sns as sns
    from aws_cdk import aws_sqs as sqs


def let_services_use(
    key: kms.Key,
    *services: str,
    for_topic: str = "",
    for_queues: Sequence[str] = (),
    for_accounts: Sequence[str] = (),
) -> None:
    """Lets services read and write what `key` encrypts, for this account and `for_accounts` only.

    Those that do not say for whom they act may use it `for_topic` or `for_queues` alone.
    """
    own = cdk.Stack.of(key).account
    condition: dict[str, str | list[str]] = {"aws:SourceAccount": _one_or_all(own, *for_accounts)}
    if for_topic:
        condition = {"kms:EncryptionContext:aws:sns:topicArn": for_topic}
    elif for_queues:
        condition = {"kms:EncryptionContext:aws:sqs:arn": list(for_queues)}
    key.add_to_resource_policy(
        iam.PolicyStatement(
            sid="".join(f"Let{service.capitalize()}" for service in services)
            + "ForQueue" * bool(for_queues),
            principals=[_service(service) for service in services],
            actions=["kms:Decrypt", "kms:GenerateDataKey*"],
            resources=["*"],
            conditions={"StringEquals": condition},
        )
    )


def let_alarms_publish(topic: sns.Topic, *, also_of: Sequence[str] = ()) -> None:
    """Lets the CloudWatch alarms of this account publish, and those of the accounts `also_of`."""
    stack = cdk.Stack.of(topic)
    accounts = (stack.account, *also_of)
    alarms = (
        stack.format_arn(
            service="cloudwatch",
            account=account,
            resource="alarm",
            resource_name="*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        for account in accounts
    )
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            sid="LetAlarmsPublish",
            principals=[_service("cloudwatch")],
            actions=["sns:Publish"],
            resources=[topic.topic_arn],
            conditions={
                "StringEquals": {"aws:SourceAccount": _one_or_all(*accounts)},
                "ArnLike": {"aws:SourceArn": _one_or_all(*alarms)},
            },
        )
    )


def let_rules_publish(topic: sns.Topic) -> None:
    """Lets this account's EventBridge rules publish."""
    rules = cdk.Stack.of(topic).format_arn(service="events", resource="rule", resource_name="*")
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            sid="LetRulesPublish",
            principals=[_service("events")],
            actions=["sns:Publish"],
            resources=[topic.topic_arn],
            conditions={"ArnLike": {"aws:SourceArn": rules}},
        )
    )


def let_rules_send(queue: sqs.Queue, *rules: str) -> None:
    """Lets the EventBridge rules of these names leave in `queue` what they could not deliver."""
    stack = cdk.Stack.of(queue)
    _let_send(
        queue,
        "LetRulesSend",
        "events",
        *(
            stack.format_arn(service="events", resource="rule", resource_name=each)
            for each in rules
        ),
    )


def let_topic_send(queue: sqs.Queue, *, sid: str, topic: sns.Topic) -> None:
    """Lets `topic` deliver to `queue`."""
    _let_send(queue, sid, "sns", topic.topic_arn)


def _let_send(queue: sqs.Queue, sid: str, service: str, *sources: str) -> None:
    queue.add_to_resource_policy(
        iam.PolicyStatement(
            sid=sid,
            principals=[_service(service)],
            actions=["sqs:SendMessage"],
            resources=[queue.queue_arn],
            conditions={"ArnEquals": {"aws:SourceArn": _one_or_all(*sources)}},
        )
    )


def _one_or_all(*values: str) -> str | list[str]:
    """As policies have it: a list only where there are several."""
    return values[0] if len(values) == 1 else list(values)


def _service(name: str) -> iam.IPrincipal:
    return cast("iam.IPrincipal", iam.ServicePrincipal(f"{name}.amazonaws.com"))
