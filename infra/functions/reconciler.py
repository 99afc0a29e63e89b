"""`reconciler` compares what providers say with what we hold, and heals what was approved.

It writes projections only as the projector does, on condition; it deletes nothing. Into incidents
it writes how a reconciliation stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.bundle.groups import SELLING
from infra.spec import Cause, FunctionSpec
from infra.statements import (
    Statement,
    data_key_through_dynamodb,
    data_key_through_secrets_manager,
    drained,
    keep_evidence,
    key_through_sqs,
    read_provider_keys,
    wake,
    write_incidents,
)

if TYPE_CHECKING:
    from infra.constructs.event_sources import EventSources
    from infra.constructs.function import TocsinFunction


_SCHEDULES = (
    ("ReconcileRecent", "recent", "rate(15 minutes)"),
    ("ReconcileSample", "sample", "rate(1 day)"),
)


def _wake(made: TocsinFunction, sources: EventSources) -> None:
    """Whoever puts a reconciliation into its queue, the watch over that, and two rules."""
    reason = "Its queue has a dead-letter queue; a lost turn is made up for by the next one."
    sources.triggers.turns(made, reason)
    for id_, scope, rate in _SCHEDULES if sources.context.providers else ():
        sources.triggers.at_rate(
            made,
            id_,
            rate,
            says=f"Reconciles: {scope}",
            reason=reason,
            name=f"reconcile-{scope}",
            payload=f'{{"scope":"{scope}"}}',
        )


FUNCTION = FunctionSpec(
    name="reconciler",
    purpose="Compares providers, projection and enforcement, and heals on approval",
    group=SELLING,
    memory=512,
    timeout=300,
    incident_clock=True,
    wakes_itself=True,
    statements=(
        Statement(
            sid="CompareAndHealProjections",
            actions=("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:UpdateItem"),
            resources=("table/billing-subscriptions",),
        ),
        Statement(
            sid="ReadWorkspaces",
            actions=("dynamodb:Query",),
            resources=("table/billing-subscriptions/index/workspace",),
        ),
        Statement(
            sid="SeeWhatEventsConcern",
            actions=("dynamodb:Query",),
            resources=("table/billing-events",),
        ),
        Statement(
            sid="SeeOpenIncidents",
            actions=("dynamodb:Query",),
            resources=("table/incidents/index/list",),
        ),
        Statement(
            sid="KeepReconciliations",
            actions=(
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:Query",
                "dynamodb:UpdateItem",
            ),
            resources=("table/operations",),
        ),
        write_incidents(),
        read_provider_keys(),
        Statement(
            sid="HandOn",
            actions=("sqs:SendMessage",),
            resources=("queue/reconcile", "queue/refetch"),
        ),
        drained("reconcile"),
        wake("reconciler"),
        *keep_evidence(),
        data_key_through_dynamodb(),
        data_key_through_secrets_manager(),
        key_through_sqs(),
    ),
    woken_by=_wake,
    causes=(
        Cause(
            "reconciliations-stalled",
            "ReconciliationsStalled",
            "A reconciliation has given up waiting: what is wrong is not all known.",
        ),
    ),
)
