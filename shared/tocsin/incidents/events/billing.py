"""What replay, reconciliation and checkouts told: the events, and what they make of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from tocsin.incidents.events.base import Event
from tocsin.incidents.events.changes import Handlers
from tocsin.incidents.model.billing import (
    CheckoutsSeen,
    Reconciliation,
    ReplayCounts,
    Replayed,
    ReplayKind,
    ReplayStanding,
)
from tocsin.incidents.model.content import Stored
from tocsin.incidents.model.incident import Incident


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationRecorded(Event):
    """How a reconciliation stands now; the newest one counts.

    `unresolved` counts mismatches that are neither healed nor accepted, by class (missing, stale,
    status, period, plan, enforcement, orphan, double); classes without any are left out. `unknown`
    could not be compared, because a provider did not answer or answered with nothing. `full`: all
    workspaces were read and not a sample. `signed_off_by` is the person who stands for it,
    `healed_by` had what was healed last put right, `approved_by` approved that if anybody had to.
    `report` says where its report is kept, and `evidence` that with its digest. With a `headline`
    stakeholders and finance are sent the `summary` by what is stored with this entry.
    """

    type: ClassVar[str] = "reconciliation_recorded"

    reconciliation: str
    started_at: datetime
    full: bool
    workspaces: int
    compared: int
    unresolved: Mapping[str, int]
    unknown: int
    healed: int
    accepted: int
    signed_off_by: str | None
    healed_by: str | None = None
    approved_by: str | None = None
    report: str = ""
    evidence: Stored | None = None
    headline: str | None = None
    summary: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRecorded(Event):
    """A replay of [start, end) ended: what it put back, and whether a second pass found nothing.

    One that stalled or was cancelled is recorded with what it had counted by then, and `why`.
    `evidence` points to its whole report. The fields are those of the command.
    """

    type: ClassVar[str] = "replay_recorded"

    replay: str
    kind: ReplayKind
    provider: str
    account: str
    start: datetime
    end: datetime
    counts: ReplayCounts
    proven: bool
    checksums: tuple[str, ...]
    evidence: Stored | None = None
    standing: ReplayStanding = ReplayStanding.COMPLETE
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutsExamined(Event):
    """New checkouts at a provider were counted; what `lacks` names keeps them from being proof."""

    type: ClassVar[str] = "checkouts_examined"

    provider: str
    asked_by: str
    since: datetime
    sessions: int
    workspaces: int
    probe: str | None
    paid: int
    quiet_minutes: int
    volume: int
    lacks: tuple[str, ...]


def _reconciled(incident: Incident, event: ReconciliationRecorded) -> Incident:
    stands = Reconciliation(
        id=event.reconciliation,
        started_at=event.started_at,
        unresolved=event.unresolved,
        unknown=event.unknown,
        signed_off_by=event.signed_off_by,
        at=event.at,
        compared=event.compared,
        healed=event.healed,
        accepted=event.accepted,
        evidence=event.evidence,
    )
    return replace(incident, reconciliation=stands)


def _replayed(incident: Incident, event: ReplayRecorded) -> Incident:
    name = f"{event.provider}#{event.account}"
    newest = Replayed(
        id=event.replay,
        kind=event.kind,
        start=event.start,
        end=event.end,
        inserted=event.counts.inserted,
        fetched=event.counts.fetched,
        second_pass_inserted=event.counts.second_pass_inserted,
        proven=event.proven,
        at=event.at,
        listed=event.counts.listed,
        missing=event.counts.missing,
        duplicate=event.counts.duplicate,
    )
    return replace(incident, replays={**incident.replays, name: newest})


def _examined(incident: Incident, event: CheckoutsExamined) -> Incident:
    """The newest examination of a provider counts."""
    seen = CheckoutsSeen(
        at=event.at,
        sessions=event.sessions,
        workspaces=event.workspaces,
        probed=event.probe is not None,
        paid=event.paid,
        quiet_minutes=event.quiet_minutes,
        volume=event.volume,
        lacks=event.lacks,
    )
    known = incident.billing_exit
    checkouts = {**known.checkouts, event.provider: seen}
    return replace(incident, billing_exit=replace(known, checkouts=checkouts))


HANDLERS: Handlers = {
    ReconciliationRecorded: _reconciled,
    ReplayRecorded: _replayed,
    CheckoutsExamined: _examined,
}
