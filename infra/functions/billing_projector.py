"""`billing_projector` reads the ledger's stream, keeps the projection, sets poison aside.

The provider's keys are for reading the current object back when events alone cannot decide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.bundle.groups import BILLING
from infra.spec import Cause, FunctionSpec
from infra.statements import (
    Statement,
    data_key_through_dynamodb,
    data_key_through_secrets_manager,
    drained,
    key_through_sqs,
    read_provider_keys,
    send_failures,
    stream_listing,
    stream_of,
)
from infra.waking import Patience

if TYPE_CHECKING:
    from infra.constructs.event_sources import EventSources
    from infra.constructs.function import TocsinFunction


def _wake(made: TocsinFunction, sources: EventSources) -> None:
    """The ledger's stream; and the watch over its queue, for what to ask the provider again."""
    reason = "Its stream hands failed batches to a queue; its queue has a dead-letter queue."
    sources.triggers.turns(made, reason)
    sources.triggers.stream(
        made,
        "BillingEventsStreamToProjector",
        "billing-events",
        batch=100,
        parallel=10,
        patience=Patience(retries=10),
        # What time to live removes is no news.
        pattern={"eventName": ["INSERT"]},
    )


FUNCTION = FunctionSpec(
    name="billing_projector",
    purpose="Keeps the subscriptions' projection equal to the provider's state",
    group=BILLING,
    memory=512,
    timeout=60,
    statements=(
        Statement(
            sid="KeepProjection",
            actions=("dynamodb:GetItem", "dynamodb:UpdateItem"),
            resources=("table/billing-subscriptions",),
        ),
        Statement(
            sid="ReadStoredEventAgain",
            actions=("dynamodb:GetItem",),
            resources=("table/billing-events",),
        ),
        Statement(
            sid="SetPoisonAsideAndCountReplayed",
            actions=("dynamodb:PutItem", "dynamodb:UpdateItem"),
            resources=("table/operations",),
        ),
        read_provider_keys(),
        Statement(
            sid="AskAgainLater",
            actions=("sqs:SendMessage",),
            resources=("queue/refetch",),
        ),
        stream_of("billing-events"),
        stream_listing("billing-events"),
        drained("refetch"),
        send_failures(),
        data_key_through_dynamodb(),
        data_key_through_secrets_manager(),
        key_through_sqs(),
    ),
    woken_by=_wake,
    causes=(
        Cause(
            "billing-quarantined",
            "BillingQuarantined",
            "Billing events or objects were set aside: a subscription may be out of date.",
        ),
        Cause(
            "billing-problems",
            "BillingProblems",
            "A provider sends what is not understood, or does not answer:"
            " projections lean on asking.",
            at_least=20,
        ),
        Cause(
            "billing-terminal-left",
            "TerminalLeft",
            "A provider says that an ended subscription runs again.",
        ),
        Cause(
            "billing-unknown-status",
            "UnknownStatus",
            "A provider uses a word for a status that we do not know; the last known one is kept.",
        ),
        Cause(
            "billing-api-version-new",
            "ApiVersionNew",
            "Events come in an API version that was never seen before.",
        ),
        Cause(
            "billing-projection-lag",
            "ProjectionLag",
            "Events are projected a quarter of an hour after they were received,"
            " or wait that long.",
            at_least=900,
            gauge=True,
        ),
    ),
)
