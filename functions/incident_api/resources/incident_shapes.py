"""What the API answers about an incident where that is not the engine's own value.

Times are RFC 3339 in UTC, and a text that may be null is null when there is nothing to say. A field
may be added; one that is renamed, removed or narrowed breaks callers and fails a test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tocsin.incidents.model.incident import RoundReason
    from tocsin.incidents.model.parts import (
        ActionState,
        ChannelKind,
        Check,
        Fix,
        Impact,
        Postmortem,
        Verdict,
        Window,
    )
    from tocsin.incidents.model.releases import ReleaseKind
    from tocsin.incidents.runbook.targets import Milestone
    from tocsin.incidents.vocabulary import Category, Kind, Resolution, Role, Severity, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One request for somebody to say "I have it"."""

    number: int
    reason: RoundReason
    started_at: datetime
    due_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    missed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A person who was asked for by hand, by `by`, and has not answered yet.

    `role` is the one that was handed over to them and that `by` has until they take it.
    """

    person: str
    by: str
    reason: str
    at: datetime
    due_at: datetime
    times: int
    role: Role | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A containment action."""

    action: str
    text: str
    state: ActionState
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """The newest look of one kind."""

    check: Check
    verdict: Verdict
    observed_at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Containment:
    """How far containment has come."""

    actions: tuple[Action, ...]
    observations: tuple[Observation, ...]
    by_fix: bool
    verified_at: datetime | None
    verified_by: str | None
    effective_at: datetime | None
    lost_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitedRelease:
    """The next regular release after t0."""

    release: str
    cut_at: datetime
    planned_at: datetime | None
    shipped_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """An exception for one criterion; it counts once another person approved."""

    criterion: str
    asked_by: str
    approved_by: str | None
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedUpdate:
    """An update that goes with a step: `opening`, `fix`, `closing`. `due_at` null: still ahead."""

    step: Milestone
    due_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one audience has heard; `next_by` is the promise in force.

    `owed` is due with a step and not at a time. `withdraw` are updates that say the issue is
    contained, and are to be corrected because containment was lost.
    """

    first_at: datetime | None
    final_at: datetime | None
    next_by: datetime | None
    failed: tuple[str, ...]
    owed: tuple[OwedUpdate, ...]
    withdraw: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Communication:
    """Updates; `customers` is the decision to tell them, null while nobody decided.

    `wording` is the runbook's text that may be sent to customers now, with its placeholders; null
    when nothing is to be said to them.
    """

    internal: Told
    to_customers: Told
    customers: bool | None
    wording: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Something one person wants that a second one has to agree to, by `command`.

    After `until` it is over; null: not by age.
    """

    what: str
    person: str
    reason: str
    command: str
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An entry that this request wrote."""

    seq: int
    type: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """A service whose deployments it holds; `until` null: until containment is verified."""

    service: str
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """An incident at its version, as it stands at the moment of asking.

    `name` is what people call it: `INC-142`, `DRILL-7`, or while it has no number, its id; any of
    them, the beginning of an id, and `latest` may stand in an address. `unlinked` are commits that
    were checked or deployed and may be the fix: nobody has said so. `has_it`, `next`, `next_due`
    and `late` are as on the board. `recorded` are the entries that this very request wrote.
    """

    id: str
    name: str
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
    closed_at: datetime | None
    resolution: Resolution | None
    duplicate_of: str | None
    duplicate_called: str | None
    restricted: bool
    firing: bool
    cycle: int
    roles: Mapping[Role, str]
    responders: tuple[str, ...]
    round: Round | None
    requests: tuple[Request, ...]
    impact: Impact | None
    containment: Containment
    fix: Fix
    unlinked: tuple[str, ...]
    release: AwaitedRelease | None
    window: Window | None
    waivers: tuple[Waiver, ...]
    communication: Communication
    postmortem: Postmortem | None
    channels: Mapping[ChannelKind, str]
    counts: Mapping[str, int]
    waiting: tuple[Waiting, ...]
    pending: bool
    has_it: str | None
    next: str | None
    next_due: datetime | None
    late: bool
    frozen: tuple[Frozen, ...]
    recorded: tuple[Recorded, ...]
    policy_version: str
    correlation_id: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An incident on the board; `name` is its number, or while it has none, its id.

    `has_it` is its commander, else who acknowledged. `next` is what falls due next, or was due
    first and is not done, at `next_due`: then `late`. `mine`: you have a role, or were asked.
    """

    id: str
    name: str
    title: str
    severity: Severity
    state: State
    category: Category
    opened_at: datetime
    restricted: bool
    kind: Kind
    service: str | None
    has_it: str | None
    mine: bool
    next: str | None
    next_due: datetime | None
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A page of the board at `now`; `next` is the `cursor` of the following one.

    A page may be short.
    """

    now: datetime
    incidents: tuple[Line, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the timeline: its header, its content and its place in the chain."""

    v: int
    incident: str
    seq: int
    type: str
    recorded_at: datetime
    occurred_at: datetime
    actor_ref: str
    content_hash: bytes
    hash: bytes
    prev_hash: bytes
    correlation_id: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A page of the timeline; `next` is the `after` of the following one."""

    incident: str
    version: int
    entries: tuple[Entry, ...]
    next: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Content that an entry names under `stored`; `size` is in bytes of UTF-8."""

    incident: str
    sha256: str
    size: int
    media_type: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SmokeTest:
    """One request to send, and what the answer must be."""

    name: str
    method: str
    url: str
    status: int
    contains: str
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SmokeTests:
    """What the incident's policy wants asked before containment is verified."""

    incident: str
    version: int
    policy_version: str
    tests: tuple[SmokeTest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A release of a service, or a flag that was turned; `shipped_at` null: planned."""

    kind: ReleaseKind
    release: str
    service: str
    regular: bool
    cut_at: datetime
    planned_at: datetime | None
    shipped_at: datetime | None
    commits: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRelease:
    """A release that was recorded, and the incidents it was recorded on, by id and as called.

    `next` not null: more incidents are open than one request reaches. They are told within two
    minutes without being asked for; to have them named now, send the same again, with the same
    key and `cursor` set to it.
    """

    release: Release
    incidents: tuple[str, ...]
    names: tuple[str, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Releases:
    """Releases of a service in the order they were cut; `next` as `cursor` continues."""

    releases: tuple[Release, ...]
    next: str | None
