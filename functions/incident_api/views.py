"""What the API shows of an incident: plain JSON, times in UTC, words of the runbook.

Part of the interface: a field is added, never renamed or given another meaning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.incidents.timeline import format_time

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tocsin.incidents.model import Clock, Incident, Round
    from tocsin.incidents.timeline import Entry
    from tocsin.ports import Page, Summary


def incident_view(incident: Incident) -> dict[str, Any]:
    """The incident at its version."""
    return {
        "id": incident.id,
        "kind": incident.kind,
        "title": incident.title,
        "severity": incident.severity,
        "category": incident.category,
        "state": incident.state,
        "source": incident.source,
        "service": incident.service,
        "environment": incident.environment,
        "opened_at": format_time(incident.opened_at),
        "began_at": _time(incident.began_at),
        "closed_at": _time(incident.closed_at),
        "resolution": incident.resolution,
        "restricted": incident.restricted,
        "firing": incident.firing,
        "cycle": incident.cycle,
        "roles": {role: incident.roles[role] for role in sorted(incident.roles)},
        "responders": list(incident.responders),
        "round": _round(incident.round),
        "policy_version": incident.policy_version,
        "correlation_id": incident.correlation_id,
        "version": incident.version,
    }


def clocks_view(incident: Incident, *, now: datetime) -> dict[str, Any]:
    """Every clock of the incident; `now` is incident time, seconds left may be negative."""
    return {
        "incident": incident.id,
        "severity": incident.severity,
        "now": format_time(now),
        "clocks": [_clock(clock, now) for clock in incident.clocks.values()],
        "round": _round(incident.round),
        "version": incident.version,
    }


def timeline_view(incident: Incident, entries: Iterable[Entry], *, limit: int) -> dict[str, Any]:
    """A page of the timeline; `next` is the `after` of the following page, or null."""
    lines = [_entry(entry) for entry in entries]
    more = len(lines) == limit and lines[-1]["seq"] < incident.version if lines else False
    return {
        "incident": incident.id,
        "version": incident.version,
        "entries": lines,
        "next": lines[-1]["seq"] if more else None,
    }


def board_view(page: Page, shown: Iterable[Summary]) -> dict[str, Any]:
    """A page of the board; `next` is the `cursor` of the following page, or null."""
    return {"incidents": [_summary(summary) for summary in shown], "next": page.cursor}


def _summary(summary: Summary) -> dict[str, Any]:
    return {
        "id": summary.id,
        "title": summary.title,
        "severity": summary.severity,
        "state": summary.state,
        "category": summary.category,
        "opened_at": format_time(summary.opened_at),
        "restricted": summary.restricted,
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        **entry.header,
        "hash": entry.hash.hex(),
        "prev_hash": entry.prev_hash.hex(),
        "correlation_id": entry.correlation_id,
        "content": dict(entry.content),
    }


def _clock(clock: Clock, now: datetime) -> dict[str, Any]:
    left = (clock.due_at - now).total_seconds() if clock.due_at and clock.running else None
    return {
        "clock": clock.name,
        "target": clock.target,
        "started_at": format_time(clock.started_at),
        "due_at": _time(clock.due_at),
        "recovery_due": _time(clock.recovery_due),
        "stopped_at": _time(clock.stopped_at),
        "missed_at": _time(clock.missed_at),
        "attainment": clock.attainment,
        "seconds_left": None if left is None else int(left),
    }


def _round(current: Round | None) -> dict[str, Any] | None:
    if current is None:
        return None
    return {
        "number": current.number,
        "reason": current.reason,
        "started_at": format_time(current.started_at),
        "due_at": format_time(current.due_at),
        "acknowledged_at": _time(current.acknowledged_at),
        "acknowledged_by": current.acknowledged_by,
        "missed_at": _time(current.missed_at),
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)
