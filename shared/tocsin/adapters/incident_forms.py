"""Stored forms both incident stores share: the snapshot as text, and the line of the board.

The snapshot's text belongs to the incident; the stores reach it through here, like the board.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.incidents.events.snapshot import snapshot_of, snapshot_text
from tocsin.ports.incidents import Summary

if TYPE_CHECKING:
    from tocsin.incidents.model.incident import Incident

__all__ = ["snapshot_of", "snapshot_text", "summary_of"]


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
