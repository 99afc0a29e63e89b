"""What wakes the reconciler: messages that name one, and two schedules that start one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.constructs.nag import SERVERLESS, acknowledge
from infra.constructs.schedules import MAX_AGE

if TYPE_CHECKING:
    from infra.constructs.function import TocsinFunction
    from infra.constructs.schedules import Schedules
    from infra.constructs.triggers import Triggers


def wake_reconciler(made: TocsinFunction, *, schedules: Schedules, triggers: Triggers) -> None:
    """A lost turn of a schedule is made up for by the next one."""
    reason = "Its queue has a dead-letter queue; a lost turn is made up for by the next one."
    made.acknowledge_no_queue(reason)
    asynchronous = triggers.asynchronous(made, retries=0, max_age=MAX_AGE, failures=None)
    acknowledge(asynchronous, "LambdaAsyncFailureDestination", reason, pack=SERVERLESS)
    for id_, scope, rate in (
        ("ReconcileRecent", "recent", "rate(15 minutes)"),
        ("ReconcileSample", "sample", "rate(1 day)"),
    ):
        schedules.wake(
            made,
            id_,
            rate,
            says=f"Reconciles: {scope}",
            name=f"reconcile-{scope}",
            payload=f'{{"scope":"{scope}"}}',
        )
    triggers.queue(made, "ReconcileQueueToReconciler", "reconcile", batch=1, concurrency=2)
