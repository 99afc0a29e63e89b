"""Closing an incident: the one command that needs the whole timeline, and may touch two incidents.

The gate asks for a chain that verifies. Only here is it read and verified, so that no caller can
claim it. A duplicate is closed, hands its dedup keys over, and its target takes in what it brought,
in one transaction: a target that cannot take it is a reason not to close. An earlier version did
this in two steps; where the second was lost, repeating the command carries it out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tocsin.application.incidents.commit import commit_of
from tocsin.application.incidents.execute import carry_out
from tocsin.errors import (
    BadInput,
    DedupKeyTaken,
    GateUnmet,
    IllegalTransition,
    UnknownIncident,
)
from tocsin.incidents.commands.closing import AbsorbDuplicate, Close, Reopen
from tocsin.incidents.events.closing import DuplicateAbsorbed
from tocsin.incidents.events.fold import event_of, fold
from tocsin.incidents.events.record import EvidenceRecorded, LinkAdded
from tocsin.incidents.messages.people import RESTRICTED
from tocsin.incidents.model.parts import EvidenceLink, LinkPurpose
from tocsin.incidents.rules.decide import decide
from tocsin.incidents.timeline.entry import first_broken_link
from tocsin.incidents.vocabulary import Resolution

if TYPE_CHECKING:
    from tocsin.application.incidents.execute import Ports
    from tocsin.application.incidents.outcome import Outcome
    from tocsin.incidents.model.incident import Incident
    from tocsin.ports.incidents import Commit, IncidentStore

TRIES = 5


def close(command: Close, ports: Ports) -> Outcome:
    """Carries a `Close` out, with its chain verified and, for a duplicate, its target told.

    Raises:
        GateUnmet: something is missing, the chain included.
        IllegalTransition: the target of a duplicate is not open.
        TocsinError: as `execute`.
    """
    if command.resolution is not Resolution.DUPLICATE:
        return _close(command, ports)
    if command.duplicate_of is not None:
        other = ports.store.load(command.duplicate_of)
        command = replace(command, called=None if other is None else other.name)

    def also(before: Incident | None, commit: Commit) -> tuple[Commit, ...]:
        target = _target(command, ports.store)
        if before is None or commit.incident.open:
            return ()
        return (_absorbed(command, before, commit, target, ports),)

    outcome = carry_out(command, ports, also=also)
    if outcome.repeated:
        _absorb_late(command, outcome.incident, ports)
    return outcome


def reopen(command: Reopen, ports: Ports) -> Outcome:
    """Carries a `Reopen` out, without the keys that came back as a newer incident's.

    Raises:
        TocsinError: as `execute`.
    """
    for _ in range(TRIES):
        try:
            return carry_out(command, ports)
        except DedupKeyTaken:
            command = replace(command, gone=_gone(command.incident_id, ports.store))
    raise DedupKeyTaken(f"the keys of {command.incident_id} keep changing")


def _gone(incident_id: str, store: IncidentStore) -> dict[str, str]:
    incident = store.load(incident_id)
    known = () if incident is None else sorted(incident.signals)
    held = [pointer for key in known if (pointer := store.pointer(key)) is not None]
    return {one.key: one.incident for one in held if one.open and one.incident != incident_id}


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


def _absorbed(
    command: Close, before: Incident, commit: Commit, target: Incident, ports: Ports
) -> Commit:
    """What the target's part of the transaction is; the duplicate hands the keys over itself."""
    policy = ports.policies.version(target.policy_version)
    absorption = _absorption(command, before, target.id, _evidence(before, ports.store))
    events = decide(target, absorption, policy, ports.clock.incident_now())
    found = commit_of(target, events, absorption, policy, ports.ids)
    handed = {pointer.key for pointer in commit.pointers}
    return replace(found, pointers=tuple(one for one in found.pointers if one.key not in handed))


def _absorb_late(command: Close, closed: Incident, ports: Ports) -> None:
    """The second step of an earlier version, where it was lost and still means something."""
    name = closed.duplicate_of
    target = None if name is None else ports.store.load(name)
    if target is None or not target.open or _has_absorbed(target.id, closed.id, ports.store):
        return
    absorption = _absorption(command, closed, target.id, _evidence(closed, ports.store))
    try:
        carry_out(absorption, ports)
    except BadInput:
        return  # it is full; a signal of such a key finds its own way, and a repeat is a repeat


def _has_absorbed(target: str, duplicate: str, store: IncidentStore) -> bool:
    return any(
        entry.type == DuplicateAbsorbed.type and entry.content.get("duplicate") == duplicate
        for entry in store.entries(target)
    )


def _target(command: Close, store: IncidentStore) -> Incident:
    if command.duplicate_of is None:
        raise BadInput("a duplicate names the incident it repeats")
    target = store.load(command.duplicate_of)
    if target is None:
        raise UnknownIncident(f"there is no incident {command.duplicate_of}")
    if not target.open:
        raise IllegalTransition(f"{target.name} is closed; nothing can be a duplicate of it")
    return target


def _evidence(duplicate: Incident, store: IncidentStore) -> tuple[EvidenceLink, ...]:
    """What was linked or recorded as evidence, oldest first: it belongs to the one that goes on.

    What was recorded stays where its entry is, under the entry's hash, and is linked from there. So
    is all of a restricted duplicate, and without its title: who may see it there, sees it there.
    """
    found: list[EvidenceLink] = []
    for entry in store.entries(duplicate.id):
        if entry.type not in (LinkAdded.type, EvidenceRecorded.type):
            continue
        event = event_of(entry)
        if isinstance(event, LinkAdded) and event.purpose is not LinkPurpose.EVIDENCE:
            continue
        where = f"/v1/incidents/{duplicate.id}/timeline?after={entry.seq - 1}&limit=1"
        if duplicate.restricted:
            found.append(EvidenceLink(url=where, title=RESTRICTED))
        elif isinstance(event, EvidenceRecorded):
            found.append(EvidenceLink(url=where, title=event.title))
        elif isinstance(event, LinkAdded):
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
        states=dict(closed.signals) or None,
        severity=closed.severity,
        restricted=True if closed.restricted else None,
        called=closed.name,
    )
