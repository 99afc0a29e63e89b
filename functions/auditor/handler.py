"""Lambda entry: every minute, whether everything that was due was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.auditor.settings import Settings
from tocsin.adapters.incidents.keys import due_sk
from tocsin.adapters.people.rotas import DynamoRotas
from tocsin.adapters.people.stores import DynamoContacts
from tocsin.application.incidents.audit import Auditor
from tocsin.application.incidents.heartbeat import Heartbeat
from tocsin.application.people.contacts import missed
from tocsin.runtime.settings import load
from tocsin.runtime.watch.dead_man import Ping
from tocsin.runtime.watch.invocation import watch
from tocsin.runtime.wiring.incidents import connect, connect_audit, tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.runtime.watch.invocation import TimedContext

SETTINGS = load(Settings)
WATCH = watch("auditor", stage=SETTINGS.STAGE, level=SETTINGS.LOG_LEVEL)
DYNAMODB = tables()
APPLICATION = connect(
    SETTINGS.INCIDENTS_TABLE,
    clock=WATCH.clock,
    policies_table=SETTINGS.OPERATIONS_TABLE,
    policy_unread=WATCH.policy_unread,
    dynamodb=DYNAMODB,
)
CONTACTS = DynamoContacts(DYNAMODB, table=SETTINGS.OPERATIONS_TABLE)
ROTAS = DynamoRotas(DYNAMODB, table=SETTINGS.OPERATIONS_TABLE)
HEARTBEAT = Heartbeat(
    auditor=Auditor(
        store=APPLICATION.store,
        marks=connect_audit(SETTINGS.INCIDENTS_TABLE),
        policies=APPLICATION.policies,
        clock=WATCH.clock,
        due_second=due_sk,
    ),
    clock=WATCH.clock,
    notes=WATCH,
    ping=Ping(SETTINGS.DEAD_MAN_URL),
    read_policy=APPLICATION.policies.current,
    unreachable=lambda: missed(
        APPLICATION.policies.current(), CONTACTS, ROTAS, now=WATCH.clock.incident_now()
    ),
)
LAST_MOMENT_MS = 10_000


def lambda_handler(_event: Mapping[str, Any], context: TimedContext) -> dict[str, Any]:
    """Answers with what was found; a run that found nothing sends the heartbeat."""
    with WATCH.invocation(context):
        return HEARTBEAT.run(
            has_time=lambda: context.get_remaining_time_in_millis() > LAST_MOMENT_MS
        )
