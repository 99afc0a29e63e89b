"""`outage_watch` reads checkouts, breakers and the ledger, writes what it saw, and tells of it.

It settles checkouts at the providers, and writes evidence and updates into incidents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.bundle.groups import SELLING
from infra.constructs.alarms import ONE_MINUTE
from infra.spec import FunctionSpec
from infra.statements import (
    Statement,
    data_key_through_dynamodb,
    data_key_through_secrets_manager,
)

if TYPE_CHECKING:
    from infra.constructs.function import TocsinFunction
    from infra.constructs.wiring import Wiring


# By these, what customers meet opens an incident: they ring on the alarms topic too. Measure,
# alarm, what it says; `{}` is the provider, and one without it is about all.
OUTAGES = (
    ("CheckoutTrouble", "checkout-{}-failing", "Checkouts fail at {}."),
    ("WebhookTrouble", "webhooks-{}-failing", "Webhooks of {} do not get through to us."),
    ("WebhookDelay", "webhooks-{}-backlog", "News from {} arrives late or not at all."),
    ("StateDivergence", "billing-{}-diverges", "Subscriptions are not as {} says they are."),
    ("NoPaymentPath", "checkout-all-providers-failing", "Nobody can pay by any path."),
)


def _wake(made: TocsinFunction, wiring: Wiring) -> None:
    """Every minute: an outage is noticed within a few."""
    reason = "A lost round holds nothing to redrive: the next one, a minute later, sees it all."
    wiring.triggers.turns(made, reason)
    if not wiring.context.providers:
        return
    wiring.schedules.wake(made, "EveryMinuteOutages", "rate(1 minute)", says="Looks for outages")
    wiring.alarms.add(
        wiring.stack,
        "outage-watch-silent",
        says="Nobody has looked for outages of billing providers for five minutes.",
        metric=made.function.metric_invocations(period=ONE_MINUTE),
        periods=5,
        below=True,
        silence_is_bad=True,
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
        Statement(
            sid="WriteIncidents",
            actions=("dynamodb:GetItem", "dynamodb:PutItem"),
            resources=("table/incidents",),
        ),
        Statement(
            sid="ReadProviderKeys",
            actions=("secretsmanager:GetSecretValue",),
            resources=("secret/provider-keys",),
        ),
        data_key_through_dynamodb(),
        data_key_through_secrets_manager(),
    ),
    woken_by=_wake,
)
