"""What requests carry: wishes by their fields, webhooks as their providers send them."""

from __future__ import annotations

from dataclasses import is_dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tocsin.incidents.commands.help import about
from tocsin.incidents.commands.shapes import Shape, shapes
from tocsin.incidents.commands.verbs import STEP
from tools.openapi_shapes import schema_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXT = {"type": "string"}
_MOMENT = schema_of(datetime)
_MOST = 200


def of_wish(wish: type, *, step: str = "", at: bool = False) -> dict[str, Any]:
    """The body of a wish; `at` adds when it happened, which every command may say."""
    fields = shapes(wish)
    properties = {shape.name: _field(shape) for shape in fields}
    needed = [shape.name for shape in fields if shape.required]
    if step:
        properties = {STEP: {"const": step}} | properties
        needed = [STEP, *needed]
    if at:
        properties["occurred_at"] = _MOMENT | {"description": "When it happened, if not now."}
    found = {
        "type": "object",
        "description": (wish.__doc__ or wish.__name__).strip().splitlines()[0],
        "properties": properties,
        "additionalProperties": False,
    }
    return found | ({"required": needed} if needed else {})


def _field(shape: Shape) -> dict[str, Any]:
    one = _kind(shape)
    many: dict[str, Any] = {"type": "array", "items": one, "maxItems": _MOST}
    found = many if shape.many else one
    found |= dict(shape.limits)
    if shape.pattern:
        found["pattern"] = f"^{shape.pattern}$"
    found["description"] = shape.about or about(shape.name)
    if shape.default not in (None, (), ""):
        found["default"] = shape.default
    return found


def _kind(shape: Shape) -> dict[str, Any]:
    if shape.among:
        return {"type": "string", "enum": list(shape.among)}
    if is_dataclass(shape.kind):
        return of_wish(shape.kind)
    return schema_of(shape.kind)


_SIGNED = {
    "summary": "A provider's webhook, verified over its raw bytes",
    "tags": ["webhook_ingest"],
    "security": [],
    "requestBody": {
        "required": True,
        "description": "The provider's event, byte for byte as it was signed.",
        "content": {
            "application/json": {
                "schema": {
                    "anyOf": [
                        {
                            "type": "object",
                            "description": "Stripe's event.",
                            "properties": {"id": _TEXT, "type": _TEXT},
                            "required": ["id", "type"],
                            "externalDocs": {"url": "https://docs.stripe.com/api/events/object"},
                        },
                        {
                            "type": "object",
                            "description": "Razorpay's event; its id is in a header.",
                            "properties": {"event": _TEXT},
                            "required": ["event"],
                            "externalDocs": {
                                "url": "https://razorpay.com/docs/webhooks/payloads/subscriptions"
                            },
                        },
                    ]
                }
            }
        },
    },
    "responses": {
        "200": {"description": "Stored, now or before; or of a kind that is not kept."},
        "default": {"$ref": "#/components/responses/Problem"},
    },
}


_DELIVERY = {
    "operationId": "post_webhooks_github",
    "summary": "A delivery of GitHub's, verified over its raw bytes",
    "tags": ["github_ingest"],
    "security": [],
    "parameters": [
        {"name": name, "in": "header", "required": True, "schema": _TEXT}
        for name in ("X-GitHub-Event", "X-GitHub-Delivery", "X-Hub-Signature-256")
    ],
    "requestBody": {
        "required": True,
        "description": "The event, byte for byte as it was signed.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "description": "GitHub's event; what it is stands in a header.",
                    "properties": {"action": _TEXT},
                    "externalDocs": {
                        "url": "https://docs.github.com/webhooks/webhook-events-and-payloads"
                    },
                }
            }
        },
    },
    "responses": {
        "200": {"description": "A ping, answered."},
        "202": {"description": "Queued, as far as it is kept."},
        "default": {"$ref": "#/components/responses/Problem"},
    },
}


def _webhook(*names: str) -> dict[str, Any]:
    parameters = [{"name": name, "in": "path", "required": True, "schema": _TEXT} for name in names]
    return {"operationId": "_".join(("post_webhooks", *names)), "parameters": parameters} | _SIGNED


OPEN: Mapping[str, dict[str, Any]] = MappingProxyType(
    {
        "POST /webhooks/github": _DELIVERY,
        "POST /webhooks/{provider}": _webhook("provider"),
        "POST /webhooks/{provider}/{endpoint}": _webhook("provider", "endpoint"),
    }
)
"""What is not signed with IAM, by route key; pages for browsers are no part of the document."""
