"""What to do next, at most five things, the most urgent first.

It reads the same facts as the clocks and the gate, so that the list never sends people elsewhere
than closing will.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from tocsin.incidents.model.incident import Incident
from tocsin.incidents.queries.checklist import phases
from tocsin.incidents.queries.containment import missing_for_verification
from tocsin.incidents.queries.fix import unlinked
from tocsin.incidents.queries.gate import CONTAINED, FIXED, INTACT, Status, gate
from tocsin.incidents.queries.waiting import waiting
from tocsin.incidents.runbook.policy import Policy
from tocsin.incidents.vocabulary import ClockName

MOST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Priority:
    """One thing to do; `due_at` None means that nothing is promised for it."""

    code: str
    text: str
    due_at: datetime | None


def priorities(incident: Incident, policy: Policy, at: datetime) -> tuple[Priority, ...]:
    """At most five; empty once the incident is closed."""
    if not incident.open:
        return ()
    found: dict[str, Priority] = {}
    for priority in _all(incident, policy, at):
        found.setdefault(priority.code, priority)
    return tuple(found.values())[:MOST]


def _all(incident: Incident, policy: Policy, at: datetime) -> Iterator[Priority]:
    current = incident.round
    if current is not None and current.open:
        yield Priority(code="acknowledge", text="Acknowledge", due_at=current.due_at)
    for one in waiting(incident):
        text = f"Agree, or do not: {one.person} asks to {one.what}. {one.command}"
        yield Priority(code=f"agree {one.what}", text=text, due_at=None)
    if incident.commander is None:
        yield Priority(code="assign_commander", text="Assign the commander", due_at=None)
    if not incident.contained:
        codes = missing_for_verification(incident)
        missing = ", ".join(code.replace("_", " ") for code in codes) or "somebody to verify"
        text = f"Contain{_first_choices(incident, policy)}: {missing}"
        yield Priority(code="contain", text=text, due_at=_due(incident, ClockName.CONTAIN))
    for commit in unlinked(incident)[:1]:
        text = f"Is {commit} the fix? tocsin fix link {incident.name} {commit} --url URL"
        yield Priority(code="link_fix", text=text, due_at=_due(incident, ClockName.FIX))
    yield from _checklist(incident, policy, at)
    if incident.contained and not incident.fixed:
        text = "Deploy the permanent fix with its checks green"
        if (clock := incident.clocks.get(ClockName.FIX)) is not None and clock.unscheduled:
            text += ": no release is planned (tocsin releases record)"
        yield Priority(code="fix", text=text, due_at=_due(incident, ClockName.FIX))
    for line in gate(incident, policy, at):
        if line.status is Status.UNMET and line.code not in (CONTAINED, FIXED, INTACT):
            yield Priority(code=line.code, text=line.next_step, due_at=None)


def _first_choices(incident: Incident, policy: Policy) -> str:
    """The ways of containing that its rule names, until one is planned."""
    if incident.containment.actions:
        return ""
    known = {item.id: item.text for item in policy.checklist}
    ways = [known[choice] for choice in incident.first_choices or () if choice in known]
    return f" (first {' or '.join(ways)})" if ways else ""


def _checklist(incident: Incident, policy: Policy, at: datetime) -> Iterator[Priority]:
    """The next open item of the first phase that has one."""
    for phase in phases(incident, policy, at):
        for view in phase.items:
            if not view.done:
                yield Priority(code=view.item.id, text=view.item.text, due_at=phase.due_at)
                return


def _due(incident: Incident, name: ClockName) -> datetime | None:
    clock = incident.clocks.get(name)
    return None if clock is None else clock.recovery_due or clock.due_at
