"""Lambda entry: findings of GitHub and AWS, from their queue, become incidents."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from functions.security_trigger.intake import take
from functions.security_trigger.settings import Settings
from tocsin.runtime.settings import load
from tocsin.runtime.watch.invocation import lean_watch
from tocsin.runtime.wiring.incidents import connect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.runtime.watch.invocation import LambdaContext

SETTINGS = load(Settings)
WATCH = lean_watch("security_trigger", stage=SETTINGS.STAGE, level=SETTINGS.LOG_LEVEL)
APPLICATION = replace(
    connect(
        SETTINGS.INCIDENTS_TABLE,
        clock=WATCH.clock,
        operations_table=SETTINGS.OPERATIONS_TABLE,
        tell=WATCH.rotas_unread,
        policy_unread=WATCH.policy_unread,
        no_number=WATCH.no_number,
    ),
    became=WATCH.signals_became,
)


def lambda_handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers with the queue records that must be delivered again."""
    with WATCH.invocation(context):
        return take(event, application=APPLICATION, watch=WATCH)
