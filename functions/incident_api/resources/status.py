"""How far an incident has come: clocks, gate, checklist, and what a change of severity would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.incident_api.resources.incident_view import moment, round_view
from tocsin.incidents.queries.gate import unmet
from tocsin.incidents.queries.metrics import attainment
from tocsin.incidents.timeline.entry import format_time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from functions.incident_api.resources import status_shapes as a
    from tocsin.application.incidents.foresee import Foresight
    from tocsin.incidents.model.incident import Clock, Incident
    from tocsin.incidents.queries.checklist import ItemView, PhaseView
    from tocsin.incidents.queries.explain import Explanation
    from tocsin.incidents.queries.gate import Standing
    from tocsin.incidents.queries.metrics import Metrics
    from tocsin.incidents.queries.priorities import Priority
    from tocsin.incidents.vocabulary import Attainment, ClockName, Severity


def clocks_view(
    incident: Incident, explained: Mapping[ClockName, Explanation], *, now: datetime
) -> a.Clocks:
    """Every clock of the incident; `now` is incident time, seconds left may be negative."""
    results = attainment(incident)
    return {
        "incident": incident.id,
        "severity": incident.severity,
        "now": format_time(now),
        "clocks": [
            _clock(clock, results[clock.name], explained.get(clock.name), now)
            for clock in incident.clocks.values()
        ],
        "round": round_view(incident.round),
        "version": incident.version,
    }


def metrics_view(incident: Incident, found: Metrics) -> a.Metrics:
    """What the timeline says about how it went; times are whole seconds."""
    return {
        "incident": incident.id,
        "counted": found.counted,
        "attained": found.attained,
        "detection_lag": found.detection_lag,
        "time_to_triage": found.time_to_triage,
        "triaged": found.triaged,
        "time_to_acknowledge": found.time_to_acknowledge,
        "time_to_contain": found.time_to_contain,
        "time_to_fix": found.time_to_fix,
        "time_to_close": found.time_to_close,
        "phases": dict(found.phases),
        "reopened": found.reopened,
        "rounds": found.rounds,
        "resolution": found.resolution,
        "cycles": [
            {"cycle": cycle.number, "attainment": dict(cycle.attainment)} for cycle in found.cycles
        ],
        "version": incident.version,
    }


def gate_view(incident: Incident, standings: tuple[Standing, ...], *, now: datetime) -> a.Gate:
    """Every criterion that applies, and whether all of them are met or waived."""
    return {
        "incident": incident.id,
        "now": format_time(now),
        "open": not unmet(standings),
        "criteria": [
            {
                "code": line.code,
                "text": line.text,
                "status": line.status,
                "evidence": line.evidence,
                "next_step": line.next_step,
                "waivable": line.waivable,
            }
            for line in standings
        ],
        "version": incident.version,
    }


def checklist_view(
    incident: Incident,
    next_steps: Sequence[Priority],
    phases: Sequence[PhaseView],
    *,
    now: datetime,
) -> a.Checklist:
    """What to do next, then every phase with its items."""
    return {
        "incident": incident.id,
        "now": format_time(now),
        "priorities": [
            {"code": step.code, "text": step.text, "due_at": moment(step.due_at)}
            for step in next_steps
        ],
        "phases": [
            {
                "phase": phase.phase,
                "title": phase.title,
                "due_at": moment(phase.due_at),
                "items": [_item(item) for item in phase.items],
            }
            for phase in phases
        ],
        "version": incident.version,
    }


def preview_view(foresight: Foresight, new: Severity) -> a.Preview:
    """Old and new deadlines, side by side."""
    incident = foresight.incident
    asked = foresight.round_old or foresight.round_new
    return {
        "incident": incident.id,
        "old": incident.severity,
        "new": new,
        "now": format_time(foresight.at),
        "acknowledge": {
            "old_due": moment(foresight.round_old),
            "new_due": moment(foresight.round_new),
        }
        if asked
        else None,
        "clocks": [
            {
                "clock": change.clock,
                "old_target": incident.clocks[change.clock].target,
                "new_target": change.target,
                "old_due": moment(change.old_due),
                "new_due": moment(change.new_due),
                "late_on_raise": change.late_on_raise,
                "recovery_due": moment(change.recovery_due),
            }
            for change in foresight.clocks
        ],
        "version": incident.version,
    }


def _clock(
    clock: Clock, result: Attainment, explanation: Explanation | None, now: datetime
) -> a.Clock:
    left = (clock.due_at - now).total_seconds() if clock.due_at and clock.running else None
    return {
        "clock": clock.name,
        "target": clock.target,
        "started_at": format_time(clock.started_at),
        "due_at": moment(clock.due_at),
        "recovery_due": moment(clock.recovery_due),
        "stopped_at": moment(clock.stopped_at),
        "missed_at": moment(clock.missed_at),
        "paused_until": None if clock.pause is None else format_time(clock.pause.until),
        "attainment": result,
        "seconds_left": None if left is None else int(left),
        "explanation": None if explanation is None else _explained(explanation),
    }


def _explained(found: Explanation) -> a.Explanation:
    return {
        "zone": found.zone,
        "calendar_version": found.calendar_version,
        "stretches": [
            {
                "day": stretch.day,
                "start": format_time(stretch.start),
                "end": format_time(stretch.end),
                "minutes": stretch.minutes,
                "used": stretch.used,
            }
            for stretch in found.stretches
        ],
        "paused_minutes": found.paused_minutes,
        "turns": [
            {
                "at": format_time(turn.at),
                "cause": turn.cause,
                "old_due": moment(turn.old_due),
                "new_due": moment(turn.new_due),
            }
            for turn in found.turns
        ],
        "counted_due": moment(found.counted_due),
        "rule": found.rule,
    }


def _item(view: ItemView) -> a.Item:
    settled = view.settled
    return {
        "item": view.item.id,
        "text": view.item.text,
        "state": None if settled is None else settled.state,
        "by": None if settled is None else settled.by,
        "at": None if settled is None else format_time(settled.at),
        "late": view.late,
    }
