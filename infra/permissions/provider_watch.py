"""`provider_watch` reads what is stored of providers' events, asks them, and notes how it went."""

from __future__ import annotations

from infra.permissions.statements import (
    Statement,
    data_key_through_dynamodb,
    data_key_through_secrets_manager,
    own_logs,
    tracing,
)

STATEMENTS = (
    Statement(
        sid="ReadLedgerHours",
        actions=("dynamodb:BatchGetItem", "dynamodb:Query"),
        resources=("table/billing-events",),
    ),
    Statement(
        sid="ReadProjections",
        actions=("dynamodb:BatchGetItem",),
        resources=("table/billing-subscriptions",),
    ),
    Statement(
        sid="ReadQuarantineKeepProbes",
        actions=("dynamodb:PutItem", "dynamodb:Query"),
        resources=("table/operations",),
    ),
    Statement(
        sid="ReadProviderKeys",
        actions=("secretsmanager:GetSecretValue",),
        resources=("secret/provider-keys",),
    ),
    data_key_through_dynamodb(),
    data_key_through_secrets_manager(),
    own_logs("provider_watch"),
    tracing(),
)
