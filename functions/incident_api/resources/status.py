"""How far an incident has come: clocks, gate, checklist, and what a change of severity would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.incident_api.resources import status_shapes as s
from functions.incident_api.resources.incident_view import round_view
from tocsin.incidents.model.parts import ItemState
from tocsin.incidents.queries.checklist import evidence
from tocsin.incidents.queries.explain import beyond_holidays
from tocsin.incidents.queries.gate import unmet
from tocsin.incidents.queries.metrics import attainment
from tocsin.runtime.web.answers import view_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tocsin.application.incidents.foresee import Foresight
    from tocsin.incidents.model.incident import Clock, Incident
    from tocsin.incidents.queries.checklist import ItemView, PhaseView
    from tocsin.incidents.queries.explain import Explanation
    from tocsin.incidents.queries.gate import Standing
    from tocsin.incidents.queries.metrics import Metrics
    from tocsin.incidents.queries.priorities import Priority
    from tocsin.incidents.runbook.calendar import BusinessCalendar
    from tocsin.incidents.timeline.entry import Entry
    from tocsin.incidents.vocabulary import Attainment, ClockName, Severity


def clocks_view(
    incident: Incident,
    explained: Mapping[ClockName, Explanation],
    calendar: BusinessCalendar,
    *,
    now: datetime,
) -> s.Clocks:
    """Every clock of the incident; `now` is incident time, seconds left may be negative."""
    results, years = attainment(incident), calendar.holiday_years
    return s.Clocks(
        incident=incident.id,
        name=incident.name,
        severity=incident.severity,
        now=now,
        clocks=tuple(
            _clock(clock, results[clock.name], explained.get(clock.name), now)
            for clock in incident.clocks.values()
        ),
        beyond_holidays=tuple(
            clock.name for clock in incident.clocks.values() if beyond_holidays(clock, calendar)
        ),
        holidays_until=None if years is None else years[1],
        round=round_view(incident.round),
        version=incident.version,
    )


def metrics_view(incident: Incident, found: Metrics) -> s.Metrics:
    """What the timeline says about how it went; times are whole seconds."""
    cycles = tuple(view_of(s.CycleResult, each, cycle=each.number) for each in found.cycles)
    return view_of(
        s.Metrics,
        found,
        incident=incident.id,
        name=incident.name,
        cycles=cycles,
        version=incident.version,
    )


def gate_view(incident: Incident, standings: tuple[Standing, ...], *, now: datetime) -> s.Gate:
    """Every criterion that applies, and whether all of them are met or waived."""
    return s.Gate(
        incident=incident.id,
        name=incident.name,
        now=now,
        open=not unmet(standings),
        criteria=standings,
        version=incident.version,
    )


def checklist_view(
    incident: Incident,
    next_steps: Sequence[Priority],
    phases: Sequence[PhaseView],
    entries: Sequence[Entry],
    *,
    now: datetime,
) -> s.Checklist:
    """What to do next, then every phase with its items; `entries` are the whole timeline."""
    return s.Checklist(
        incident=incident.id,
        name=incident.name,
        now=now,
        priorities=tuple(next_steps),
        phases=tuple(
            view_of(s.PhaseItems, phase, items=tuple(_item(item, entries) for item in phase.items))
            for phase in phases
        ),
        version=incident.version,
    )


def preview_view(foresight: Foresight, new: Severity) -> s.Preview:
    """Old and new deadlines, side by side."""
    incident = foresight.incident
    asked = foresight.round_old or foresight.round_new
    moved = s.Moved(old_due=foresight.round_old, new_due=foresight.round_new)
    return s.Preview(
        incident=incident.id,
        name=incident.name,
        old=incident.severity,
        new=new,
        now=foresight.at,
        acknowledge=moved if asked else None,
        clocks=tuple(
            view_of(
                s.ClockMove,
                change,
                old_target=incident.clocks[change.clock].target,
                new_target=change.target,
            )
            for change in foresight.clocks
        ),
        version=incident.version,
    )


def _clock(
    clock: Clock, result: Attainment, explanation: Explanation | None, now: datetime
) -> s.Clock:
    counted = clock.counted_to(now)
    left = (clock.due_at - counted).total_seconds() if clock.due_at and clock.running else None
    return view_of(
        s.Clock,
        clock,
        clock=clock.name,
        paused_until=None if clock.pause is None else clock.pause.until,
        attainment=result,
        seconds_left=None if left is None else int(left),
        explanation=None if explanation is None else view_of(s.Explanation, explanation),
    )


def _item(view: ItemView, entries: Sequence[Entry]) -> s.Item:
    settled, shown = view.settled, view.shown
    entry = None if shown is None else evidence(shown, entries)
    said = None if settled is None else settled.state
    return s.Item(
        item=view.item.id,
        text=view.item.text,
        state=ItemState.DONE if said is None and shown is not None else said,
        by=None if settled is None else settled.by,
        at=settled.at if settled is not None else None if entry is None else entry.recorded_at,
        late=view.late,
        shown_by=None if entry is None else entry.seq,
        why=None if shown is None else shown.what,
    )
