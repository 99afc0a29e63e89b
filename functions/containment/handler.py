"""Lambda entry: carries out what a person orders, and every minute looks after what is due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.containment.settings import Settings
from tocsin.adapters.containment.roles import AssumedTargets
from tocsin.adapters.containment.rulebook import DynamoRulebook
from tocsin.adapters.containment.store import DynamoRuns
from tocsin.application.containment.office import Office
from tocsin.containment.registry import ACTIONS
from tocsin.runtime.clock import wall_clock
from tocsin.runtime.settings import load
from tocsin.runtime.watch.invocation import lean_watch
from tocsin.runtime.wiring.incidents import connect, tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.runtime.watch.invocation import TimedContext

SETTINGS = load(Settings)
WATCH = lean_watch("containment", stage=SETTINGS.STAGE, level=SETTINGS.LOG_LEVEL)
DYNAMODB = tables()
OFFICE = Office(
    engine=connect(
        SETTINGS.INCIDENTS_TABLE,
        clock=WATCH.clock,
        operations_table=SETTINGS.OPERATIONS_TABLE,
        tell=WATCH.rotas_unread,
        policy_unread=WATCH.policy_unread,
        dynamodb=DYNAMODB,
    ),
    runs=DynamoRuns(DYNAMODB, SETTINGS.OPERATIONS_TABLE),
    book=DynamoRulebook(DYNAMODB, SETTINGS.OPERATIONS_TABLE),
    targets=AssumedTargets(
        {name: SETTINGS.CONTAINMENT_ROLE.format(action=name) for name in ACTIONS.names},
        wall_clock(),
    ),
    wall=wall_clock(),
    notes=WATCH,
)
LAST_MOMENT_MS = 25_000
"""A run is not looked after with less time left than one takes whose services are slow."""


def lambda_handler(event: Mapping[str, Any], context: TimedContext) -> dict[str, Any]:
    """An order of `incident_api`, which alone may call; any other event looks at what is due."""
    with WATCH.invocation(context, correlation_id=event.get("correlation_id", "")):
        if "order" in event:
            return OFFICE.answer(event["order"])
        return OFFICE.sweep(
            has_time=lambda: context.get_remaining_time_in_millis() > LAST_MOMENT_MS
        )
