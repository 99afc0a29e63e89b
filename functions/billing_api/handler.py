"""Lambda entry: what is asked of billing over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.billing_api.assembly import wire
from functions.billing_api.routes import Api
from functions.billing_api.settings import Settings
from tocsin.runtime.settings import load
from tocsin.runtime.watch.invocation import watch
from tocsin.runtime.web.identity import SignIn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.runtime.watch.invocation import LambdaContext

SETTINGS = load(Settings)
WATCH = watch("billing_api", stage=SETTINGS.STAGE, level=SETTINGS.LOG_LEVEL)
API = Api(
    office=wire(SETTINGS, WATCH),
    watch=WATCH,
    sign_in=SignIn.read(SETTINGS.STAGE, SETTINGS.SIGN_IN),
)


def lambda_handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers one request of the HTTP API."""
    correlation_id = event.get("requestContext", {}).get("requestId", "")
    with WATCH.invocation(context, correlation_id=correlation_id):
        return API.respond(event)
