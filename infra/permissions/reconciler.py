"""`reconciler` compares what providers say with what we hold, and heals what was approved.

It writes projections only as the projector does, on condition; it deletes nothing. Into incidents
it writes how a reconciliation stands.
"""

from __future__ import annotations

from infra.permissions.statements import (
    Statement,
    data_key_through_dynamodb,
    data_key_through_secrets_manager,
    keep_evidence,
    key_through_sqs,
    own_logs,
    queue_consumer,
    tracing,
)

STATEMENTS = (
    Statement(
        sid="CompareAndHealProjections",
        actions=("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:UpdateItem"),
        resources=("table/billing-subscriptions",),
    ),
    Statement(
        sid="ReadWorkspaces",
        actions=("dynamodb:Query",),
        resources=("table/billing-subscriptions/index/workspace",),
    ),
    Statement(
        sid="SeeWhatEventsConcern",
        actions=("dynamodb:Query",),
        resources=("table/billing-events",),
    ),
    Statement(
        sid="SeeOpenIncidents",
        actions=("dynamodb:Query",),
        resources=("table/incidents/index/list",),
    ),
    Statement(
        sid="KeepReconciliations",
        actions=(
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
        ),
        resources=("table/operations",),
    ),
    Statement(
        sid="WriteIncidents",
        actions=("dynamodb:GetItem", "dynamodb:PutItem"),
        resources=("table/incidents",),
    ),
    Statement(
        sid="ReadProviderKeys",
        actions=("secretsmanager:GetSecretValue",),
        resources=("secret/provider-keys",),
    ),
    Statement(
        sid="HandOn",
        actions=("sqs:SendMessage",),
        resources=("queue/reconcile", "queue/refetch"),
    ),
    queue_consumer("reconcile"),
    *keep_evidence(),
    data_key_through_dynamodb(),
    data_key_through_secrets_manager(),
    key_through_sqs("messages"),
    own_logs("reconciler"),
    tracing(),
)
