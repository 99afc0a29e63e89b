"""`github_ingest` may queue a delivery, write down a deployment, and wake who answers it."""

from __future__ import annotations

from infra.bundle.groups import INGEST
from infra.spec import Cause, FunctionSpec
from infra.statements import (
    Statement,
    data_key_through_dynamodb,
    data_key_through_secrets_manager,
    key_through_sqs,
)

FUNCTION = FunctionSpec(
    name="github_ingest",
    purpose="Verifies a delivery of GitHub's and keeps what may be kept of it",
    group=INGEST,
    memory=512,
    timeout=8,
    # A ceiling: whoever floods it must not take the concurrency that pages people.
    reserved=5,
    statements=(
        Statement(
            sid="QueueDelivery",
            actions=("sqs:SendMessage",),
            resources=("queue/signals",),
        ),
        Statement(
            sid="ReadWebhookSecret",
            actions=("secretsmanager:GetSecretValue",),
            resources=("secret/github-webhooks",),
        ),
        Statement(
            sid="WriteDownDeployments",
            actions=("dynamodb:PutItem",),
            resources=("table/operations",),
            conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": "WAIT#*"}},
        ),
        Statement(
            sid="WakeWhoAnswers",
            actions=("lambda:InvokeFunction",),
            resources=("function/deployment-gate",),
        ),
        key_through_sqs(),
        data_key_through_dynamodb(),
        data_key_through_secrets_manager(),
    ),
    causes=(
        Cause(
            "webhooks-unstored",
            "WebhooksUnstored",
            "Verified webhooks cannot be stored; the provider is told to come back.",
        ),
        Cause(
            "webhooks-rejected",
            "WebhooksRejected",
            "Webhooks are refused: a secret changed, or somebody is trying.",
            at_least=10,
        ),
    ),
)
