"""Closing an incident: the one command that needs the whole timeline, and may touch two incidents.

The gate asks for a chain that verifies. Only here is it read and verified, so that no caller can
claim it. A duplicate is closed first, which hands its dedup keys over; then its target takes in
what it brought. If the second step is lost, repeating the command carries it out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tocsin.application.incidents.execute import carry_out
from tocsin.errors import BadInput, GateUnmet, IllegalTransition, UnknownIncident
from tocsin.incidents.commands.closing import AbsorbDuplicate, Close
from tocsin.incidents.events.fold import event_of, fold
from tocsin.incidents.events.record import EvidenceRecorded, LinkAdded
from tocsin.incidents.model.parts import EvidenceLink, LinkPurpose
from tocsin.incidents.timeline.entry import first_broken_link
from tocsin.incidents.vocabulary import Resolution

if TYPE_CHECKING:
    from tocsin.application.incidents.execute import Ports
    from tocsin.application.incidents.outcome import Outcome
    from tocsin.incidents.model.incident import Incident
    from tocsin.ports.incidents import IncidentStore

TRIES = 5


def close(command: Close, ports: Ports) -> Outcome:
    """Carries a `Close` out, with its chain verified and, for a duplicate, its target told.

    Raises:
        GateUnmet: something is missing, the chain included.
        IllegalTransition: the target of a duplicate is not open.
        TocsinError: as `execute`.
    """
    if command.resolution is Resolution.DUPLICATE:
        _check_target(command, ports.store)
    outcome = _close(command, ports)
    closed = outcome.incident
    if closed.resolution is Resolution.DUPLICATE and closed.duplicate_of is not None:
        evidence = _evidence(closed.id, ports.store)
        carry_out(_absorption(command, closed, closed.duplicate_of, evidence), ports)
    return outcome


def verified_head(incident_id: str, store: IncidentStore) -> bytes | None:
    """The head of a timeline that verifies and folds to the stored incident; None if it does not.

    A writer in between makes it None too: read again.
    """
    incident = store.load(incident_id)
    timeline = store.entries(incident_id)
    if incident is None or not timeline or first_broken_link(timeline) is not None:
        return None
    if timeline[0].seq != 1 or fold(timeline) != incident:
        return None
    return incident.head


def _close(command: Close, ports: Ports) -> Outcome:
    """Tries again when only the chain was unmet: somebody may have written while it was read."""
    for attempt in range(1, TRIES + 1):
        checked = replace(command, verified_head=verified_head(command.incident_id, ports.store))
        try:
            return carry_out(checked, ports)
        except GateUnmet as gate:
            if attempt == TRIES or gate.context.get("unmet") != "timeline_intact":
                raise
    raise GateUnmet("the timeline kept changing while it was verified")


def _check_target(command: Close, store: IncidentStore) -> None:
    if command.duplicate_of is None:
        raise BadInput("a duplicate names the incident it repeats")
    target = store.load(command.duplicate_of)
    if target is None:
        raise UnknownIncident(f"there is no incident {command.duplicate_of}")
    if not target.open:
        raise IllegalTransition(f"{target.id} is closed; nothing can be a duplicate of it")


def _evidence(duplicate: str, store: IncidentStore) -> tuple[EvidenceLink, ...]:
    """What was linked or recorded as evidence, oldest first: it belongs to the one that goes on.

    What was recorded stays where its entry is, under the entry's hash, and is linked from there.
    """
    found: list[EvidenceLink] = []
    for entry in store.entries(duplicate):
        if entry.type not in (LinkAdded.type, EvidenceRecorded.type):
            continue
        event = event_of(entry)
        if isinstance(event, EvidenceRecorded):
            where = f"/v1/incidents/{duplicate}/timeline?after={entry.seq - 1}&limit=1"
            found.append(EvidenceLink(url=where, title=event.title))
        elif isinstance(event, LinkAdded) and event.purpose is LinkPurpose.EVIDENCE:
            found.append(EvidenceLink(url=event.url, title=event.title))
    return tuple(found)


def _absorption(
    command: Close, closed: Incident, target: str, evidence: tuple[EvidenceLink, ...]
) -> AbsorbDuplicate:
    return AbsorbDuplicate(
        incident_id=target,
        command_id=f"absorb:{closed.id}",
        actor=command.actor,
        correlation_id=command.correlation_id,
        groups=command.groups,
        duplicate=closed.id,
        began_at=closed.began_at,
        keys=tuple(sorted(closed.signals)),
        firing=tuple(sorted(key for key, state in closed.signals.items() if state.firing)),
        evidence=evidence,
    )
