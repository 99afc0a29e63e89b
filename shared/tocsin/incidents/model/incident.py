"""The incident as a value: what folding its timeline yields, and what `META` stores.

Nothing here changes in place and nothing here computes: `evolve` builds the next value from an
event. It holds counters, heads and small bounded maps only; what may grow without bound stays on
the timeline. Times are aware UTC datetimes of whole milliseconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from tocsin.incidents.model.billing import BillingExit, Reconciliation, Replayed
from tocsin.incidents.model.naming import numbered
from tocsin.incidents.model.parts import (
    Access,
    Ahead,
    ChannelKind,
    Communication,
    Containment,
    CycleResult,
    Fix,
    Freeze,
    Impact,
    Item,
    Pause,
    Postmortem,
    Prevention,
    Proposal,
    Release,
    Waiver,
    Window,
)
from tocsin.incidents.vocabulary import (
    Attainment,
    Category,
    ClockName,
    Kind,
    Resolution,
    Role,
    Severity,
    State,
)


class RoundReason(StrEnum):
    """Why people are asked to acknowledge (again)."""

    OPENED = "opened"
    RAISED = "raised"
    TIMEOUT = "timeout"
    REOPENED = "reopened"
    CONTAINMENT_LOST = "containment_lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """One promise of a severity.

    `due_at` is the promise now in force (None: nothing to be late for, such as a next release
    nobody planned). `missed_at` is the due time that passed while the clock ran; once set it
    stays. `late_on_raise` says that a raise put `due_at` into the past; then `recovery_due` is
    the working deadline that drives reminders. `reminded_at` is the working deadline that was
    already reminded of; `nags` counts the reminders after it. What pauses have cost is kept in
    both kinds of time, because a later severity may count in the other; `pause` is the one that
    is on now. `listed_at` is the last weekly review it was listed for, waiting for a release.
    """

    name: ClockName
    started_at: datetime
    target: str
    due_at: datetime | None
    stopped_at: datetime | None = None
    missed_at: datetime | None = None
    late_on_raise: bool = False
    recovery_due: datetime | None = None
    reminded_at: datetime | None = None
    nags: int = 0
    paused_business_ms: int = 0
    paused_elapsed_ms: int = 0
    pause: Pause | None = None
    listed_at: datetime | None = None

    @property
    def running(self) -> bool:
        return self.stopped_at is None

    @property
    def unscheduled(self) -> bool:
        """Whether it waits for a release that nobody has planned."""
        return self.running and self.due_at is None

    def counted_to(self, at: datetime) -> datetime:
        """How far it has counted at `at`: while it is paused, no further than to the pause."""
        return at if self.pause is None else min(at, self.pause.started_at)

    @property
    def attainment(self) -> Attainment:
        """How the clock stands. A recorded miss is never washed away by a later lowering."""
        if self.missed_at is not None:
            return Attainment.MISSED
        if self.late_on_raise:
            return Attainment.LATE_ON_RAISE
        return Attainment.RUNNING if self.running else Attainment.MET


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One request for a person to say "I have it", and how far its paging has come.

    `ladder_start` is when the paging steps count from (a raise restarts them); `next_step` is
    the first step not yet sent. Round 1 is the acknowledge clock; later rounds have only this.
    `uncovered` are the roles for which nobody was found on call. `already` are those who have
    been paged for the step `next_step`, where it reaches more people than one write holds. `why` is
    what was said to start it. `paged` are all who were asked in it, `asks` how often people were.
    `to_tell` are those of them who do not know yet that somebody has it.
    """

    number: int
    reason: RoundReason
    started_at: datetime
    due_at: datetime
    ladder_start: datetime
    next_step: int = 0
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    missed_at: datetime | None = None
    uncovered: tuple[Role, ...] = ()
    already: tuple[str, ...] = ()
    why: str | None = None
    paged: tuple[str, ...] | None = None
    asks: int | None = None
    to_tell: tuple[str, ...] | None = None

    @property
    def open(self) -> bool:
        return self.acknowledged_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalating:
    """People who were asked for by hand and are paged by the next writes; `by` asked at `at`."""

    people: tuple[str, ...]
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One person was asked for by hand: `by` wants an answer by `due_at`.

    `times` is how often they were asked; the second time is the last. `role` is what `by` wants to
    hand over to them; None: help.
    """

    person: str
    by: str
    reason: str
    at: datetime
    due_at: datetime
    times: int = 1
    role: Role | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalState:
    """What one dedup key last said, and since when, by the source's times.

    `last_at` is the newest time heard: whatever is older changes nothing any more. `changed_at`
    is when Tocsin recorded the change: what is counted is counted from there.
    """

    firing: bool
    since: datetime
    last_at: datetime
    changed_at: datetime
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Lowering:
    """A lowering that waits for its second person; `part` is the part that has agreed.

    It is over after `until`; None: not by age.
    """

    severity: Severity
    person: str
    part: Role
    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """An incident at one version. `version` is the `seq` of its newest entry: one number.

    `opened_at` is t0 of the first cycle, `cycle_started_at` t0 of the current one. `head` is the
    hash of the newest entry. `signal_severity` is the worst any signal has asked for, so that a
    repeat of a known signal does not undo a commander's lowering. `person_at` is the last entry
    by a person. `confirmed` holds the criteria somebody reported met that no rule here can see
    for itself. `counts` counts what is on the timeline only: decisions, links by purpose.
    `replays` holds the newest replay of each account, by `<provider>#<account>#<mode>`. `ahead` are
    the newest reports about commits that nobody has linked. `escalating_next` follow `escalating`,
    each in the name of who asked; `requests` wait for the answer of one person each. `asked_roles`
    are asked besides those of the category, and `first_choices` are ids of the checklist that
    contain it first, both as the rule said that took its signal.
    """

    id: str
    kind: Kind
    title: str
    severity: Severity
    category: Category
    state: State
    source: str
    service: str | None
    environment: str
    opened_at: datetime
    began_at: datetime | None
    cycle_started_at: datetime
    policy_version: str
    calendar_version: str
    correlation_id: str
    clocks: Mapping[ClockName, Clock]
    round: Round | None
    cycle: int = 1
    roles: Mapping[Role, str] = field(default_factory=dict)
    responders: tuple[str, ...] = ()
    signals: Mapping[str, SignalState] = field(default_factory=dict)
    signal_severity: Severity | None = None
    person_at: datetime | None = None
    lowering: Lowering | None = None
    restricted: bool = False
    resolution: Resolution | None = None
    closed_at: datetime | None = None
    duplicate_of: str | None = None
    duplicate_called: str | None = None
    containment: Containment = field(default_factory=Containment)
    fix: Fix = field(default_factory=Fix)
    window: Window | None = None
    release: Release | None = None
    waivers: Mapping[str, Waiver] = field(default_factory=dict)
    checklist: Mapping[str, Item] = field(default_factory=dict)
    impact: Impact | None = None
    communication: Communication = field(default_factory=Communication)
    freeze: Freeze = field(default_factory=Freeze)
    postmortem: Postmortem | None = None
    reconciliation: Reconciliation | None = None
    prevention: Mapping[str, Prevention] = field(default_factory=dict)
    confirmed: Mapping[str, datetime] = field(default_factory=dict)
    billing_exit: BillingExit = field(default_factory=BillingExit)
    former_categories: tuple[Category, ...] = ()
    channels: Mapping[ChannelKind, str] = field(default_factory=dict)
    replays: Mapping[str, Replayed] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    closing: Proposal | None = None
    lifting: Proposal | None = None
    access: Access = field(default_factory=Access)
    past: tuple[CycleResult, ...] = ()
    asked_roles: tuple[Role, ...] | None = None
    first_choices: tuple[str, ...] | None = None
    escalating: Escalating | None = None
    escalating_next: tuple[Escalating, ...] | None = None
    requests: tuple[Request, ...] | None = None
    ahead: tuple[Ahead, ...] = ()
    number: int | None = None
    version: int = 0
    head: bytes = b""
    recorded_at: datetime | None = None

    @property
    def open(self) -> bool:
        return self.state is not State.CLOSED

    @property
    def name(self) -> str:
        """What people call it: its number, or while it has none, its id."""
        return self.id if self.number is None else numbered(self.kind, self.number)

    def request_of(self, person: str) -> Request | None:
        """What the person was asked for by hand and has not answered."""
        return next((one for one in self.requests or () if one.person == person), None)

    def offers_to(self, person: str) -> tuple[Request, ...]:
        """The roles that were handed over to the person and not taken yet."""
        found = (one for one in self.requests or () if one.person == person)
        return tuple(one for one in found if one.role is not None)

    @property
    def firing(self) -> bool:
        return any(state.firing for state in self.signals.values())

    @property
    def contained(self) -> bool:
        return self.containment.verified_at is not None

    @property
    def fixed(self) -> bool:
        return self.fix.fixed_at is not None

    @property
    def commander(self) -> str | None:
        return self.roles.get(Role.INCIDENT_COMMANDER)
