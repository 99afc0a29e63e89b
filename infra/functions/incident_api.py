"""`incident_api` works on incidents for responders; keeps releases, requests, runbooks, evidence.

No other function publishes a runbook; the others read them with the right to query.
"""

from __future__ import annotations

from infra.bundle.groups import INCIDENTS
from infra.spec import FunctionSpec
from infra.statements import (
    Statement,
    count_incidents,
    data_key_through_dynamodb,
    keep_evidence,
    read_evidence,
)

FUNCTION = FunctionSpec(
    name="incident_api",
    purpose="Answers responders",
    group=INCIDENTS,
    memory=512,
    timeout=15,
    reserved=15,
    incident_clock=True,
    statements=(
        Statement(
            sid="WriteIncidents",
            actions=(
                "dynamodb:BatchGetItem",
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:Query",
            ),
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
        Statement(
            # Nobody else may: an order says in whose name it is given, and is believed.
            sid="HaveContained",
            actions=("lambda:InvokeFunction",),
            resources=("function/containment",),
        ),
        *keep_evidence(),
        *read_evidence(),
        count_incidents(),
        data_key_through_dynamodb(),
    ),
)
