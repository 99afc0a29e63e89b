"""Lambda entry: what people without a login may ask: links, status, heartbeats, reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.public_intake.routes import Public
from functions.public_intake.settings import Settings
from tocsin.adapters.billing.outage.stores import DynamoDbOutages
from tocsin.application.heartbeats.keep import HeartbeatDesk
from tocsin.application.people.link_facts import LinkFactsDesk
from tocsin.application.people.links import LinkDesk
from tocsin.application.reports.desk import ReportDesk
from tocsin.application.reports.form import PublicForm
from tocsin.people.links import counted_as, keyring
from tocsin.runtime.aws.http import from_environment
from tocsin.runtime.aws.secrets import CachedSecret
from tocsin.runtime.clock import wall_clock
from tocsin.runtime.ids import SystemIds
from tocsin.runtime.settings import load
from tocsin.runtime.watch.invocation import lean_watch
from tocsin.runtime.wiring.incidents import heartbeats, reports
from tocsin.runtime.wiring.people import connect_people

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.runtime.watch.invocation import LambdaContext

SETTINGS = load(Settings)
WATCH = lean_watch("public_intake", stage=SETTINGS.STAGE, level=SETTINGS.LOG_LEVEL)
PEOPLE = connect_people(
    SETTINGS.INCIDENTS_TABLE,
    SETTINGS.OPERATIONS_TABLE,
    clock=WATCH.clock,
    tell=WATCH.rotas_unread,
    policy_unread=WATCH.policy_unread,
)
RING = CachedSecret(from_environment("secretsmanager"), SETTINGS.DELIVERY_KEYS_SECRET, keyring)
OPERATIONS = from_environment("dynamodb")
PUBLIC = Public(
    desk=LinkDesk(
        store=PEOPLE.application.store,
        policies=PEOPLE.manned.policies,
        wall=wall_clock(),
        links=PEOPLE.links,
        ring=RING.get,
        execute=PEOPLE.manned.execute,
    ),
    facts=LinkFactsDesk(
        store=PEOPLE.application.store,
        policies=PEOPLE.manned.policies,
        releases=PEOPLE.releases,
        clock=WATCH.clock,
        notes=WATCH,
    ),
    watch=WATCH,
    status=DynamoDbOutages(OPERATIONS, SETTINGS.OPERATIONS_TABLE).status,
    heartbeats=HeartbeatDesk(
        store=heartbeats(OPERATIONS, SETTINGS.OPERATIONS_TABLE),
        now=WATCH.clock.incident_now,
    ),
    form=PublicForm(
        desk=ReportDesk(
            store=reports(OPERATIONS, SETTINGS.OPERATIONS_TABLE),
            now=WATCH.clock.incident_now,
            wall=wall_clock(),
            ids=SystemIds(wall_clock()),
            triage_minutes=lambda: PEOPLE.manned.policies.current().limits.report_triage_minutes,
        ),
        name_of=lambda address: counted_as(address, RING.get()),
    ),
)


def lambda_handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers one request of the HTTP API."""
    correlation_id = event.get("requestContext", {}).get("requestId", "")
    with WATCH.invocation(context, correlation_id=correlation_id):
        return PUBLIC.respond(event)
