"""Stored forms both incident stores share: the snapshot as text, and the line of the board."""

from __future__ import annotations

import json

from tocsin.errors import PayloadTooLarge
from tocsin.incidents.codec import decode_fields, encode_fields
from tocsin.incidents.limits import SNAPSHOT_BYTES
from tocsin.incidents.model import Incident
from tocsin.ports import Summary


def snapshot_text(incident: Incident) -> str:
    """The snapshot as JSON.

    Raises:
        PayloadTooLarge: it is over 16 KB; what grows belongs on the timeline.
    """
    text = json.dumps(encode_fields(incident), separators=(",", ":"), ensure_ascii=False)
    if len(text.encode()) > SNAPSHOT_BYTES:
        raise PayloadTooLarge("the incident holds more than a snapshot takes")
    return text


def snapshot_of(text: str) -> Incident:
    """The inverse of `snapshot_text`; also reads snapshots that lack newer fields."""
    return decode_fields(Incident, json.loads(text))


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
