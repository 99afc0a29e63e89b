"""Phases and their items: who did what, when, and whether it was late (semantics 7).

A late item is shown and recorded. It is no breach and pages nobody: the checklist helps people,
the clocks judge.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.incidents.model.incident import Incident
from tocsin.incidents.model.parts import Item
from tocsin.incidents.runbook.policy import ChecklistItem, PhasePolicy, Policy
from tocsin.incidents.vocabulary import ClockName, Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """One item as it stands; `late` also while it is open past the due time."""

    item: ChecklistItem
    settled: Item | None
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseView:
    """One phase with its due time (None: nothing to be late for) and its items, in order.

    `unscheduled`: it goes with a clock that waits for a release which nobody planned.
    """

    phase: Phase
    title: str
    due_at: datetime | None
    unscheduled: bool
    items: tuple[ItemView, ...]


def phases(incident: Incident, policy: Policy, at: datetime) -> tuple[PhaseView, ...]:
    """The phases that apply, with every item; equal items stand once, in the first phase."""
    items = items_of(incident, policy)
    return tuple(
        PhaseView(
            phase=phase.phase,
            title=phase.title,
            due_at=(due := phase_due(incident, policy, phase.phase)),
            unscheduled=_unscheduled(incident, policy, phase.phase),
            items=tuple(
                _view(item, incident, due, at) for item in items if item.phase is phase.phase
            ),
        )
        for phase in policy.phases.values()
        if _applies(phase, incident)
    )


def items_of(incident: Incident, policy: Policy) -> tuple[ChecklistItem, ...]:
    """The checklist of this incident's category and severity."""
    seen: set[str] = set()
    found = []
    for item in policy.checklist:
        if not _item_applies(item, incident, policy) or item.text in seen:
            continue
        seen.add(item.text)
        found.append(item)
    return tuple(found)


def phase_due(incident: Incident, policy: Policy, phase: Phase) -> datetime | None:
    """Elapsed time from t0 of the cycle, or the due time of the clock the phase goes with."""
    due = policy.phases[phase].due[incident.severity]
    if isinstance(due, ClockName):
        clock = incident.clocks.get(due)
        return None if clock is None else clock.due_at
    return incident.cycle_started_at + timedelta(minutes=due.minutes)


def _unscheduled(incident: Incident, policy: Policy, phase: Phase) -> bool:
    due = policy.phases[phase].due[incident.severity]
    clock = incident.clocks.get(due) if isinstance(due, ClockName) else None
    return clock is not None and clock.unscheduled


def _view(item: ChecklistItem, incident: Incident, due: datetime | None, at: datetime) -> ItemView:
    settled = incident.checklist.get(item.id)
    overdue = settled is None and due is not None and at > due
    return ItemView(item=item, settled=settled, late=settled.late if settled else overdue)


def _applies(phase: PhasePolicy, incident: Incident) -> bool:
    return phase.categories is None or incident.category in phase.categories


def _item_applies(item: ChecklistItem, incident: Incident, policy: Policy) -> bool:
    if not _applies(policy.phases[item.phase], incident):
        return False
    if item.categories is not None and incident.category not in item.categories:
        return False
    return item.severities is None or incident.severity in item.severities
