"""`outage_watch` reads checkouts, breakers and the ledger, writes what it saw, and tells of it.

It settles checkouts at the providers, and writes evidence and updates into incidents.
"""

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
        sid="KeepCheckoutsAndStatus",
        actions=("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"),
        resources=("table/operations",),
    ),
    Statement(
        sid="ReadLedgerHours",
        actions=("dynamodb:Query",),
        resources=("table/billing-events",),
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
    data_key_through_dynamodb(),
    data_key_through_secrets_manager(),
    own_logs("outage_watch"),
    tracing(),
)
