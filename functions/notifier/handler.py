"""Lambda entry: outbox items, from the table's stream or overdue, become messages."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from functions.notifier.delivery import Delivery, registered_senders
from functions.notifier.intake import take
from functions.notifier.settings import Settings
from tocsin.runtime.application import connect
from tocsin.runtime.clock import wall_clock
from tocsin.runtime.invocation import watch
from tocsin.runtime.settings import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.runtime.invocation import LambdaContext

SETTINGS = load(Settings)
WATCH = watch("notifier", stage=SETTINGS.STAGE, level=SETTINGS.LOG_LEVEL)
APPLICATION = connect(SETTINGS.INCIDENTS_TABLE, clock=WATCH.clock)
DELIVERY = Delivery(
    store=APPLICATION.store,
    policies=APPLICATION.policies,
    clock=WATCH.clock,
    wall=wall_clock(),
    senders=registered_senders(asdict(SETTINGS)),
    watch=WATCH,
)


def lambda_handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers with the stream records that failed for good, or the results of a redrive."""
    with WATCH.invocation(context):
        return take(event, delivery=DELIVERY, owner=context.aws_request_id)
