"""Lambda entry: outbox items, from the table's stream or overdue, become messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.notifier.assembly import wire
from functions.notifier.intake import take
from functions.notifier.settings import Settings
from tocsin.runtime.settings import load
from tocsin.runtime.watch.invocation import lean_watch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.runtime.watch.invocation import LambdaContext

SETTINGS = load(Settings)
WATCH = lean_watch("notifier", stage=SETTINGS.STAGE, level=SETTINGS.LOG_LEVEL)
NOTIFIER = wire(SETTINGS, WATCH)


def lambda_handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers with the stream records that failed for good, or what became of what was asked."""
    with WATCH.invocation(context):
        if "contact" in event:
            return NOTIFIER.contacting.answer(event["contact"])
        if "report" in event:
            return NOTIFIER.report_mails.answer(event["report"])
        return take(event, delivery=NOTIFIER.delivery, owner=context.aws_request_id)
