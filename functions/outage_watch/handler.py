"""Lambda entry: once a minute, whether customers can pay and whether providers' news arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.outage_watch.accounts import key_maker
from functions.outage_watch.assembly import wire
from functions.outage_watch.exit_checks import leave
from functions.outage_watch.ringing import AlarmQueue
from functions.outage_watch.settings import Settings
from tocsin.runtime.settings import load
from tocsin.runtime.watch.invocation import watch

if TYPE_CHECKING:
    from collections.abc import Mapping

SETTINGS = load(Settings)
WATCH = watch("outage_watch", stage=SETTINGS.STAGE, level=SETTINGS.LOG_LEVEL)
OUTAGES = wire(SETTINGS, WATCH)


def lambda_handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """One round, or what `billing_api` asks for; a round says what is firing and what failed."""
    with WATCH.invocation(context):
        if "exit" in event:
            return leave(OUTAGES.exit, event["exit"])
        arn = context.invoked_function_arn
        return OUTAGES.rounds(
            key_of=key_maker(arn, SETTINGS.STAGE),
            ring=AlarmQueue(OUTAGES.sqs, SETTINGS.ALARMS_QUEUE_URL, arn, SETTINGS.STAGE).ring,
        ).run()
