"""What the next holder of a role has to know, written from the incident: nobody has to type it.

Times are in the policy's zone with its name, because whoever takes over may sit in another one.
"""

from collections.abc import Iterator
from datetime import datetime

from tocsin.incidents import limits
from tocsin.incidents.model.incident import Incident
from tocsin.incidents.model.parts import ActionState
from tocsin.incidents.queries.priorities import priorities
from tocsin.incidents.runbook.calendar import load_zone
from tocsin.incidents.runbook.policy import Policy
from tocsin.incidents.vocabulary import Attainment


def summary(incident: Incident, policy: Policy, at: datetime, words: str = "") -> str:
    """State, clocks, roles, what is open and what was last said; `words` of who leaves go first."""
    lines = [words, *_lines(incident, policy, at)] if words else [*_lines(incident, policy, at)]
    return limits.shortened("\n".join(lines), limits.TEXT)


def _lines(incident: Incident, policy: Policy, at: datetime) -> Iterator[str]:
    zone = policy.calendar.zone
    yield f"{incident.severity} {incident.category} incident, {incident.state}: {incident.title}"
    for name, clock in incident.clocks.items():
        due = clock.recovery_due or clock.due_at
        until = "no time promised" if due is None else f"due {_moment(due, zone)}{_left(due, at)}"
        yield f"{name}: {clock.attainment}" + (
            f", {until}" if clock.attainment is not Attainment.MET and clock.running else ""
        )
    for role, person in incident.roles.items():
        yield f"{str(role).replace('_', ' ')}: {person}"
    for key, action in incident.containment.actions.items():
        if action.state is ActionState.PLANNED:
            yield f"containment open: {key}, {action.text}"
    for priority in priorities(incident, policy, at):
        yield f"to do: {priority.text}"
    for audience, heard in (
        ("stakeholders", incident.communication.internal),
        ("customers", incident.communication.to_customers),
    ):
        if heard.first_at is not None or heard.next_by is not None:
            first = "nothing yet" if heard.first_at is None else _moment(heard.first_at, zone)
            next_by = "not promised" if heard.next_by is None else _moment(heard.next_by, zone)
            yield f"{audience}: first told {first}, next update {next_by}"


def _moment(moment: datetime, zone: str) -> str:
    return f"{moment.astimezone(load_zone(zone)):%a %H:%M %Z}"


def _left(due: datetime, at: datetime) -> str:
    minutes = int((due - at).total_seconds() // 60)
    return f" ({minutes} min left)" if minutes >= 0 else f" ({-minutes} min late)"
