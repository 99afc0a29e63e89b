"""`outage_watch` reads checkouts, breakers and the ledger, writes what it saw, and tells of it.

It settles checkouts at the providers, and writes evidence and updates into incidents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.bundle.groups import SELLING
from infra.spec import Cause, FunctionSpec
from infra.statements import (
    Statement,
    data_key_through_dynamodb,
    data_key_through_secrets_manager,
    key_through_sqs,
    read_provider_keys,
    write_incidents,
)

if TYPE_CHECKING:
    from infra.constructs.event_sources import EventSources
    from infra.constructs.function import TocsinFunction


def _wake(made: TocsinFunction, sources: EventSources) -> None:
    """Every minute: an outage is noticed within a few."""
    reason = "A lost round holds nothing to redrive: the next one, a minute later, sees it all."
    sources.triggers.turns(made, reason)
    if not sources.context.providers:
        return
    sources.triggers.at_rate(
        made, "EveryMinuteOutages", "rate(1 minute)", says="Looks for outages", reason=reason
    )


FUNCTION = FunctionSpec(
    name="outage_watch",
    purpose="Sees whether customers can pay and whether providers' news arrives",
    group=SELLING,
    memory=512,
    # Under a minute, so that a slow round ends before the next one starts.
    timeout=55,
    # One for the schedule, one for what people ask of it.
    reserved=2,
    incident_clock=True,
    statements=(
        Statement(
            sid="KeepCheckoutsAndStatus",
            actions=("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"),
            resources=("table/operations",),
        ),
        Statement(
            sid="ReadLedgerHours",
            actions=("dynamodb:Query",),
            resources=("table/billing-events",),
        ),
        write_incidents(),
        read_provider_keys(),
        Statement(
            # What customers meet opens an incident, by the queue that alarms come in by.
            sid="RingAlarms",
            actions=("sqs:SendMessage",),
            resources=("queue/alarms",),
        ),
        key_through_sqs(),
        data_key_through_dynamodb(),
        data_key_through_secrets_manager(),
    ),
    woken_by=_wake,
    causes=(
        Cause("checkout-failing", "CheckoutTrouble", "Checkouts fail at a provider.", gauge=True),
        Cause(
            "webhooks-failing",
            "WebhookTrouble",
            "Webhooks of a provider do not get through to us.",
            gauge=True,
        ),
        Cause(
            "webhooks-late",
            "WebhookDelay",
            "News from a provider arrives late or not at all.",
            gauge=True,
        ),
        Cause(
            "billing-diverges",
            "StateDivergence",
            "Subscriptions are not as a provider says they are.",
            gauge=True,
        ),
        Cause("no-payment-path", "NoPaymentPath", "Nobody can pay by any path.", gauge=True),
        Cause(
            "outage-watch-blind",
            "LooksFailed",
            "A look for outages fails: one would not be noticed.",
            at_least=2,
        ),
    ),
)
