"""`replay_planner` lists a provider's events, compares them with the ledger and hands the rest on.

It never writes the ledger: what it finds missing goes through the workers. Where a provider lists
no events it asks for objects and writes their projections, as the projector does. The proof goes
into the archive and, as a pointer, into the incident.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.bundle.groups import INCIDENTS
from infra.spec import Cause, FunctionSpec
from infra.statements import (
    Statement,
    data_key_through_dynamodb,
    data_key_through_secrets_manager,
    drained,
    keep_evidence,
    key_through_sqs,
    wake,
    write_incidents,
)

if TYPE_CHECKING:
    from infra.constructs.event_sources import EventSources
    from infra.constructs.function import TocsinFunction


def _wake(made: TocsinFunction, sources: EventSources) -> None:
    """Whoever puts a replay into its queue, and the watch over that queue."""
    reason = "Its queue has a dead-letter queue; who watches that queue wakes it again."
    sources.triggers.turns(made, reason)


FUNCTION = FunctionSpec(
    name="replay_planner",
    purpose="Lists a provider's window and hands on what the ledger lacks",
    group=INCIDENTS,
    memory=512,
    timeout=300,
    wakes_itself=True,
    incident_clock=True,
    statements=(
        Statement(
            sid="CompareWithLedger",
            actions=("dynamodb:BatchGetItem",),
            resources=("table/billing-events", "table/billing-subscriptions"),
        ),
        Statement(
            sid="RebuildProjection",
            actions=("dynamodb:GetItem", "dynamodb:UpdateItem"),
            resources=("table/billing-subscriptions",),
        ),
        write_incidents(),
        *keep_evidence(),
        Statement(
            sid="SeeWhatLedgerHolds",
            actions=("dynamodb:Query",),
            resources=("table/billing-events",),
        ),
        Statement(
            sid="KeepReplays",
            actions=(
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:Query",
                "dynamodb:UpdateItem",
            ),
            resources=("table/operations",),
        ),
        Statement(
            sid="ReadProviderKeys",
            actions=("secretsmanager:GetSecretValue",),
            resources=("secret/provider-keys", "secret/registrations"),
        ),
        Statement(
            sid="HandOn",
            actions=("sqs:SendMessage",),
            resources=("queue/refetch", "queue/replay", "queue/restore"),
        ),
        drained("replay"),
        wake("replay-planner", "replay-worker"),
        data_key_through_dynamodb(),
        data_key_through_secrets_manager(),
        key_through_sqs(),
    ),
    woken_by=_wake,
    causes=(
        Cause(
            "replays-stalled",
            "ReplaysStalled",
            "A replay has given up waiting: what was lost is not all back.",
        ),
    ),
)
