"""What billing found out: the facts its exit criterion is computed from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from tocsin.incidents.events import Event
from tocsin.incidents.parts_billing import KeptEvidence, ReplayCounts, ReplayKind, ReplayStanding


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationRecorded(Event):
    """How a reconciliation stands now; the newest one counts.

    `unresolved` counts mismatches that are neither healed nor accepted, by class (missing, stale,
    status, period, plan, enforcement, orphan, double); classes without any are left out. `unknown`
    could not be compared, because a provider did not answer or answered with nothing. `full`: all
    workspaces were read and not a sample. `signed_off_by` is the person who stands for it,
    `healed_by` had what was healed last put right, `approved_by` approved that if anybody had to.
    `report` says where its report is kept, and `evidence` that with its digest.
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
    evidence: KeptEvidence | None = None


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
    evidence: KeptEvidence | None = None
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
