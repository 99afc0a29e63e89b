"""The stored form of preventive work: `ACTION#<id>` beside its incident, on a board of its own.

A board line names the work and its incident; the text is read from the item.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tocsin.incidents.queries.prevention import PreventiveAction
from tocsin.incidents.timeline.codec import decode_fields, encode_fields
from tocsin.incidents.timeline.entry import canonical_json, format_time

if TYPE_CHECKING:
    from tocsin.incidents.model.incident import Incident

RESTRICTED = "restricted"


def action_sk(action: PreventiveAction) -> str:
    """Its place beside its incident."""
    return f"ACTION#{action.action}"


def board_pk(*, done: bool) -> str:
    """The board of open work, or of what was done."""
    return "L#action-done" if done else "L#action-open"


def board_sk(action: PreventiveAction) -> str:
    """By due time; the rest makes it one line."""
    return f"{format_time(action.work.due_at)}#{action.incident}#{action.action}"


def action_text(action: PreventiveAction) -> str:
    """The work as text."""
    return canonical_json(encode_fields(action)).decode()


def action_of(text: str) -> PreventiveAction:
    """The inverse of `action_text`."""
    return decode_fields(PreventiveAction, json.loads(text))


def shown(action: PreventiveAction, incident: Incident) -> dict[str, str]:
    """What the index carries; nothing of what a restricted incident is about."""
    hidden = incident.restricted
    return {
        "title": RESTRICTED if hidden else action.work.text,
        "severity": str(incident.severity),
        "state": "open" if action.open else "done",
        "category": RESTRICTED if hidden else str(incident.category),
    }
