"""`billing_api` reads what workspaces may use, and whether a billing incident is open."""

from __future__ import annotations

from infra.permissions.statements import (
    Statement,
    data_key_through_dynamodb,
    own_logs,
    tracing,
)

STATEMENTS = (
    Statement(
        sid="ReadEntitlements",
        actions=("dynamodb:Query",),
        resources=("table/billing-subscriptions/index/workspace",),
    ),
    Statement(
        sid="SeeOpenIncidents",
        actions=("dynamodb:Query",),
        resources=("table/incidents/index/list",),
    ),
    data_key_through_dynamodb(),
    own_logs("billing_api"),
    tracing(),
)
