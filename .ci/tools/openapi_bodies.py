"""What requests carry: commands by their fields, the rest as its function reads it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tocsin.billing.identity import MODES
from tocsin.billing.subscription import Status
from tocsin.incidents.commands.help import about
from tocsin.incidents.commands.shapes import Shape, shapes
from tocsin.incidents.commands.verbs import STEP
from tocsin.providers.registry import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOMENT = {"type": "string", "format": "date-time"}
_TEXT = {"type": "string"}
_OCCURRED = _MOMENT | {"description": "When it happened, if not now."}


def of_wish(wish: type, *, step: str = "", at: bool = False) -> dict[str, Any]:
    """The body of a command; `at` adds when it happened, which every command may say."""
    fields = shapes(wish)
    properties = {shape.name: _field(shape) for shape in fields}
    needed = [shape.name for shape in fields if shape.required]
    if step:
        properties = {STEP: {"const": step}} | properties
        needed = [STEP, *needed]
    if at:
        properties["occurred_at"] = _OCCURRED
    said = (wish.__doc__ or wish.__name__).strip().splitlines()[0]
    return _object(said, properties, needed)


def _field(shape: Shape) -> dict[str, Any]:
    one = _kind(shape.kind)
    found = {"type": "array", "items": one, "maxItems": 200} if shape.many else dict(one)
    found["description"] = about(shape.name)
    if shape.default not in (None, (), ""):
        found["default"] = shape.default
    return found


def _kind(kind: type) -> dict[str, Any]:
    if issubclass(kind, StrEnum):
        return {"type": "string", "enum": [word.value for word in kind]}
    plain = {str: "string", bool: "boolean", int: "integer"}
    if kind is datetime:
        return dict(_MOMENT)
    return {"type": plain[kind]} if kind in plain else of_wish(kind)


def _object(said: str, properties: Mapping[str, Any], needed: list[str]) -> dict[str, Any]:
    found = {
        "type": "object",
        "description": said,
        "properties": dict(properties),
        "additionalProperties": False,
    }
    return found | ({"required": needed} if needed else {})


_SUBSCRIPTION = {
    "provider": {"type": "string", "enum": list(PROVIDERS.names)},
    "account": _TEXT,
    "mode": {"type": "string", "enum": list(MODES)},
    "subscription": _TEXT,
    "reason": _TEXT | {"description": "Why; part of the record."},
    "approval": _TEXT | {"description": "INCIDENT:ENTRY, while a billing incident is open."},
}
_NEEDED = ["provider", "account", "mode", "subscription", "reason"]

LIFT = _object("Which subscription's correction.", _SUBSCRIPTION, _NEEDED)
CORRECTION = _object(
    "What a subscription shall count as, and until when.",
    _SUBSCRIPTION
    | {"status": {"type": "string", "enum": [word.value for word in Status]}, "until": _MOMENT},
    [*_NEEDED, "status", "until"],
)

_SIGNED = {
    "summary": "A provider's webhook, verified over its raw bytes",
    "tags": ["webhook_ingest"],
    "security": [],
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object"}}},
    },
    "responses": {
        "200": {"description": "Stored, now or before; or of a kind that is not kept."},
        "default": {"$ref": "#/components/responses/Problem"},
    },
}


def _webhook(*names: str) -> dict[str, Any]:
    parameters = [{"name": name, "in": "path", "required": True, "schema": _TEXT} for name in names]
    return {"operationId": "_".join(("post_webhooks", *names)), "parameters": parameters} | _SIGNED


OPEN: Mapping[str, dict[str, Any]] = MappingProxyType(
    {
        "POST /webhooks/{provider}": _webhook("provider"),
        "POST /webhooks/{provider}/{endpoint}": _webhook("provider", "endpoint"),
    }
)
"""What is not signed with IAM, by route key; pages for browsers are no part of the document."""


ROTATION = _object(
    "Who takes turns; an empty text among the members is a turn nobody takes.",
    {
        "zone": _TEXT | {"description": "Whose wall clock, like Europe/Berlin."},
        "starts_at": _MOMENT | {"description": "The first hand-off."},
        "length_days": {"type": "integer", "minimum": 1, "maximum": 366, "default": 7},
        "members": {"type": "array", "items": _TEXT, "maxItems": 40},
        "backups": {"type": "array", "items": _TEXT, "maxItems": 40},
        "deputies": {"type": "array", "items": _TEXT, "maxItems": 40},
    },
    ["zone", "starts_at", "members"],
)
OVERRIDE = _object(
    "A person in the place of whoever's turn it is.",
    {
        "person": _TEXT,
        "starts_at": _MOMENT | {"description": "Now without."},
        "ends_at": _MOMENT,
        "rank": {"type": "string", "enum": ["primary", "backup"], "default": "primary"},
        "reason": _TEXT,
    },
    ["person", "ends_at"],
)
PUBLISH = _object(
    "A runbook and why it changes.",
    {
        "policy": {
            "type": "object",
            "description": "As `tocsin runbook compile` writes it; its `change` is not kept.",
        },
        "why": _TEXT | {"description": "One line, part of the record.", "maxLength": 200},
    },
    ["policy", "why"],
)
END_OVERRIDE = _object("Which override ends now.", {"override": _TEXT}, ["override"])
