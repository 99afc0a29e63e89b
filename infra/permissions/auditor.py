"""`auditor` reads what is stored of incidents and writes nothing, so it can spoil nothing."""

from __future__ import annotations

from infra.permissions.statements import (
    Statement,
    data_key_through_dynamodb,
    own_logs,
    tracing,
)

STATEMENTS = (
    Statement(
        sid="ReadIncidents",
        actions=("dynamodb:GetItem", "dynamodb:Query"),
        resources=("table/incidents",),
    ),
    Statement(
        sid="ReadBoardAndDue",
        actions=("dynamodb:Query",),
        resources=("table/incidents/index/due", "table/incidents/index/list"),
    ),
    Statement(
        # And which runbook an incident goes by.
        sid="SeeWhoHasWays",
        actions=("dynamodb:Query",),
        resources=("table/operations",),
    ),
    data_key_through_dynamodb(),
    own_logs("auditor"),
    tracing(),
)
