"""`webhook_ingest` may add one event to the ledger and read the secrets it verifies with.

It cannot read the ledger back, change an event or touch anything else: it is the one function the
whole internet can reach.
"""

from __future__ import annotations

from infra.bundle.groups import INGEST
from infra.spec import Cause, FunctionSpec
from infra.statements import (
    Statement,
    data_key_through_dynamodb,
    data_key_through_secrets_manager,
)

FUNCTION = FunctionSpec(
    name="webhook_ingest",
    purpose="Verifies a provider's webhook and stores it before answering",
    group=INGEST,
    memory=512,
    timeout=8,
    # A ceiling: a flood of webhooks must not take the concurrency that pages people.
    reserved=43,
    statements=(
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
    ),
    causes=(
        Cause(
            "webhooks-unstored",
            "WebhooksUnstored",
            "Verified webhooks cannot be stored; the provider is told to come back.",
        ),
        Cause(
            "webhooks-rejected",
            "WebhooksRejected",
            "Webhooks are refused: a secret changed, or somebody is trying.",
            at_least=10,
        ),
    ),
)
