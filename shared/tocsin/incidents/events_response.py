"""What happened while it was contained, fixed, watched, closed and reopened."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from tocsin.incidents.events import Event, PromiseMoved
from tocsin.incidents.model import Clock, Round
from tocsin.incidents.parts import ActionState, Check, RunKind, Verdict
from tocsin.incidents.stored import Stored
from tocsin.incidents.vocabulary import Resolution, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionChanged(Event):
    """A containment action was planned, done, withdrawn or undone."""

    type: ClassVar[str] = "action_changed"

    action: str
    text: str
    state: ActionState
    person: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FixNamedAsContainment(Event):
    """The permanent fix counts as the containment action."""

    type: ClassVar[str] = "fix_named_as_containment"

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed(Event):
    """Somebody looked, at the entry's own time, and saw `verdict`."""

    type: ClassVar[str] = "observed"

    check: Check
    verdict: Verdict
    person: str
    detail: str
    stored: Stored | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainmentVerified(Event):
    """The contain clock stops here, whatever `effective_at` says."""

    type: ClassVar[str] = "containment_verified"

    person: str
    effective_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainmentLost(Event):
    """Harm is back; the contain clock runs on with the same due time.

    `withdrawn` is the update that told customers of containment, and is not true any more.
    """

    type: ClassVar[str] = "containment_lost"

    reason: str
    people: tuple[str, ...]
    updates: tuple[PromiseMoved, ...] = ()
    withdrawn: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FixLinked(Event):
    """Which commit is the fix, or which provider's recovery is."""

    type: ClassVar[str] = "fix_linked"

    commit: str | None
    provider: str | None
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded(Event):
    """A check of a commit ended."""

    type: ClassVar[str] = "run_ended"

    commit: str
    run: RunKind
    conclusion: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed(Event):
    """A commit was deployed to production, or failed to be."""

    type: ClassVar[str] = "deployed"

    commit: str
    conclusion: str
    whole_scope: bool
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed(Event):
    """Deployed everywhere with its checks green, or replayed: the fix clock stops here."""

    type: ClassVar[str] = "fixed"

    commit: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRecorded(Event):
    """A release of the service. With `due_at` it is the one a next-release clock waits for."""

    type: ClassVar[str] = "release_recorded"

    release: str
    regular: bool
    cut_at: datetime
    planned_at: datetime | None
    shipped_at: datetime | None
    has_fix: bool
    awaited: bool
    due_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FixPaused(Event):
    """The fix clock stands still."""

    type: ClassVar[str] = "fix_paused"

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftUnscheduled(Event):
    """The fix waits for a release nobody planned: listed for the weekly review of `due_at`."""

    type: ClassVar[str] = "left_unscheduled"

    due_at: datetime
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FixResumed(Event):
    """The fix clock runs on; `resumed_at` is when, which a late sweep records later."""

    type: ClassVar[str] = "fix_resumed"

    resumed_at: datetime
    business_ms: int
    elapsed_ms: int
    old_due: datetime | None
    new_due: datetime | None
    recovery_due: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowStarted(Event):
    """Contained, fixed and quiet: the monitoring window runs until `ends_at`."""

    type: ClassVar[str] = "window_started"

    started_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowStopped(Event):
    """A signal returned or containment was lost: the window does not count."""

    type: ClassVar[str] = "window_stopped"

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverAsked(Event):
    """The commander asks; nothing is waived until another person approves."""

    type: ClassVar[str] = "waiver_asked"

    criterion: str
    person: str
    reason: str
    expires_at: datetime


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed(Event):
    """It is over. `met` and `waived` are the gate's codes as they stood."""

    type: ClassVar[str] = "closed"

    resolution: Resolution
    reason: str
    duplicate_of: str | None
    met: tuple[str, ...]
    waived: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceLink:
    """Evidence of a duplicate; `url` is a path of the API for what was recorded there."""

    url: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateAbsorbed(Event):
    """A duplicate's keys, signals, evidence and earlier beginning are this incident's now."""

    type: ClassVar[str] = "duplicate_absorbed"

    duplicate: str
    began_at: datetime | None
    keys: tuple[str, ...]
    firing: tuple[str, ...]
    evidence: tuple[EvidenceLink, ...] = ()


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
