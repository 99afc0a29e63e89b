"""The parts of an incident that grow while it is answered: containment, fix, window, records.

Each is a small frozen value with bounded maps; what has no bound (texts, evidence, decisions) is
on the timeline and only counted here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from tocsin.incidents.model.content import Stored
from tocsin.incidents.vocabulary import Attainment, ClockName, Role


class ActionState(StrEnum):
    """A containment action is planned, then done or withdrawn; what was done may be undone."""

    PLANNED = "planned"
    DONE = "done"
    WITHDRAWN = "withdrawn"
    UNDONE = "undone"


class Check(StrEnum):
    """The three things looked at after the last containment action."""

    LOGS = "logs"
    SMOKE_TEST = "smoke_test"
    TARGETED_CHECK = "targeted_check"


class Verdict(StrEnum):
    """What looking showed."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not_applicable"


class Exposure(StrEnum):
    """Whether data was exposed."""

    NONE = "none"
    POSSIBLE = "possible"
    CONFIRMED = "confirmed"

    @property
    def rank(self) -> int:
        """0 is none, so that `a.rank < b.rank` reads "a is less than b"."""
        return list(Exposure).index(self)


class LinkPurpose(StrEnum):
    """What a link is for."""

    CONTAINMENT = "containment"
    FIX = "fix"
    TEST_PLAN = "test_plan"
    EVIDENCE = "evidence"


class ChannelKind(StrEnum):
    """Where people talk about it, beside the timeline."""

    ROOM = "room"
    BRIDGE = "bridge"
    CHAT = "chat"


class ItemState(StrEnum):
    """A checklist item is done, or does not apply and why is on the timeline."""

    DONE = "done"
    NOT_APPLICABLE = "not_applicable"


SUCCESS = "success"
"""The one conclusion of a check or a deployment that is green."""


class RunKind(StrEnum):
    """The checks a fix has to pass."""

    QUALITY = "quality"
    SECURITY = "security"


class UpdateAudience(StrEnum):
    """Who an update is for."""

    INTERNAL = "internal"
    CUSTOMERS = "customers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One containment action; `by` and `at` are of its newest state."""

    text: str
    state: ActionState
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """The newest look of one kind, and when it was taken."""

    verdict: Verdict
    observed_at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Containment:
    """How far containment has come.

    `effective_at` is when harm stopped by the verifier's account; `verified_at` is when it was
    said, and stops the clock. `lost_at` is when it was last lost.
    """

    actions: Mapping[str, Action] = field(default_factory=dict)
    observations: Mapping[Check, Observation] = field(default_factory=dict)
    fix_contains: bool = False
    verified_at: datetime | None = None
    verified_by: str | None = None
    effective_at: datetime | None = None
    lost_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """The permanent fix: which commit, where it is, which checks of it are green.

    `provider` names a billing provider that caused the incident: then replay, not a deploy, is
    the fix.
    """

    commit: str | None = None
    provider: str | None = None
    deployed_at: datetime | None = None
    green: Mapping[RunKind, datetime] = field(default_factory=dict)
    fixed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """A check (`run`) or deploy (None) of a commit that is not, or not yet, the linked one."""

    commit: str
    run: RunKind | None
    conclusion: str
    whole_scope: bool
    url: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The monitoring window that is running; None while something keeps it from running."""

    started_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The first regular release of the service cut after t0. `shipped_at` None: planned.

    `weekly`: it is listed for the security review once its day is past.
    """

    id: str
    cut_at: datetime
    planned_at: datetime | None
    shipped_at: datetime | None
    weekly: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """The fix clock stands still since `started_at`, until `until` at the latest."""

    started_at: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """An exception for one criterion. It counts once `approved_by` another person.

    Who has not agreed by `until` does not any more; None: not by age.
    """

    asked_by: str
    expires_at: datetime
    approved_by: str | None = None
    noticed_at: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A checklist item that is settled; `late` says that it was after its phase's due time."""

    state: ItemState
    at: datetime
    by: str
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """The blast radius, suspected until the security owner or the commander confirms it.

    `ever` is the worst exposure that was ever recorded, whatever is thought of it now; None: not
    kept yet.
    """

    summary: str
    exposure: Exposure = Exposure.NONE
    tenants: int | None = None
    users: int | None = None
    endpoints: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    data_categories: tuple[str, ...] = ()
    confirmed_by: str | None = None
    ever: Exposure | None = None

    @property
    def exposed(self) -> bool:
        """Whether exposure is, or once was, possible or confirmed."""
        return self.exposure is not Exposure.NONE or self.ever not in (None, Exposure.NONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """What one audience has heard. `next_by` is the promise in force, if there is one.

    `missed_at` and `reminded_of` are the promise that was missed, and reminded of. `last_at` is
    the newest update accepted. `claimed` is the newest one that says the issue is contained;
    `withdraw` are those that said so and are to be corrected, because containment was lost.
    `final_lacks` are the parts that the final update of a billing incident was sent without, and
    `final_figures` the lines of counts as they were when it was sent.
    """

    first_at: datetime | None = None
    final_at: datetime | None = None
    final_lacks: tuple[str, ...] = ()
    final_figures: tuple[str, ...] = ()
    next_by: datetime | None = None
    failed: tuple[str, ...] = ()
    missed_at: datetime | None = None
    reminded_of: datetime | None = None
    last_at: datetime | None = None
    claimed: str | None = None
    withdraw: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prevention:
    """One piece of preventive work; `overdue_at` is the date that passed and was told."""

    text: str
    owner: str
    due_at: datetime
    done_at: datetime | None = None
    done_by: str | None = None
    check: str | None = None
    overdue_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Something that waits for a second person: `what` it is about, and who asked.

    It is over after `until`; None: not by age. Where another incident is in it, people call that
    `called`.
    """

    what: str
    person: str
    part: Role | None
    reason: str
    until: datetime | None = None
    called: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Communication:
    """What was said to whom. `customers` is the decision to tell them; None: not decided.

    `proposal` is what one of the two who decide wants.
    """

    internal: Audience = field(default_factory=Audience)
    to_customers: Audience = field(default_factory=Audience)
    customers: bool | None = None
    proposal: Proposal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """What the commander decided about the deploy freeze; that it is on follows from the incident.

    `hold_ms` is how long it lasts after containment is verified. `allowed` are the changes let
    through and what for. `warned_of` is the end that was already told.
    """

    hold_ms: int = 0
    lifted_at: datetime | None = None
    warned_of: datetime | None = None
    allowed: Mapping[str, LinkPurpose] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Postmortem:
    """The published postmortem of the current cycle; None on the incident: still a draft.

    `reconciliation` is the one it was published with, and `report` where that one's report lies.
    """

    url: str
    actions: int
    published_at: datetime
    reconciliation: str | None = None
    report: Stored | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may see a restricted incident besides its role holders and security."""

    added: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleResult:
    """How the clocks of a cycle that was closed and reopened ended."""

    cycle: int
    started_at: datetime
    closed_at: datetime
    attainment: Mapping[ClockName, Attainment]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preventive:
    """One thing that will be done so that it does not happen again."""

    text: str
    owner: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceLink:
    """Evidence of a duplicate; `url` is a path of the API for what was recorded there."""

    url: str
    title: str
