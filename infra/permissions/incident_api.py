"""`incident_api` works on incidents for responders; keeps releases, requests, runbooks, evidence.

No other function publishes a runbook; the others read them with the right to query.
"""

from __future__ import annotations

from infra.permissions.statements import (
    Statement,
    data_key_through_dynamodb,
    keep_evidence,
    own_logs,
    tracing,
)

STATEMENTS = (
    Statement(
        sid="WriteIncidents",
        actions=("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"),
        resources=("table/incidents",),
    ),
    Statement(
        sid="ReadBoard",
        actions=("dynamodb:Query",),
        resources=("table/incidents/index/list",),
    ),
    Statement(
        sid="RememberRequestsAndReleases",
        actions=("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"),
        resources=("table/operations",),
    ),
    Statement(
        sid="HaveCodesSent",
        actions=("lambda:InvokeFunction",),
        resources=("function/notifier",),
    ),
    *keep_evidence(),
    data_key_through_dynamodb(),
    own_logs("incident_api"),
    tracing(),
)
