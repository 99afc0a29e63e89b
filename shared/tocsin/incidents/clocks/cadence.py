"""When the next update is promised: the cadence of a severity, turned into times (semantics 8).

A promise is made when an update is accepted, and before the first one by the table alone. It moves
earlier when things get worse and never later by itself: whoever was told "by ten" waits for ten.
"""

from collections.abc import Iterator
from datetime import datetime

from tocsin.incidents.clocks.promises import due_after, earlier
from tocsin.incidents.events.base import PromiseMoved
from tocsin.incidents.model.incident import Incident
from tocsin.incidents.model.parts import Audience, UpdateAudience
from tocsin.incidents.runbook.calendar import BusinessCalendar
from tocsin.incidents.runbook.policy import Policy, UpdateCadence, UpdateDue
from tocsin.incidents.runbook.targets import AtMilestone
from tocsin.incidents.vocabulary import Severity

INTERNAL, CUSTOMERS = UpdateAudience.INTERNAL, UpdateAudience.CUSTOMERS


def first_by(
    policy: Policy, severity: Severity, audience: UpdateAudience, t0: datetime
) -> datetime | None:
    """When the first update is due, from t0; None where the table names no time."""
    return _after(_cadence(policy, severity, audience).first, t0, policy.calendar)


def customers_by(incident: Incident, policy: Policy, at: datetime) -> datetime | None:
    """When customers first hear, decided at `at`: from t0, or from now if that has passed."""
    due = first_by(policy, incident.severity, CUSTOMERS, incident.cycle_started_at)
    if due is not None and due < at:
        return first_by(policy, incident.severity, CUSTOMERS, at)
    return due


def next_by(
    incident: Incident, policy: Policy, audience: UpdateAudience, at: datetime
) -> datetime | None:
    """When the table wants the update after one that is sent at `at`."""
    due = _next(_cadence(policy, incident.severity, audience), incident)
    return _after(due, at, policy.calendar)


def due_with(incident: Incident, policy: Policy, audience: UpdateAudience) -> UpdateDue | None:
    """What the table wants next, as it says it: the first update until there was one."""
    cadence = _cadence(policy, incident.severity, audience)
    if said_to(incident, audience).first_at is None:
        return cadence.first
    return _next(cadence, incident)


def said_to(incident: Incident, audience: UpdateAudience) -> Audience:
    """What the audience has heard."""
    said = incident.communication
    return said.internal if audience is INTERNAL else said.to_customers


def raised(
    incident: Incident, policy: Policy, new: Severity, at: datetime
) -> tuple[PromiseMoved, ...]:
    """Worse: what the new severity asks for, counted from the raise, if that is earlier."""
    moved = []
    for audience in _promised(incident):
        cadence, said = _cadence(policy, new, audience), said_to(incident, audience)
        due = cadence.first if said.first_at is None else _next(cadence, incident)
        fresh = _after(due, at, policy.calendar)
        moved.append((audience, said, earlier(said.next_by, fresh)))
    return _changes(moved)


def lowered(incident: Incident, policy: Policy, new: Severity) -> tuple[PromiseMoved, ...]:
    """Less bad: only a first update that is still ahead may come later; what was promised stays."""
    moved = []
    for audience in _promised(incident):
        said = said_to(incident, audience)
        if said.first_at is not None or said.next_by is None or said.missed_at is not None:
            continue
        due = first_by(policy, new, audience, incident.cycle_started_at)
        if due is None or due > said.next_by:
            moved.append((audience, said, due))
    return _changes(moved)


def lost(incident: Incident, policy: Policy, at: datetime) -> tuple[PromiseMoved, ...]:
    """Containment is lost: the pace from before it counts again, from now.

    Customers who were told of containment wait for its correction even after a final update.
    """
    moved = []
    claimed = incident.communication.to_customers.claimed is not None
    for audience in (INTERNAL, CUSTOMERS):
        waits = audience in set(_promised(incident)) or (audience is CUSTOMERS and claimed)
        said = said_to(incident, audience)
        then = _cadence(policy, incident.severity, audience).then
        if waits and said.first_at is not None:
            fresh = _after(then, at, policy.calendar)
            moved.append((audience, said, earlier(said.next_by, fresh)))
    return _changes(moved)


def correct_by(policy: Policy, severity: Severity, at: datetime) -> datetime | None:
    """When customers hear, at the pace before containment, that they were told too much."""
    return _after(_cadence(policy, severity, CUSTOMERS).then, at, policy.calendar)


def _changes(
    moved: list[tuple[UpdateAudience, Audience, datetime | None]],
) -> tuple[PromiseMoved, ...]:
    return tuple(
        PromiseMoved(audience=audience, old_due=said.next_by, new_due=due)
        for audience, said, due in moved
        if due != said.next_by
    )


def _promised(incident: Incident) -> Iterator[UpdateAudience]:
    """Audiences that wait for something: not of a backfilled record, not after the final update."""
    if incident.clocks and incident.communication.internal.final_at is None:
        yield INTERNAL
    said = incident.communication
    if incident.clocks and said.customers and said.to_customers.final_at is None:
        yield CUSTOMERS


def _cadence(policy: Policy, severity: Severity, audience: UpdateAudience) -> UpdateCadence:
    rules = policy.severities[severity]
    return rules.internal_updates if audience is INTERNAL else rules.customer_updates


def _next(cadence: UpdateCadence, incident: Incident) -> UpdateDue | None:
    return cadence.after_containment if incident.contained else cadence.then


def _after(due: UpdateDue | None, start: datetime, calendar: BusinessCalendar) -> datetime | None:
    """An update that goes with a step in the incident's life has no time to be late for."""
    return None if due is None or isinstance(due, AtMilestone) else due_after(due, start, calendar)
