"""`POST /webhooks/github`: a delivery, verified, pruned, queued, acknowledged.

GitHub waits ten seconds and sends nothing again by itself, so as little as possible is done here.
What is not known to be safe to keep is gone before anything is queued.
"""

from __future__ import annotations

import gc
from functools import partial
from typing import TYPE_CHECKING, Any

from functions.github_ingest.deliveries import Deliveries, Deployments, WebhookSecrets
from functions.github_ingest.settings import Settings
from tocsin.adapters.releases.deployments import DynamoDeployments
from tocsin.errors import TocsinError
from tocsin.notes import Event, Metric
from tocsin.runtime import settings
from tocsin.runtime.aws import http as aws_http
from tocsin.runtime.aws.secrets import CachedSecret
from tocsin.runtime.clock import wall_clock
from tocsin.runtime.watch import json_lines
from tocsin.runtime.web import http

if TYPE_CHECKING:
    from functions.github_ingest.deliveries import Taken

SETTINGS = settings.load(Settings)


def _deployments() -> Deployments | None:
    """Where deployments wait, in a stage that answers for them."""
    if SETTINGS.DEPLOYMENTS == "off":
        return None
    gate = aws_http.from_environment("lambda_event")
    wish = {"FunctionName": SETTINGS.DEPLOYMENT_GATE_FUNCTION, "Payload": {}}
    return Deployments(
        store=DynamoDeployments(aws_http.from_environment("dynamodb"), SETTINGS.OPERATIONS_TABLE),
        wake=partial(gate.call, "Invoke", wish),
        api=SETTINGS.GITHUB_API,
    )


DELIVERIES = Deliveries(
    wanted=SETTINGS.GITHUB_WEBHOOKS == "on",
    secrets=CachedSecret(
        aws_http.from_environment("secretsmanager"), SETTINGS.GITHUB_SECRET, WebhookSecrets
    ),
    queue=aws_http.from_environment("sqs"),
    queue_url=SETTINGS.SIGNALS_QUEUE_URL,
    deployments=_deployments(),
)
CLOCK = wall_clock()
LARGEST = 5_000_000
"""Bytes; Lambda takes no more than 6 MB, and little of a delivery is kept."""
json_lines.start("github_ingest", stage=SETTINGS.STAGE, level=SETTINGS.LOG_LEVEL)
gc.freeze()  # what init made lives as long as the environment; no collection need look at it


def lambda_handler(event: dict[str, Any], context: Any) -> http.Response:
    """Payload format 2.0 in; 202 once the delivery is durable, else a problem with its code."""
    with json_lines.invocation(context):
        return _received(event, correlation_id=context.aws_request_id)


def _received(event: dict[str, Any], *, correlation_id: str) -> http.Response:
    try:
        request = http.parse(event, max_body=LARGEST)
        taken = DELIVERIES.take(request.headers, request.body, at=CLOCK.wall_now())
    except TocsinError as error:
        _note_refusal(error)
        return http.problem(error, correlation_id=correlation_id)
    _note(taken, len(request.body))
    return http.answer(202 if taken.queued else 200, {"status": taken.status})


def _note(taken: Taken, body_bytes: int) -> None:
    json_lines.log_and_count(
        Event.DELIVERY_TAKEN,
        Metric.WEBHOOKS_ACCEPTED,
        by={"provider": "github"},
        event_type=taken.event,
        event_id=taken.guid,
        body_bytes=body_bytes,
        kept_bytes=taken.kept_bytes,
    )


def _note_refusal(error: TocsinError) -> None:
    """A refusal is the sender's fault or ours; the two are told apart by causes."""
    ours = error.status >= 500  # noqa: PLR2004 - HTTP
    json_lines.log_and_count(
        Event.WEBHOOK_UNSTORED if ours else Event.WEBHOOK_REJECTED,
        Metric.WEBHOOKS_UNSTORED if ours else Metric.WEBHOOKS_REJECTED,
        level="ERROR" if ours else "WARNING",
        by={"provider": "github", "reason": error.code},
        code=error.code,
        **error.context,
    )
