"""`provider_watch` reads what is stored of providers' events, asks them, and notes how it went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.bundle.groups import BILLING
from infra.spec import Cause, FunctionSpec
from infra.statements import (
    Statement,
    data_key_through_dynamodb,
    data_key_through_secrets_manager,
    read_provider_keys,
    wake,
)

if TYPE_CHECKING:
    from infra.constructs.event_sources import EventSources
    from infra.constructs.function import TocsinFunction


def _wake(made: TocsinFunction, sources: EventSources) -> None:
    """Every minute; a lost round is made up for by the next."""
    reason = "A lost round holds nothing to redrive: the next one looks at the same things."
    sources.triggers.turns(made, reason)
    if not sources.context.providers:
        return
    sources.triggers.at_rate(
        made, "LookAtProviders", "rate(1 minute)", says="Looks at the providers", reason=reason
    )


FUNCTION = FunctionSpec(
    name="provider_watch",
    purpose="Looks at the providers: silence, lateness, what was set aside",
    group=BILLING,
    memory=256,
    timeout=60,
    statements=(
        Statement(
            sid="ReadLedgerHours",
            actions=("dynamodb:BatchGetItem", "dynamodb:Query"),
            resources=("table/billing-events",),
        ),
        Statement(
            sid="ReadProjections",
            actions=("dynamodb:BatchGetItem",),
            resources=("table/billing-subscriptions",),
        ),
        Statement(
            sid="ReadQuarantineAndStatusKeepProbes",
            actions=("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"),
            resources=("table/operations",),
        ),
        read_provider_keys(),
        Statement(
            sid="SeeWhatWaits",
            actions=("sqs:GetQueueAttributes",),
            resources=("queue/reconcile", "queue/refetch", "queue/replay", "queue/restore"),
        ),
        wake("billing-projector", "reconciler", "replay-planner", "replay-worker"),
        data_key_through_dynamodb(),
        data_key_through_secrets_manager(),
    ),
    woken_by=_wake,
    causes=(
        Cause(
            "work-waiting",
            "QueueUntaken",
            "Work of billing lies in a queue and nobody takes it.",
            at_least=900,
            gauge=True,
        ),
        Cause(
            "outage-watch-silent",
            "OutageWatchSilent",
            "The watch for outages has not said for ten minutes how it stands.",
            at_least=600,
            gauge=True,
        ),
        Cause(
            "provider-watch-blind",
            "LooksFailed",
            "A look at the providers fails: silence or lateness would not be noticed.",
            at_least=2,
        ),
        Cause(
            "billing-oldest-unprojected",
            "OldestUnprojected",
            "A stored event has not reached its subscription for a quarter of an hour.",
            at_least=900,
            gauge=True,
        ),
        Cause(
            "provider-silent",
            "EventsMissed",
            "A provider has sent nothing for as long as it would usually send twenty events.",
            at_least=20,
            gauge=True,
        ),
        Cause(
            "billing-quarantine-age",
            "OldestQuarantined",
            "Something set aside has waited four hours for a person.",
            at_least=14400,
            gauge=True,
        ),
    ),
)
