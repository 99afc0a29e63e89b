"""`POST /webhooks/{provider}[/{endpoint}]`: a provider's event, verified, stored, acknowledged.

Only what one delivery needs is imported here: no SDK, no client, no framework. A provider counts
a slow answer as a failed delivery, and enough of those disable the endpoint.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

from functions.webhook_ingest.settings import Settings
from tocsin.adapters.billing.projection.ledger import DynamoDbLedger
from tocsin.application.billing.projection.ingest import Delivery, Ingest
from tocsin.billing.identity import Registrations
from tocsin.errors import TocsinError
from tocsin.notes import Event, Metric
from tocsin.providers.bodies.codec import keep
from tocsin.providers.registry import PROVIDERS, webhook_reader
from tocsin.runtime import settings
from tocsin.runtime.aws import http as aws_http
from tocsin.runtime.aws.secrets import CachedSecret
from tocsin.runtime.clock import wall_clock
from tocsin.runtime.watch import json_lines
from tocsin.runtime.web import http

if TYPE_CHECKING:
    from tocsin.application.billing.projection.ingest import Receipt

SETTINGS = settings.load(Settings)
INGEST = Ingest(
    registrations=CachedSecret(
        aws_http.from_environment("secretsmanager"), SETTINGS.REGISTRATIONS_SECRET, Registrations
    ),
    reader=webhook_reader,
    ledger=DynamoDbLedger(aws_http.from_environment("dynamodb"), SETTINGS.BILLING_EVENTS_TABLE),
    pack=keep,
)
CLOCK = wall_clock()
json_lines.start("webhook_ingest", stage=SETTINGS.STAGE, level=SETTINGS.LOG_LEVEL)
gc.freeze()  # what init made lives as long as the environment; no collection need look at it


def lambda_handler(event: dict[str, Any], context: Any) -> http.Response:
    """Payload format 2.0 in; 200 once the event is durable, a problem with its code otherwise."""
    with json_lines.invocation(context):
        return _received(event, correlation_id=context.aws_request_id)


def _received(event: dict[str, Any], *, correlation_id: str) -> http.Response:
    named = (event.get("pathParameters") or {}).get("provider", "")
    provider = named if named in PROVIDERS else "unknown"
    try:
        request = http.parse(event)
        delivery = Delivery(
            provider=named,
            endpoint=request.path_parameters.get("endpoint", "default"),
            headers=request.headers,
            body=request.body,
        )
        receipt = INGEST.receive(delivery, now=int(CLOCK.wall_now().timestamp()))
    except TocsinError as error:
        _note_refusal(error, provider)
        return http.problem(error, correlation_id=correlation_id)
    _note_receipt(receipt, provider, len(request.body))
    return http.answer(200, {"status": "stored" if receipt.stored else "duplicate"})


def _note_receipt(receipt: Receipt, provider: str, body_bytes: int) -> None:
    envelope = receipt.record.envelope
    json_lines.log_and_count(
        Event.WEBHOOK_ACCEPTED if receipt.stored else Event.WEBHOOK_DUPLICATE,
        Metric.WEBHOOKS_ACCEPTED if receipt.stored else Metric.WEBHOOKS_DUPLICATE,
        by={"provider": provider},
        event_id=envelope.id,
        event_type=envelope.type,
        event_class=envelope.event_class,
        api_version=envelope.api_version,
        created=envelope.created,
        body_bytes=body_bytes,
        kept_bytes=len(receipt.record.body),
    )


def _note_refusal(error: TocsinError, provider: str) -> None:
    """A refusal is the sender's fault or ours; the two are told apart by alarms."""
    ours = error.status >= 500  # noqa: PLR2004 - HTTP
    json_lines.log_and_count(
        Event.WEBHOOK_UNSTORED if ours else Event.WEBHOOK_REJECTED,
        Metric.WEBHOOKS_UNSTORED if ours else Metric.WEBHOOKS_REJECTED,
        level="ERROR" if ours else "WARNING",
        by={"provider": provider, "reason": error.code},
        code=error.code,
        **error.context,
    )
