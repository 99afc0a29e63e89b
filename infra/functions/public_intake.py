"""`public_intake` acts on incidents by links, takes heartbeats and reports; it sends nothing."""

from __future__ import annotations

from infra.bundle.groups import INCIDENTS
from infra.spec import Cause, FunctionSpec
from infra.statements import (
    Statement,
    data_key_through_dynamodb,
    data_key_through_secrets_manager,
)

FUNCTION = FunctionSpec(
    name="public_intake",
    purpose="Answers people without a login: links in messages, status, heartbeats, reports",
    group=INCIDENTS,
    memory=512,
    timeout=10,
    # A ceiling: strangers must not take the concurrency that pages people.
    reserved=10,
    incident_clock=True,
    statements=(
        Statement(
            sid="ActOnIncidents",
            # The first entry has the description; it is read as every timeline is.
            actions=("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"),
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
            sid="PutDownHeartbeats",
            actions=("dynamodb:PutItem",),
            resources=("table/operations",),
            # Strangers reach this function: of that table it writes this partition alone.
            conditions={"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": "HEARTBEATS"}},
        ),
        Statement(
            # A report is put down and counted; what comes of it the sweep and people decide.
            sid="PutDownReports",
            actions=("dynamodb:PutItem", "dynamodb:UpdateItem"),
            resources=("table/operations",),
            conditions={"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": "REPORTS"}},
        ),
        Statement(
            sid="ReadDeliveryKeys",
            actions=("secretsmanager:GetSecretValue",),
            resources=("secret/delivery-keys",),
        ),
        data_key_through_dynamodb(),
        data_key_through_secrets_manager(),
    ),
    causes=(
        Cause(
            "links-refused",
            "LinksRefused",
            "Links are refused: old messages are used, or somebody is trying.",
            at_least=30,
        ),
        Cause(
            "reports-refused",
            "ReportsRefused",
            "More comes by the public form than is taken: a flood, or many who see the same.",
            at_least=30,
        ),
    ),
)
