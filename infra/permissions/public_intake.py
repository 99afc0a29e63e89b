"""`public_intake` acts on incidents by links; it writes nothing else and sends nothing."""

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
        sid="ActOnIncidents",
        actions=("dynamodb:GetItem", "dynamodb:PutItem"),
        resources=("table/incidents",),
    ),
    Statement(
        # The backup a link pages is the one on call: rotations are read, as for every decision,
        # and the runbook the incident goes by.
        sid="ReadLinksAndRotations",
        actions=("dynamodb:GetItem", "dynamodb:Query"),
        resources=("table/operations",),
    ),
    Statement(
        sid="ReadDeliveryKeys",
        actions=("secretsmanager:GetSecretValue",),
        resources=("secret/delivery-keys",),
    ),
    data_key_through_dynamodb(),
    data_key_through_secrets_manager(),
    own_logs("public_intake"),
    tracing(),
)
