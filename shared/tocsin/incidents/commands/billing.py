"""Commands by which billing tells an incident what it has found out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tocsin.incidents.commands.base import Command
from tocsin.incidents.model.billing import ReplayCounts, ReplayKind, ReplayStanding
from tocsin.incidents.model.content import Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordReconciliation(Command):
    """How a reconciliation stands. Told again whenever that changes; fields as in the event."""

    reconciliation: str
    started_at: datetime
    full: bool
    workspaces: int
    compared: int
    unresolved: Mapping[str, int]
    unknown: int
    healed: int
    accepted: int
    signed_off_by: str | None = None
    healed_by: str | None = None
    approved_by: str | None = None
    report: str = ""
    evidence: Stored | None = None
    headline: str | None = None
    summary: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordReplay(Command):
    """A replay of a window [start, end) has ended, or has stalled; `why` it is not complete.

    `account` is the account with its mode, `<account>#<mode>`. `evidence` is where its whole
    report lies, None where there is no archive. `checksums` are over the projections that the
    window concerns: before it, after it, and after its second pass.
    """

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
class ExamineCheckouts(Command):
    """What an examination of one provider's new checkouts counted since `since`, real time.

    `asked_by` is the person who wanted it. The counts are those of `parts_billing.CheckoutsSeen`;
    `probe` names the probe's session at the provider, expired again.
    """

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
