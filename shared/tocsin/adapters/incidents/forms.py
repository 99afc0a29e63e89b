"""Stored forms both incident stores share: snapshot, line of the board, preventive work, freeze.

The snapshot's text belongs to the incident; the stores reach it through here, like the board.

Preventive work is `ACTION#<id>` beside its incident, on a board of its own. A line of that board
names the work and its incident; the text is read from the item.

A freeze is `FREEZE` / `<service>#<incident>` in the `operations` table. It is never deleted: one
that is over says since when, and the table forgets it a month later. So whoever writes incidents
needs no right to delete anything.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.incidents.queries.freeze import ServiceFreeze
from tocsin.incidents.queries.prevention import PreventiveAction
from tocsin.incidents.timeline.codec import decode_fields, encode_fields
from tocsin.incidents.timeline.entry import canonical_json, format_time
from tocsin.ports.incidents import Summary

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.incidents.model.incident import Incident


def summary_of(incident: Incident) -> Summary:
    """The board's line."""
    return Summary(
        id=incident.id,
        opened_at=incident.opened_at,
        title=incident.title,
        severity=incident.severity,
        state=incident.state,
        category=incident.category,
        restricted=incident.restricted,
    )


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


def shown_on_board(action: PreventiveAction, incident: Incident) -> dict[str, str]:
    """What the index carries; nothing of what a restricted incident is about."""
    hidden = incident.restricted
    return {
        "title": RESTRICTED if hidden else action.work.text,
        "severity": str(incident.severity),
        "state": "open" if action.open else "done",
        "category": RESTRICTED if hidden else str(incident.category),
    }


FREEZE_PK = "FREEZE"

KEPT = timedelta(days=30)


def freeze_sk(held: ServiceFreeze) -> str:
    """The place of one service held by one incident."""
    return f"{held.service}#{held.incident}"


def freeze_text(held: ServiceFreeze) -> str:
    """The freeze as text."""
    return canonical_json(encode_fields(held)).decode()


def freeze_of(text: str) -> ServiceFreeze:
    """The inverse of `freeze_text`."""
    return decode_fields(ServiceFreeze, json.loads(text))


def forgotten_at(held: ServiceFreeze) -> datetime | None:
    """When the table may forget it; None while nobody knows its end."""
    return None if held.until is None else held.until + KEPT
