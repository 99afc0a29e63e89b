"""Waivers, closing and opening again: the events, and what they make of the incident."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

from tocsin.incidents.events.base import Event
from tocsin.incidents.events.changes import Handlers
from tocsin.incidents.events.relations import joined
from tocsin.incidents.model.billing import BillingExit
from tocsin.incidents.model.incident import Clock, Incident, Round, SignalState
from tocsin.incidents.model.parts import (
    Audience,
    Communication,
    Containment,
    CycleResult,
    EvidenceLink,
    Fix,
    Freeze,
    LinkPurpose,
    Proposal,
    Waiver,
)
from tocsin.incidents.vocabulary import Resolution, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverAsked(Event):
    """The commander asks; nothing is waived until another person approves."""

    type: ClassVar[str] = "waiver_asked"

    criterion: str
    person: str
    reason: str
    expires_at: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverApproved(Event):
    """Another person agreed."""

    type: ClassVar[str] = "waiver_approved"

    criterion: str
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverExpired(Event):
    """The exception is over and the criterion is still unmet: said once a day."""

    type: ClassVar[str] = "waiver_expired"

    criterion: str
    due_at: datetime
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingProposed(Event):
    """A critical or high is no incident, or another's: a second person has to say so too."""

    type: ClassVar[str] = "closing_proposed"

    resolution: Resolution
    duplicate_of: str | None
    person: str
    reason: str
    until: datetime | None = None
    called: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed(Event):
    """It is over. `met` and `waived` are the gate's codes as they stood.

    `called`, here and below, is what people called the other incident then.
    """

    type: ClassVar[str] = "closed"

    resolution: Resolution
    reason: str
    duplicate_of: str | None
    met: tuple[str, ...]
    waived: tuple[str, ...]
    called: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateAbsorbed(Event):
    """A duplicate's keys, signals, evidence and earlier beginning are this incident's now.

    `states` is what its keys last said and when; entries from before it was kept have none.
    """

    type: ClassVar[str] = "duplicate_absorbed"

    duplicate: str
    began_at: datetime | None
    keys: tuple[str, ...]
    firing: tuple[str, ...]
    evidence: tuple[EvidenceLink, ...] = ()
    states: Mapping[str, SignalState] | None = None
    called: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopened(Event):
    """A new cycle with fresh clocks; the one before keeps its results.

    `withdraw` are the updates that told customers of containment and were still to be corrected
    when it was closed; `correct_by` is when customers wait for that.
    """

    type: ClassVar[str] = "reopened"

    cycle: int
    reason: str
    severity: Severity
    clocks: tuple[Clock, ...]
    round: Round | None
    update_due: datetime | None = None
    withdraw: tuple[str, ...] = ()
    correct_by: datetime | None = None


PAST_CYCLES = 8

EVIDENCE_LINKS = f"links_{LinkPurpose.EVIDENCE}"


def _waiver_asked(incident: Incident, event: WaiverAsked) -> Incident:
    waiver = Waiver(asked_by=event.person, expires_at=event.expires_at, until=event.until)
    return replace(incident, waivers={**incident.waivers, event.criterion: waiver})


def _waiver_approved(incident: Incident, event: WaiverApproved) -> Incident:
    return _waiver(incident, event.criterion, approved_by=event.person)


def _waiver_expired(incident: Incident, event: WaiverExpired) -> Incident:
    return _waiver(incident, event.criterion, noticed_at=event.due_at)


def _closing(incident: Incident, event: ClosingProposed) -> Incident:
    what = f"{event.resolution}:{event.duplicate_of or ''}"
    proposal = Proposal(
        what=what,
        person=event.person,
        part=None,
        reason=event.reason,
        until=event.until,
        called=event.called,
    )
    return replace(incident, closing=proposal)


def _closed(incident: Incident, event: Closed) -> Incident:
    """What no longer runs is stopped by the state; the clocks keep how they stood."""
    return replace(
        incident,
        closed_at=event.at,
        resolution=event.resolution,
        duplicate_of=event.duplicate_of,
        duplicate_called=event.called,
        closing=None,
    )


def _absorbed(incident: Incident, event: DuplicateAbsorbed) -> Incident:
    signals = joined(incident, event.keys, event.firing, event.at, event.states)
    known = [moment for moment in (incident.began_at, event.began_at) if moment is not None]
    counts = dict(incident.counts)
    if event.evidence:
        known_links = counts.get(EVIDENCE_LINKS, 0)
        counts[EVIDENCE_LINKS] = known_links + len(event.evidence)
    return replace(incident, signals=signals, began_at=min(known, default=None), counts=counts)


def _reopened(incident: Incident, event: Reopened) -> Incident:
    result = CycleResult(
        cycle=incident.cycle,
        started_at=incident.cycle_started_at,
        closed_at=incident.closed_at or event.at,
        attainment={name: clock.attainment for name, clock in incident.clocks.items()},
    )
    return replace(
        incident,
        cycle=event.cycle,
        cycle_started_at=event.at,
        severity=event.severity,
        clocks={clock.name: clock for clock in event.clocks},
        round=event.round,
        closed_at=None,
        resolution=None,
        containment=Containment(),
        fix=Fix(),
        window=None,
        communication=Communication(
            internal=Audience(next_by=event.update_due),
            to_customers=Audience(next_by=event.correct_by, withdraw=event.withdraw),
        ),
        freeze=Freeze(),
        release=None,
        waivers={},
        checklist={},
        confirmed={},
        billing_exit=BillingExit(),
        postmortem=None,
        reconciliation=None,
        replays={},
        lowering=None,
        past=(*incident.past, result)[-PAST_CYCLES:],
    )


def _waiver(incident: Incident, criterion: str, **changes: Any) -> Incident:
    changed = replace(incident.waivers[criterion], **changes)
    return replace(incident, waivers={**incident.waivers, criterion: changed})


HANDLERS: Handlers = {
    WaiverAsked: _waiver_asked,
    WaiverApproved: _waiver_approved,
    WaiverExpired: _waiver_expired,
    ClosingProposed: _closing,
    Closed: _closed,
    DuplicateAbsorbed: _absorbed,
    Reopened: _reopened,
}
