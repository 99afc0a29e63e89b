"""The shape of a permission: data, so that a test can read it and a reviewer can diff it.

Resources are symbols (`table/incidents`, `secret/registrations`), resolved to ARNs by the stacks:
a function's file says what a function may touch, never where that is deployed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ANY = "*"
"""For the few actions that know no resource; each use is listed in `tests/infra`."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One allowed set of actions on named resources.

    `conditions` is IAM's own shape: operator, key, value. `{region}` and `{mail_from}` in a value
    are replaced by the deployment's region and sender of mail. `all_but` turns the resources
    around: everything except them.
    """

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, str]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    all_but: bool = False


def tracing() -> Statement:
    """Sends trace segments; X-Ray knows no resources."""
    return Statement(
        sid="SendTraces",
        actions=("xray:PutTraceSegments", "xray:PutTelemetryRecords"),
        resources=(ANY,),
    )


def read_clock_offset() -> Statement:
    """What moving the incident clock needs. Granted only in stages whose clock can be moved."""
    return Statement(
        sid="ReadClockOffset",
        actions=("ssm:GetParameter",),
        resources=("parameter/incident-clock-offset",),
    )


def own_logs(function: str) -> Statement:
    """Writes to the function's own log group, which exists before the function does."""
    return Statement(
        sid="WriteOwnLogs",
        actions=("logs:CreateLogStream", "logs:PutLogEvents"),
        resources=(f"logs/{function}",),
    )


def data_key_through_dynamodb() -> Statement:
    """Lets DynamoDB use the tables' key on the function's behalf, and only DynamoDB."""
    return Statement(
        sid="UseDataKeyThroughDynamoDB",
        actions=("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"),
        resources=("key/data",),
        conditions={"StringEquals": {"kms:ViaService": "dynamodb.{region}.amazonaws.com"}},
    )


def data_key_through_secrets_manager() -> Statement:
    """Lets Secrets Manager decrypt with the data key on the function's behalf."""
    return Statement(
        sid="UseDataKeyThroughSecretsManager",
        actions=("kms:Decrypt",),
        resources=("key/data",),
        conditions={"StringEquals": {"kms:ViaService": "secretsmanager.{region}.amazonaws.com"}},
    )


def read_evidence() -> tuple[Statement, ...]:
    """Reads back what is in the archive.

    The listing is what makes S3 answer "not there" for what was erased: without it the answer is
    the same as for a missing right.
    """
    return (
        Statement(
            sid="ReadEvidence", actions=("s3:GetObject",), resources=("bucket/evidence/objects",)
        ),
        Statement(
            sid="SeeEvidenceMissing", actions=("s3:ListBucket",), resources=("bucket/evidence",)
        ),
    )


def keep_evidence() -> tuple[Statement, ...]:
    """Keeps content in the archive; never removes, never lays over."""
    return (
        Statement(
            sid="KeepEvidence", actions=("s3:PutObject",), resources=("bucket/evidence/objects",)
        ),
        Statement(
            sid="UseDataKeyThroughS3",
            actions=("kms:Decrypt", "kms:GenerateDataKey"),
            resources=("key/data",),
            conditions={"StringEquals": {"kms:ViaService": "s3.{region}.amazonaws.com"}},
        ),
    )


def read_rotas() -> Statement:
    """Asks who is on call, and which runbook an incident goes by."""
    return Statement(
        sid="ReadRotasAndPolicies", actions=("dynamodb:Query",), resources=("table/operations",)
    )


def read_provider_keys() -> Statement:
    """Reads the keys that providers are asked with; needs the data key through Secrets Manager."""
    return Statement(
        sid="ReadProviderKeys",
        actions=("secretsmanager:GetSecretValue",),
        resources=("secret/provider-keys",),
    )


def write_incidents() -> Statement:
    """Reads an incident by its keys and writes what a command makes of it; no listing."""
    return Statement(
        sid="WriteIncidents",
        actions=("dynamodb:GetItem", "dynamodb:PutItem"),
        resources=("table/incidents",),
    )


def count_incidents() -> Statement:
    """Counts incidents for their numbers, outside every transaction."""
    return Statement(
        sid="CountIncidents", actions=("dynamodb:UpdateItem",), resources=("table/operations",)
    )


def keep_freezes() -> Statement:
    """Writes the freezes that a command on an incident causes, in the same transaction."""
    return Statement(
        sid="KeepFreezes", actions=("dynamodb:PutItem",), resources=("table/operations",)
    )


def stream_of(table: str) -> Statement:
    """What an event source mapping needs to read a table's stream with the function's role."""
    return Statement(
        sid="ReadStream",
        actions=("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"),
        resources=(f"stream/{table}",),
    )


def stream_listing(table: str) -> Statement:
    """The listing an event source mapping does first; it is per table, over all its streams."""
    return Statement(
        sid="ListStreams",
        actions=("dynamodb:ListStreams",),
        resources=(f"streams/{table}",),
    )


def queue_consumer(queue: str) -> Statement:
    """What an event source mapping needs to take messages from a queue."""
    return Statement(
        sid="TakeFromQueue",
        actions=("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"),
        resources=(f"queue/{queue}",),
    )


def drained(queue: str) -> Statement:
    """Takes messages from a queue that Lambda does not poll."""
    return Statement(
        sid="TakeWhatWaits",
        actions=("sqs:DeleteMessage", "sqs:ReceiveMessage"),
        resources=(f"queue/{queue}",),
    )


def wake(*functions: str) -> Statement:
    """Wakes the functions for work that lies in their queues."""
    return Statement(
        sid="WakeForWork",
        actions=("lambda:InvokeFunction",),
        resources=tuple(f"function/{name}" for name in functions),
    )


def send_failures() -> Statement:
    """What Lambda needs, with the function's role, to hand over what it gave up on."""
    return Statement(
        sid="HandOverFailures",
        actions=("sqs:SendMessage",),
        resources=("queue/dead-letters",),
    )


def key_through_sqs() -> Statement:
    """Sends to and takes from queues encrypted with the key."""
    return Statement(
        sid="UseKeyThroughSQS",
        actions=("kms:Decrypt", "kms:GenerateDataKey"),
        resources=("key/data",),
        conditions={"StringEquals": {"kms:ViaService": "sqs.{region}.amazonaws.com"}},
    )


def key_through_sns() -> Statement:
    """Publishes to topics encrypted with the key."""
    return Statement(
        sid="UseKeyThroughSNS",
        actions=("kms:Decrypt", "kms:GenerateDataKey"),
        resources=("key/data",),
        conditions={"StringEquals": {"kms:ViaService": "sns.{region}.amazonaws.com"}},
    )
