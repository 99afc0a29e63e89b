"""The final update of a provider's outage: a draft from the timeline, and what it must hold.

The runbook wants stakeholders told the timeline and the residual actions; with a provider's outage
also what was counted and corrected. A text is checked by its parts: a heading on a line of its own
for each, and under it what the part is about. Nothing here judges whether the words are good.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from tocsin.incidents.events.access import ActAuthorized
from tocsin.incidents.events.base import Event
from tocsin.incidents.events.billing import (
    CheckoutsExamined,
    ReconciliationRecorded,
    ReplayRecorded,
)
from tocsin.incidents.events.containment import ContainmentLost, ContainmentVerified
from tocsin.incidents.events.fix import Fixed
from tocsin.incidents.events.opening import Opened
from tocsin.incidents.events.people import Acknowledged
from tocsin.incidents.events.record import Corrected
from tocsin.incidents.events.severity import SeverityChanged
from tocsin.incidents.events.updates import UpdateRecorded
from tocsin.incidents.limits import LINE, TEXT, shortened
from tocsin.incidents.model.figures import counted
from tocsin.incidents.model.incident import Incident
from tocsin.incidents.queries.billing import providers_named
from tocsin.incidents.queries.gate import RESIDUAL, Status, gate, owner_of
from tocsin.incidents.runbook.policy import Policy
from tocsin.incidents.vocabulary import Role

TIMELINE, COUNTS = "Timeline", "Counts"
CORRECTIONS, RESIDUAL_ACTIONS = "Corrections", "Residual actions"
PARTS = {
    TIMELINE.casefold(): "timeline",
    COUNTS.casefold(): "counts",
    CORRECTIONS.casefold(): "corrections",
    RESIDUAL_ACTIONS.casefold(): "residual_actions",
}
"""Headings, in the order of the draft, and the code of each part."""

NONE = "none"
OWNERS = "owners"
_DECORATION = "#*_: \t"
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_OWNER = re.compile(r"\bowner:? *\S", re.IGNORECASE)
_SETTLED_BY_ITSELF = frozenset({RESIDUAL, "communication_completed", "timeline_intact"})


def lacks(text: str, incident: Incident) -> tuple[str, ...]:
    """Codes of the parts a final update lacks, in order; () is a complete one.

    The timeline names the minute of opening; counts have a figure, and those of every replay and of
    the newest reconciliation; every residual action has an owner. "none" is an answer to residual
    actions, and to corrections where the reconciliation had nothing healed or accepted.
    """
    parts = _parts(text)
    found = {code: bool(parts.get(code)) for code in PARTS.values()}
    opened = _minute(incident.opened_at)
    times = {stamp.replace(" ", "T") for line in parts["timeline"] for stamp in _TIME.findall(line)}
    found["timeline"] = opened in times
    found["counts"] = any(character.isdigit() for line in parts["counts"] for character in line)
    for one in counted(incident):
        found[one.code] = found.get(one.code, True) and one.held_by(parts["counts"])
    books = incident.reconciliation
    if books is not None and books.healed + books.accepted and _none(parts["corrections"]):
        found["corrections"] = False
    actions = parts["residual_actions"]
    found[OWNERS] = _none(actions) or all(_OWNER.search(line) for line in actions)
    return tuple(code for code, held in found.items() if not held)


def residual_of(text: str) -> str:
    """What stands under the heading of residual actions."""
    return "\n".join(_parts(text)["residual_actions"])


def draft(incident: Incident, events: Iterable[Event], policy: Policy, at: datetime) -> str:
    """A final update that holds every part, from what is recorded; people put words to it."""
    known = list(events)
    provider = ", ".join(providers_named(incident)) or "no provider"
    impact = incident.impact.summary if incident.impact else "not recorded"
    head = [
        f"{incident.name} | {incident.severity} | {incident.title}",
        f"Provider: {provider}. Impact: {impact}.",
    ]
    lines = [
        *head,
        *_section(TIMELINE, _timeline(known)),
        *_section(COUNTS, _counts(incident, known)),
        *_section(CORRECTIONS, _corrections(incident, known)),
        *_section(RESIDUAL_ACTIONS, _residual(incident, policy, at)),
    ]
    return shortened("\n".join(lines), TEXT)


def _section(title: str, lines: Iterable[str]) -> list[str]:
    found = [f"- {shortened(line, LINE)}" for line in lines]
    return ["", title, *(found or [NONE])]


def _timeline(events: list[Event]) -> Iterator[str]:
    """The turns of the story in the order in which they were recorded."""
    for event in events:
        told = _TURNS.get(type(event))
        if told is not None and (words := told(event)) is not None:
            yield f"{_minute(event.at)}Z {words}"


_TURNS: Mapping[type[Event], Callable[[Any], str | None]] = {
    Opened: lambda event: f"opened as {event.severity}",
    Acknowledged: lambda event: f"acknowledged by {event.person}",
    SeverityChanged: lambda event: f"severity changed from {event.old} to {event.new}",
    ContainmentVerified: lambda event: f"containment verified by {event.person}",
    ContainmentLost: lambda _event: "containment lost",
    Fixed: lambda event: f"fixed by {event.commit or 'a complete replay'}",
    ReplayRecorded: lambda event: (
        f"replay {event.replay} of {event.provider} {'proven' if event.proven else 'not proven'}"
    ),
    ReconciliationRecorded: lambda event: (
        f"reconciliation {event.reconciliation} signed off by {event.signed_off_by}"
        if event.signed_off_by
        else None
    ),
    CheckoutsExamined: lambda event: (
        None if event.lacks else f"new checkouts succeed at {event.provider}"
    ),
}


def _counts(incident: Incident, events: list[Event]) -> Iterator[str]:
    impact = incident.impact
    if impact is not None and impact.tenants is not None:
        yield f"workspaces affected: {impact.tenants}"
    yield f"alarms and evidence joined: {sum(one.count for one in incident.signals.values())}"
    updates = [one for one in events if isinstance(one, UpdateRecorded) and one.accepted]
    yield f"updates sent before this one: {len(updates)}"
    for provider, seen in incident.billing_exit.checkouts.items():
        yield (
            f"checkouts at {provider} since recovery: {seen.sessions} by {seen.workspaces}"
            f" workspaces, {seen.paid} paid"
        )
    yield from map(str, counted(incident))


def _corrections(incident: Incident, events: list[Event]) -> Iterator[str]:
    """What the reconciliation put right, acts that were approved, and corrected entries."""
    books = incident.reconciliation
    if books is not None and books.healed + books.accepted:
        signed = f"signed off by {books.signed_off_by}" if books.signed_off_by else "not signed off"
        yield f"{books.id}: {books.healed} healed, {books.accepted} accepted as they are, {signed}"
    for event in events:
        if isinstance(event, ActAuthorized):
            yield f"{event.action} by {event.requester}, approved by {event.person}"
        elif isinstance(event, Corrected):
            yield f"entry {event.supersedes} of the record: {event.text.splitlines()[0]}"


def _residual(incident: Incident, policy: Policy, at: datetime) -> Iterator[str]:
    """What is still to be done and by whom: criteria, then preventive work."""
    commander = incident.roles.get(Role.INCIDENT_COMMANDER, Role.INCIDENT_COMMANDER)
    for line in gate(incident, policy, at):
        if line.status is not Status.MET and line.code not in _SETTLED_BY_ITSELF:
            owner = incident.roles.get(owner_of(line.code), commander)
            yield f"{line.text.rstrip('.')}; owner: {owner}"
    for work in incident.prevention.values():
        if work.done_at is None:
            yield f"{work.text.rstrip('.')}; owner: {work.owner}; due {_minute(work.due_at)}Z"


def _parts(text: str) -> dict[str, list[str]]:
    """The lines under each heading, without marks of lists; what stands before the first is not."""
    found: dict[str, list[str]] = {code: [] for code in PARTS.values()}
    current: list[str] | None = None
    for line in text.splitlines():
        bare = line.strip(_DECORATION)
        if (code := PARTS.get(bare.casefold())) is not None:
            current = found[code]
        elif bare and current is not None:
            current.append(bare.removeprefix("- ").strip())
    return found


def _none(lines: list[str]) -> bool:
    return [line.casefold().rstrip(".") for line in lines] == [NONE]


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M}"
