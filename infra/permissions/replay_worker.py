"""`replay_worker` puts events into the ledger, as `webhook_ingest` does, and sets poison aside."""

from __future__ import annotations

from infra.permissions.statements import (
    Statement,
    data_key_through_dynamodb,
    key_through_sqs,
    own_logs,
    queue_consumer,
    tracing,
)

STATEMENTS = (
    Statement(
        sid="InsertEvents",
        actions=("dynamodb:PutItem",),
        resources=("table/billing-events", "table/operations"),
    ),
    queue_consumer("restore"),
    data_key_through_dynamodb(),
    key_through_sqs("messages"),
    own_logs("replay_worker"),
    tracing(),
)
