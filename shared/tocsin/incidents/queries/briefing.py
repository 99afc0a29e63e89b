"""What whoever is woken reads first: one set of facts for the page, the command line and the API.

Everything here is read off the incident, its runbook and what is handed in; the words are made
from it elsewhere, once, so that nobody reads one thing on the telephone and another on the screen.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tocsin.incidents.clocks.asked import asked_first
from tocsin.incidents.model.incident import Incident
from tocsin.incidents.queries.priorities import priorities
from tocsin.incidents.runbook.policy import Policy
from tocsin.incidents.vocabulary import Kind, Role, Severity

NEXT_STEPS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCallFor:
    """One of the roles that are paged for this category: its holder here, else who is on call."""

    role: Role
    person: str | None = None
    backup: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that went out: a release, a flag, the deploy of the fix."""

    what: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenBefore:
    """The incident the same key had before, and what was learnt from it."""

    incident: str
    title: str
    resolution: str | None = None
    closed_at: datetime | None = None
    postmortem: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """The facts at `at`. `zone` is the team's, `name` what people call the incident.

    `ask_by` None: nobody is asked now.
    """

    incident: str
    kind: Kind
    severity: Severity
    symptom: str
    at: datetime
    zone: str
    ask_by: datetime | None = None
    acknowledged_by: str | None = None
    on_call: tuple[OnCallFor, ...] = ()
    changes: tuple[Change, ...] = ()
    before: SeenBefore | None = None
    next: tuple[str, ...] = ()
    name: str | None = None


def brief(
    incident: Incident,
    policy: Policy,
    at: datetime,
    *,
    changes: Iterable[Change] = (),
    before: SeenBefore | None = None,
) -> Brief:
    """The first facts; `policy` has the people on call in its roster."""
    current, roster = incident.round, policy.roster
    return Brief(
        incident=incident.id,
        name=incident.name,
        kind=incident.kind,
        severity=incident.severity,
        symptom=incident.title,
        at=at,
        zone=policy.calendar.zone,
        ask_by=current.due_at if current is not None and current.open else None,
        acknowledged_by=None if current is None else current.acknowledged_by,
        on_call=tuple(
            OnCallFor(
                role=role,
                person=incident.roles.get(role) or roster.primary.get(role),
                backup=roster.backup.get(role),
            )
            for role in asked_first(incident, policy)
        ),
        changes=tuple(sorted(changes, key=lambda change: change.at)),
        before=before,
        next=tuple(each.text for each in priorities(incident, policy, at)[:NEXT_STEPS]),
    )
