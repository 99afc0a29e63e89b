"""Lambda entry: findings of GitHub and AWS, from their queue, become incidents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.security_trigger.intake import take
from functions.security_trigger.settings import Settings
from tocsin.runtime.settings import load
from tocsin.runtime.watch.invocation import lean_watch
from tocsin.runtime.wiring.incidents import connect_for_signals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.runtime.watch.invocation import LambdaContext

SETTINGS = load(Settings)
WATCH = lean_watch("security_trigger", stage=SETTINGS.STAGE, level=SETTINGS.LOG_LEVEL)
APPLICATION = connect_for_signals(
    SETTINGS.INCIDENTS_TABLE, operations_table=SETTINGS.OPERATIONS_TABLE, watch=WATCH
)


def lambda_handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers with the queue records that must be delivered again."""
    with WATCH.invocation(context):
        return take(event, application=APPLICATION, watch=WATCH)
