"""`billing_api` reads what workspaces may use, and lays corrections over it, each in their log.

It sells: intents, breakers and attempts are kept in `operations`, and the providers' keys are read.

Of incidents it reads which are open, when harm began, and single entries: it can approve nothing
itself. Facts for their gates are taken and written by the outage watch, which it asks. Of the
ledger it reads when the last event came.
"""

from __future__ import annotations

from infra.bundle.groups import SELLING
from infra.spec import FunctionSpec
from infra.statements import (
    Statement,
    data_key_through_dynamodb,
    data_key_through_secrets_manager,
    key_through_sqs,
    read_provider_keys,
    wake,
)

FUNCTION = FunctionSpec(
    name="billing_api",
    purpose="Answers what is asked of billing: entitlements, corrections, checkouts",
    group=SELLING,
    memory=512,
    # Two providers, one after the other, each with one more try.
    timeout=28,
    reserved=5,
    incident_clock=True,
    statements=(
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
        Statement(
            sid="ReadRowsAndOverlayCorrections",
            actions=("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:UpdateItem"),
            resources=("table/billing-subscriptions",),
        ),
        Statement(
            sid="KeepCorrectionsReplaysAndCheckouts",
            actions=("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"),
            resources=("table/operations",),
        ),
        Statement(
            sid="SeeWhatLedgerHolds",
            actions=("dynamodb:Query",),
            resources=("table/billing-events",),
        ),
        Statement(
            sid="WakeReplaysReconciliationsAndQuestions",
            actions=("sqs:SendMessage",),
            resources=("queue/reconcile", "queue/refetch", "queue/replay"),
        ),
        Statement(
            # Whom an incident's messages addressed may know of it: that is asked of the messages.
            sid="ReadApprovalsAndHarm",
            actions=("dynamodb:GetItem", "dynamodb:Query"),
            resources=("table/incidents",),
        ),
        read_provider_keys(),
        Statement(
            sid="HaveFactsTaken",
            actions=("lambda:InvokeFunction",),
            resources=("function/outage-watch",),
        ),
        wake("reconciler", "replay-planner"),
        data_key_through_dynamodb(),
        data_key_through_secrets_manager(),
        key_through_sqs(),
    ),
)
