"""`webhook_ingest` may add one event to the ledger and read the secrets it verifies with.

It cannot read the ledger back, change an event or touch anything else: it is the one function the
whole internet can reach.
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
        sid="AddEvent",
        actions=("dynamodb:PutItem",),
        resources=("table/billing-events",),
    ),
    Statement(
        sid="ReadRegistrations",
        actions=("secretsmanager:GetSecretValue",),
        resources=("secret/registrations",),
    ),
    data_key_through_dynamodb(),
    data_key_through_secrets_manager(),
    own_logs("webhook_ingest"),
    tracing(),
)
