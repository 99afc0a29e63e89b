"""Closes the gap between what a template says and what the emulator takes from it, and says so.

MiniStack 1.5.33 drops some properties in silence and refuses some resource types, which fails the
whole stack. Dropped properties are applied again by API after the deployment; refused types are
left out before it, and so are refusals of plain http, which is all the loopback endpoint speaks.
Every such step is a `Note` that `tocsin local up` prints: what is not printed here is what the
emulator did by itself, and what is printed as skipped was not tested locally.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tocsin.local.errors import TemplateUnsupported
from tocsin.local.stage.references import References, mentioned

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.local.look.clients import Clients
    from tocsin.local.stage.assembly import Template

_REFUSED = (
    "AWS::Budgets::Budget",
    "AWS::CloudWatch::AnomalyDetector",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentConfig",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::Events::Archive",
    "AWS::IAM::AccessKey",
    "AWS::Logs::QueryDefinition",
    "AWS::SecretsManager::RotationSchedule",
    "AWS::WAFv2::IPSet",
    "AWS::WAFv2::WebACLAssociation",
)


_POLICIES = ("AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy")

_TAGGED = "aws:ResourceTag/tocsin:containable"
_ASKED_FOR = {"lambda:GetAlias": "lambda:ListAliases"}
"""What the emulator asks for a call where AWS asks for the call's own name."""
_ON_EVERYTHING = frozenset({"iam:GetAccessKeyLastUsed", "wafv2:GetIPSet", "wafv2:UpdateIPSet"})
"""Calls that the emulator checks on `*`, whatever they name."""

_PLAIN_HTTP = {"Bool": {"aws:SecureTransport": "false"}}
_NOBODY = {"StringEquals": {"aws:userid": "nobody"}}


@dataclass(frozen=True, slots=True)
class Note:
    """One step of the gap layer. `kind` is re-applied, skipped or limit."""

    kind: str
    what: str
    resource: str


LIMITS = (
    Note("limit", "EMF log lines and metric filters give no metrics", "CloudWatch"),
    Note("limit", "alarms ignore dimensions and missing data: set their state", "CloudWatch"),
    Note("limit", "an alarm action that names a function never fires", "CloudWatch"),
    Note("limit", "event sources and schedules act without their permissions", "Lambda"),
    Note("limit", "no right is refused or given for the key of an item", "DynamoDB"),
    Note("limit", "no credentials for services: no access key can be turned off", "IAM"),
    Note("limit", "streams ignore partial failures and retry limits", "Lambda"),
    Note("limit", "what time to live deletes leaves no record on a stream", "DynamoDB"),
    Note("limit", "mail and SMS subscriptions go nowhere: read the inbox", "SNS"),
)


def acceptable(template: Template) -> tuple[Template, list[Note]]:
    """The template less what cannot work here.

    Raises:
        TemplateUnsupported: something that stays refers to something that goes.
    """
    kept = copy.deepcopy(template)
    resources: dict[str, Any] = kept.get("Resources", {})
    refused = {name: why for name, one in resources.items() if (why := _refusal(one))}
    notes = [Note("skipped", why, name) for name, why in sorted(refused.items())]
    gone = set(refused)
    for name, one in resources.items():
        if one.get("Type") in _POLICIES and _let_plain_http_in(one):
            notes.append(Note("skipped", "refusal of plain http, which loopback speaks", name))
        if one.get("Type") == "AWS::IAM::Role" and _let_containment_act(one):
            notes.append(
                Note(
                    "skipped",
                    "tag and name of a list of the firewall, checked on no right here",
                    name,
                )
            )
        if one.get("Type") == "AWS::IAM::Role" and _let_mail_out(one):
            notes.append(
                Note(
                    "skipped", "identity and sender of ses:SendEmail, checked on neither here", name
                )
            )
    for name in gone:
        del resources[name]
    for one in resources.values():
        if "DependsOn" in one:
            needed = [one["DependsOn"]] if isinstance(one["DependsOn"], str) else one["DependsOn"]
            one["DependsOn"] = [name for name in needed if name not in gone]
    if missed := mentioned([resources, kept.get("Outputs", {})]) & gone:
        raise TemplateUnsupported(
            f"the local cloud refuses {', '.join(sorted(missed))}, which the template refers to"
        )
    return kept, notes


def reapply(clients: Clients, template: Template, references: References) -> list[Note]:
    """Applies again what CloudFormation dropped, where it is not in force already."""
    notes = []
    for logical, resource in template.get("Resources", {}).items():
        properties: Mapping[str, Any] = resource.get("Properties", {})
        for kind, name, what, apply in _REAPPLIED:
            wanted = properties.get(name)
            if resource["Type"] != kind or wanted is None or logical not in references.resources:
                continue
            physical = references.resources[logical]
            if apply(clients, physical, wanted, references):
                notes.append(Note("re-applied", what, physical))
    return notes


def exports(clients: Clients) -> Mapping[str, str]:
    """Every export of every stack, by name."""
    pages = clients.cloudformation.get_paginator("list_exports").paginate()
    return {one["Name"]: one["Value"] for page in pages for one in page["Exports"]}


def _refusal(resource: Mapping[str, Any]) -> str | None:
    """What the emulator refuses this resource for, if it does."""
    kind = str(resource["Type"])
    if kind == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]:
        return "alarm on metric math"
    return kind if kind in _REFUSED else None


def _let_plain_http_in(policy: Mapping[str, Any]) -> bool:
    """Disarms the statements that demand TLS; True if there were any.

    They stay, matching nobody: a topic without a policy would fall back to one that lets
    everybody publish, which hides a missing right.
    """
    found = [
        one
        for one in policy["Properties"]["PolicyDocument"]["Statement"]
        if one["Effect"] == "Deny" and one.get("Condition") == _PLAIN_HTTP
    ]
    for one in found:
        one["Condition"] = _NOBODY
    return bool(found)


def _let_mail_out(role: Mapping[str, Any]) -> bool:
    """Widens the right to send mail, which the emulator checks on no identity; True if any.

    Nor does it know who a mail is from, so that a condition on the sender would refuse all mail.
    """
    found = [
        statement
        for policy in role["Properties"].get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == "ses:SendEmail"
    ]
    for statement in found:
        statement["Resource"] = "*"
        statement.pop("Condition", None)
    return bool(found)


def _let_containment_act(role: Mapping[str, Any]) -> bool:
    """The rights of a role of containment in the words in which the emulator asks for them.

    Actions stay apart, none gains another's. True if resource and tag were given up for it.
    """
    statements = [
        statement
        for policy in role["Properties"].get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    if not any(_TAGGED in one.get("Condition", {}).get("StringEquals", {}) for one in statements):
        return False
    found = False
    for one in statements:
        actions = [one["Action"]] if isinstance(one["Action"], str) else one["Action"]
        one["Action"] = [_ASKED_FOR.get(action, action) for action in actions]
        if _ON_EVERYTHING.intersection(actions):
            one["Resource"] = "*"
            found = one.pop("Condition", None) is not None or found
    return found


# Each of these returns True when it changed something.


def _time_to_live(clients: Clients, table: str, wanted: Any, _: References) -> bool:
    found = clients.dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    if found.get("TimeToLiveStatus") == "ENABLED" or not wanted["Enabled"]:
        return False
    clients.dynamodb.update_time_to_live(
        TableName=table,
        TimeToLiveSpecification={"Enabled": True, "AttributeName": wanted["AttributeName"]},
    )
    return True


def _point_in_time_recovery(clients: Clients, table: str, wanted: Any, _: References) -> bool:
    found = clients.dynamodb.describe_continuous_backups(TableName=table)
    recovery = found["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    on = wanted["PointInTimeRecoveryEnabled"]
    if (recovery.get("PointInTimeRecoveryStatus") == "ENABLED") == on:
        return False
    clients.dynamodb.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": on}
    )
    return True


def _table_encryption(clients: Clients, table: str, wanted: Any, references: References) -> bool:
    found = clients.dynamodb.describe_table(TableName=table)["Table"].get("SSEDescription", {})
    key = references.resolve(wanted.get("KMSMasterKeyId", "alias/aws/dynamodb"))
    if found.get("KMSMasterKeyArn") == key or not wanted["SSEEnabled"]:
        return False
    clients.dynamodb.update_table(
        TableName=table,
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
    )
    return True


def _topic_encryption(clients: Clients, topic: str, wanted: Any, references: References) -> bool:
    found = clients.sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    key = references.resolve(wanted)
    if found.get("KmsMasterKeyId") == key:
        return False
    clients.sns.set_topic_attributes(
        TopicArn=topic, AttributeName="KmsMasterKeyId", AttributeValue=key
    )
    return True


def _object_lock(clients: Clients, bucket: str, wanted: Any, _: References) -> bool:
    try:
        found = clients.s3.get_object_lock_configuration(Bucket=bucket)
    except ClientError:
        found = None
    if found is not None and found["ObjectLockConfiguration"] == wanted:
        return False
    clients.s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=wanted)
    return True


def _reserved_concurrency(clients: Clients, function: str, wanted: Any, _: References) -> bool:
    found = clients.functions.get_function_concurrency(FunctionName=function)
    if found.get("ReservedConcurrentExecutions") == wanted:
        return False
    clients.functions.put_function_concurrency(
        FunctionName=function, ReservedConcurrentExecutions=int(wanted)
    )
    return True


_REAPPLIED: tuple[tuple[str, str, str, Callable[[Clients, str, Any, References], bool]], ...] = (
    ("AWS::DynamoDB::Table", "TimeToLiveSpecification", "time to live", _time_to_live),
    (
        "AWS::DynamoDB::Table",
        "PointInTimeRecoverySpecification",
        "point-in-time recovery",
        _point_in_time_recovery,
    ),
    ("AWS::DynamoDB::Table", "SSESpecification", "encryption key", _table_encryption),
    ("AWS::SNS::Topic", "KmsMasterKeyId", "encryption key", _topic_encryption),
    ("AWS::S3::Bucket", "ObjectLockConfiguration", "object lock", _object_lock),
    (
        "AWS::Lambda::Function",
        "ReservedConcurrentExecutions",
        "reserved concurrency",
        _reserved_concurrency,
    ),
)
