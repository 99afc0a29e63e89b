"""`replay_worker` puts events into the ledger, as `webhook_ingest` does, and sets poison aside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.bundle.groups import BILLING
from infra.spec import FunctionSpec
from infra.statements import (
    Statement,
    data_key_through_dynamodb,
    key_through_sqs,
    queue_consumer,
)

if TYPE_CHECKING:
    from infra.constructs.function import TocsinFunction
    from infra.constructs.wiring import Wiring


def _wake(made: TocsinFunction, wiring: Wiring) -> None:
    """As many at once as the table and the projector can follow."""
    made.acknowledge_no_queue("Its queue has a dead-letter queue.")
    wiring.triggers.queue(
        made,
        "RestoreQueueToWorker",
        "restore",
        batch=10,
        concurrency=5,
        asleep=not wiring.context.providers,
    )


FUNCTION = FunctionSpec(
    name="replay_worker",
    purpose="Inserts the events a replay found missing",
    group=BILLING,
    memory=512,
    timeout=60,
    statements=(
        Statement(
            sid="InsertEvents",
            actions=("dynamodb:PutItem",),
            resources=("table/billing-events", "table/operations"),
        ),
        queue_consumer("restore"),
        data_key_through_dynamodb(),
        key_through_sqs(),
    ),
    woken_by=_wake,
)
