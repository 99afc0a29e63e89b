"""What happened, as the timeline keeps it. Written for ever: fields are added, never renamed.

`actor`, `at` and `occurred_at` go into an entry's header (`at` as `recorded_at`), every other
field into its content. An event carries what was computed when it was decided (deadlines,
people), so folding needs no policy.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from tocsin.incidents.model import Clock, Round, RoundReason
from tocsin.incidents.parts import UpdateAudience
from tocsin.incidents.stored import Stored
from tocsin.incidents.timeline import Actor
from tocsin.incidents.vocabulary import Category, ClockName, Kind, Role, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base; `type` is the entry's type on the timeline.

    `at` is incident time when it was decided and never goes back; clocks stop at it.
    `occurred_at` is when it happened by the account of who says so.
    """

    type: ClassVar[str]

    actor: Actor
    at: datetime
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened(Event):
    """The incident exists from `opened_at` (t0); clocks and round 1 run.

    `update_due` is when the first internal update is promised. `triage_due` is by when a report
    from outside was to be triaged: opening it is that.
    """

    type: ClassVar[str] = "opened"

    incident: str
    kind: Kind
    title: str
    detail: str
    severity: Severity
    category: Category
    source: str
    rule: str | None
    service: str | None
    environment: str
    opened_at: datetime
    began_at: datetime | None
    restricted: bool
    policy_version: str
    calendar_version: str
    correlation_id: str
    clocks: tuple[Clock, ...]
    round: Round | None
    previous: str | None = None
    update_due: datetime | None = None
    triage_due: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalSeen:
    """What is kept of one signal."""

    id: str
    key: str
    firing: bool
    occurred_at: datetime
    title: str
    detail: str
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalsMerged(Event):
    """Signals joined the incident, in the order of their own times; one entry per batch."""

    type: ClassVar[str] = "signals_merged"

    signals: tuple[SignalSeen, ...]
    severity: Severity | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundStarted(Event):
    """People are asked to acknowledge again, from `started_at`.

    `ladder_start` is when the first page falls, where that is later.
    """

    type: ClassVar[str] = "round_started"

    number: int
    reason: RoundReason
    started_at: datetime
    due_at: datetime
    ladder_start: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paged(Event):
    """A step of the paging ladder was taken.

    A late sweep takes the latest step for all since `first_step`: those between were skipped,
    but their people are among `people`. `mail` says that the severity sends mail only. Nobody
    to page is a fact worth a line too. `on_call` is who was on call for the roles asked first.
    """

    type: ClassVar[str] = "paged"

    round: int
    first_step: int
    step: int
    due_at: datetime
    people: tuple[str, ...]
    mail: bool
    on_call: Mapping[Role, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NobodyOnCall(Event):
    """A role that is asked first has nobody; `instead` is asked in its place.

    Said once for each role and round, whoever was paged for other roles.
    """

    type: ClassVar[str] = "nobody_on_call"

    role: Role
    round: int
    due_at: datetime
    instead: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalated(Event):
    """Somebody asked for more people now, outside the ladder."""

    type: ClassVar[str] = "escalated"

    people: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged(Event):
    """A person has it. `commander` says that they also took the empty commander role."""

    type: ClassVar[str] = "acknowledged"

    person: str
    round: int
    commander: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockBreached(Event):
    """A running clock passed its due time, which is `due_at` and not when it was noticed."""

    type: ClassVar[str] = "clock_breached"

    clock: ClockName
    due_at: datetime
    round: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlinePassed(Event):
    """The working deadline of a clock that is already missed or late passed: a reminder."""

    type: ClassVar[str] = "deadline_passed"

    clock: ClockName
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Nagged(Event):
    """Reminder `number` of overdue work, for everybody whose turn came since the one before."""

    type: ClassVar[str] = "nagged"

    clock: ClockName
    first: int
    number: int
    due_at: datetime
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockChange:
    """Old and new promise of one clock, side by side."""

    clock: ClockName
    old_due: datetime | None
    new_due: datetime | None
    target: str
    late_on_raise: bool
    recovery_due: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseMoved:
    """The next update of an audience is promised for another time."""

    audience: UpdateAudience
    old_due: datetime | None
    new_due: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityChanged(Event):
    """Raised or lowered, with what it did to every clock and to the open round.

    `ladder_start` and `next_step` are where paging of an open round goes on.
    """

    type: ClassVar[str] = "severity_changed"

    old: Severity
    new: Severity
    reason: str
    clocks: tuple[ClockChange, ...]
    round_due: datetime | None
    ladder_start: datetime | None
    next_step: int | None
    updates: tuple[PromiseMoved, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LoweringProposed(Event):
    """One of the two people a lowering needs agreed; nothing changes until the other does."""

    type: ClassVar[str] = "lowering_proposed"

    severity: Severity
    person: str
    part: Role
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryChanged(Event):
    """Another kind of incident."""

    type: ClassVar[str] = "category_changed"

    old: Category
    new: Category
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleAssigned(Event):
    """A role has a new holder."""

    type: ClassVar[str] = "role_assigned"

    role: Role
    person: str
    previous: str | None
    briefing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Left(Event):
    """A person gave up the roles they held; nobody has them now."""

    type: ClassVar[str] = "left"

    person: str
    roles: tuple[Role, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteAdded(Event):
    """Free text for the record."""

    type: ClassVar[str] = "note_added"

    text: str
    stored: Stored | None = None
