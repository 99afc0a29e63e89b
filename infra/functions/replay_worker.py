"""`replay_worker` puts events into the ledger, as `webhook_ingest` does, and sets poison aside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.bundle.groups import BILLING
from infra.spec import FunctionSpec
from infra.statements import (
    Statement,
    data_key_through_dynamodb,
    drained,
    key_through_sqs,
)

if TYPE_CHECKING:
    from infra.constructs.event_sources import EventSources
    from infra.constructs.function import TocsinFunction


def _wake(made: TocsinFunction, sources: EventSources) -> None:
    """The planner, at each step, and the watch over the queue: one or two at a time."""
    reason = "Its queue has a dead-letter queue; who watches that queue wakes it again."
    sources.triggers.turns(made, reason)


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
        drained("restore"),
        data_key_through_dynamodb(),
        key_through_sqs(),
    ),
    woken_by=_wake,
)
