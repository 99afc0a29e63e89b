"""What one line of the board says of an incident besides what it is: who has it, and what is next.

Read off the incident itself at the moment of asking, so that a line is never older than its page.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from tocsin.incidents.clocks.asked import people
from tocsin.incidents.model.incident import Incident
from tocsin.incidents.runbook.policy import Policy
from tocsin.incidents.vocabulary import Audience, ClockName


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What falls due next, or was due first and is not done: `late` at `due_at`."""

    what: str
    due_at: datetime
    late: bool


def has_it(incident: Incident) -> str | None:
    """The commander, or else who acknowledged; None: nobody has it."""
    if incident.commander is not None:
        return incident.commander
    return None if incident.round is None else incident.round.acknowledged_by


def concerns(incident: Incident, person: str, policy: Policy) -> bool:
    """Whether the person has a role in it, was asked for, or it is their turn to answer."""
    if person in incident.roles.values() or person == has_it(incident):
        return True
    if incident.request_of(person) is not None:
        return True
    open_round = incident.round is not None and incident.round.open
    return open_round and person in people((Audience.PRIMARY,), incident, policy)


def next_deadline(incident: Incident, at: datetime) -> Next | None:
    """The earliest promise that is not kept yet; None: nothing runs."""
    if not incident.open:
        return None
    found = min(_promises(incident), key=lambda each: each[1], default=None)
    return None if found is None else Next(what=found[0], due_at=found[1], late=found[1] < at)


def _promises(incident: Incident) -> Iterator[tuple[str, datetime]]:
    current = incident.round
    if current is not None and current.open:
        yield "ack", current.due_at
    for clock in incident.clocks.values():
        due = clock.recovery_due or clock.due_at
        if clock.running and clock.pause is None and due is not None and clock.name in _PROMISES:
            yield str(clock.name), due
    said = incident.communication
    for due in (said.internal.next_by, said.to_customers.next_by):
        if due is not None:
            yield "update", due


_PROMISES = frozenset({ClockName.CONTAIN, ClockName.FIX})
"""The clocks besides the acknowledge clock, which the round stands for."""
