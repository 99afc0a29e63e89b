"""`billing_projector` reads the ledger's stream, keeps the projection, sets poison aside.

The provider's keys are for reading the current object back when events alone cannot decide.
"""

from __future__ import annotations

from infra.permissions.statements import (
    Statement,
    data_key_through_dynamodb,
    data_key_through_secrets_manager,
    key_through_sqs,
    own_logs,
    queue_consumer,
    send_failures_to,
    stream_listing,
    stream_of,
    tracing,
)

STATEMENTS = (
    Statement(
        sid="KeepProjection",
        actions=("dynamodb:GetItem", "dynamodb:UpdateItem"),
        resources=("table/billing-subscriptions",),
    ),
    Statement(
        sid="ReadStoredEventAgain",
        actions=("dynamodb:GetItem",),
        resources=("table/billing-events",),
    ),
    Statement(
        sid="SetPoisonAsideAndCountReplayed",
        actions=("dynamodb:PutItem", "dynamodb:UpdateItem"),
        resources=("table/operations",),
    ),
    Statement(
        sid="ReadProviderKeys",
        actions=("secretsmanager:GetSecretValue",),
        resources=("secret/provider-keys",),
    ),
    Statement(
        sid="AskAgainLater",
        actions=("sqs:SendMessage",),
        resources=("queue/refetch",),
    ),
    stream_of("billing-events"),
    stream_listing("billing-events"),
    queue_consumer("refetch"),
    send_failures_to("billing-projector-failed"),
    data_key_through_dynamodb(),
    data_key_through_secrets_manager(),
    key_through_sqs("messages"),
    own_logs("billing_projector"),
    tracing(),
)
