"""Phases and their items: who did what, when, and whether it was late (semantics 7).

Where the record itself shows that an item is done, it is done: nobody types a second time what an
entry says already. All else people settle.

A late item is shown and recorded. It is no breach and pages nobody: the checklist helps people,
the clocks judge.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.incidents.model.incident import Incident
from tocsin.incidents.model.parts import Impact, Item, RunKind
from tocsin.incidents.queries.freeze import could_freeze
from tocsin.incidents.runbook.policy import ChecklistItem, PhasePolicy, Policy
from tocsin.incidents.timeline.entry import Entry
from tocsin.incidents.vocabulary import ClockName, Phase, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What of the record shows that an item is done: the newest entry of one of these types."""

    what: str
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """One item as it stands; `late` also while it is open past the due time.

    `settled` is what a person said, `shown` what the record shows where nobody has said anything.
    """

    item: ChecklistItem
    settled: Item | None
    late: bool
    shown: Proof | None = None

    @property
    def done(self) -> bool:
        return self.settled is not None or self.shown is not None


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
    shown = proof(item.id, incident) if settled is None else None
    overdue = settled is None and shown is None and due is not None and at > due
    late = settled.late if settled else overdue
    return ItemView(item=item, settled=settled, late=late, shown=shown)


def proof(item: str, incident: Incident) -> Proof | None:
    """What shows that the item is done; None where only people can say so."""
    found = _PROOFS.get(item)
    if found is None or not found[0](incident):
        return None
    return Proof(what=found[1], types=found[2])


def evidence(shown: Proof, entries: Sequence[Entry]) -> Entry | None:
    """The entry that shows it."""
    return next((entry for entry in reversed(entries) if entry.type in shown.types), None)


def _roles(*roles: Role) -> Callable[[Incident], bool]:
    return lambda incident: all(role in incident.roles for role in roles)


def _confirmed(named: Callable[[Impact], object]) -> Callable[[Incident], bool]:
    """Suspected is not confirmed: somebody has to have looked."""

    def shown(incident: Incident) -> bool:
        impact = incident.impact
        return impact is not None and impact.confirmed_by is not None and bool(named(impact))

    return shown


def _began(incident: Incident) -> bool:
    return incident.began_at is not None and incident.impact is not None


def _green(incident: Incident) -> bool:
    return incident.fixed and all(kind in incident.fix.green for kind in RunKind)


_IMPACT = ("impact_recorded",)
_VERIFIED = ("containment_verified",)
_PROOFS: Mapping[str, tuple[Callable[[Incident], bool], str, tuple[str, ...]]] = {
    "open-channel": (
        lambda incident: bool(incident.channels) and incident.commander is not None,
        "a channel is recorded and a commander assigned",
        ("channel_recorded", "role_assigned", "acknowledged"),
    ),
    "record-start": (_began, "beginning and impact are recorded", _IMPACT),
    "set-severity": (
        lambda _incident: True,
        "the severity is set",
        ("severity_changed", "reopened", "opened"),
    ),
    "freeze-deployments": (could_freeze, "deployments are frozen", ("opened", "severity_changed")),
    "assign-owners": (
        _roles(Role.MITIGATION_OWNER, Role.SECURITY_OWNER),
        "both owners are assigned",
        ("role_assigned",),
    ),
    "confirm-blast-radius": (_confirmed(lambda _impact: True), "the impact is confirmed", _IMPACT),
    "blast-tenants-users": (
        _confirmed(lambda impact: impact.tenants is not None or impact.users is not None),
        "the confirmed impact says so",
        _IMPACT,
    ),
    "blast-endpoints-services": (
        _confirmed(lambda impact: impact.endpoints or impact.services),
        "the confirmed impact says so",
        _IMPACT,
    ),
    "blast-data-exposure": (
        _confirmed(lambda _impact: True),
        "the confirmed impact says so",
        _IMPACT,
    ),
    "choose-containment": (
        lambda incident: bool(incident.containment.actions),
        "a containment action is chosen",
        ("action_changed",),
    ),
    "complete-containment": (lambda one: one.contained, "containment is verified", _VERIFIED),
    "validate-containment": (lambda one: one.contained, "containment is verified", _VERIFIED),
    "first-stakeholder-update": (
        lambda incident: incident.communication.internal.first_at is not None,
        "an internal update was sent",
        ("update_recorded",),
    ),
    "start-permanent-fix": (
        lambda incident: incident.fix.commit is not None,
        "the fix is linked",
        ("fix_linked",),
    ),
    "deploy-permanent-fix": (lambda incident: incident.fixed, "the fix is deployed", ("fixed",)),
    "verify-no-regression": (_green, "quality and security checks are green", ("run_ended",)),
}
"""Items of the shipped checklist that an entry can show, by their ids. Teams who name others settle
those by hand."""


def _applies(phase: PhasePolicy, incident: Incident) -> bool:
    return phase.categories is None or incident.category in phase.categories


def _item_applies(item: ChecklistItem, incident: Incident, policy: Policy) -> bool:
    if not _applies(policy.phases[item.phase], incident):
        return False
    if item.categories is not None and incident.category not in item.categories:
        return False
    return item.severities is None or incident.severity in item.severities
