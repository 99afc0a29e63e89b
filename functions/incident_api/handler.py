"""Lambda entry: what responders ask of incidents over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.incident_api.call import Containing, PeopleDesk
from functions.incident_api.routes import Api
from functions.incident_api.settings import Settings
from tocsin.adapters.people.stores import DynamoContacts, DynamoRequests
from tocsin.runtime.aws.invoke import FunctionCaller
from tocsin.runtime.clock import wall_clock
from tocsin.runtime.settings import load
from tocsin.runtime.watch.invocation import lean_watch
from tocsin.runtime.web.identity import SignIn
from tocsin.runtime.wiring.containment import containment_stores
from tocsin.runtime.wiring.evidence import evidence
from tocsin.runtime.wiring.incidents import connect, tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.runtime.watch.invocation import LambdaContext

SETTINGS = load(Settings)
WATCH = lean_watch("incident_api", stage=SETTINGS.STAGE, level=SETTINGS.LOG_LEVEL)
DYNAMODB = tables()
API = Api(
    application=connect(
        SETTINGS.INCIDENTS_TABLE,
        clock=WATCH.clock,
        operations_table=SETTINGS.OPERATIONS_TABLE,
        tell=WATCH.rotas_unread,
        policy_unread=WATCH.policy_unread,
        dynamodb=DYNAMODB,
        no_number=WATCH.no_number,
    ),
    watch=WATCH,
    sign_in=SignIn.read(SETTINGS.STAGE, SETTINGS.SIGN_IN),
    people=PeopleDesk(
        contacts=DynamoContacts(DYNAMODB, table=SETTINGS.OPERATIONS_TABLE),
        requests=DynamoRequests(DYNAMODB, table=SETTINGS.OPERATIONS_TABLE),
        notify=FunctionCaller(SETTINGS.NOTIFIER_FUNCTION, remaining=WATCH.remaining.seconds),
        wall=wall_clock(),
    ),
    archive=evidence(SETTINGS.EVIDENCE_BUCKET),
    containing=lambda: Containing(
        **containment_stores(DYNAMODB, SETTINGS.OPERATIONS_TABLE),
        order=FunctionCaller(SETTINGS.CONTAINMENT_FUNCTION, remaining=WATCH.remaining.seconds),
        wall=wall_clock(),
        on=SETTINGS.CONTAINMENT == "on",
    ),
)


def lambda_handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers one request of the HTTP API."""
    correlation_id = event.get("requestContext", {}).get("requestId", "")
    with WATCH.invocation(context, correlation_id=correlation_id):
        return API.respond(event)
