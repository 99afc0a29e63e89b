"""What the API answers, field by field: the shape of every document it sends.

Plain dictionaries at run time. The type checker holds the views to these shapes, and `openapi`
publishes them, so what is promised and what is sent cannot part. Times are RFC 3339 in UTC, and
a text that may be null is null when there is nothing to say. A field may be added; one that is
renamed, removed or narrowed breaks callers and fails a test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from tocsin.incidents.model.incident import RoundReason
    from tocsin.incidents.model.parts import (
        ActionState,
        ChannelKind,
        Check,
        Exposure,
        RunKind,
        Verdict,
    )
    from tocsin.incidents.model.releases import ReleaseKind
    from tocsin.incidents.runbook.targets import Milestone
    from tocsin.incidents.vocabulary import (
        Category,
        Kind,
        Resolution,
        Role,
        Severity,
        State,
    )

type Moment = str
"""A time: RFC 3339, UTC, milliseconds."""


class Round(TypedDict):
    """One request for somebody to say "I have it"."""

    number: int
    reason: RoundReason
    started_at: Moment
    due_at: Moment
    acknowledged_at: Moment | None
    acknowledged_by: str | None
    missed_at: Moment | None


class Action(TypedDict):
    """A containment action."""

    action: str
    text: str
    state: ActionState
    by: str
    at: Moment


class Observation(TypedDict):
    """The newest look of one kind."""

    check: Check
    verdict: Verdict
    observed_at: Moment
    by: str


class Containment(TypedDict):
    """How far containment has come."""

    actions: list[Action]
    observations: list[Observation]
    by_fix: bool
    verified_at: Moment | None
    verified_by: str | None
    effective_at: Moment | None
    lost_at: Moment | None


class Fix(TypedDict):
    """Which commit is the fix and what is known of it; `green` holds the checks that passed."""

    commit: str | None
    provider: str | None
    deployed_at: Moment | None
    green: dict[RunKind, Moment]
    fixed_at: Moment | None


class Window(TypedDict):
    """The monitoring window that is running."""

    started_at: Moment
    ends_at: Moment


class AwaitedRelease(TypedDict):
    """The next regular release after t0."""

    release: str
    cut_at: Moment
    planned_at: Moment | None
    shipped_at: Moment | None


class Waiver(TypedDict):
    """An exception for one criterion; it counts once another person approved."""

    criterion: str
    asked_by: str
    approved_by: str | None
    expires_at: Moment


class Impact(TypedDict):
    """The blast radius; suspected until confirmed."""

    summary: str
    exposure: Exposure
    tenants: int | None
    users: int | None
    endpoints: list[str]
    services: list[str]
    data_categories: list[str]
    confirmed_by: str | None


class OwedUpdate(TypedDict):
    """An update that goes with a step: `opening`, `fix`, `closing`. `due_at` null: still ahead."""

    step: Milestone
    due_at: Moment | None


class Told(TypedDict):
    """What one audience has heard; `next_by` is the promise in force.

    `owed` is due with a step and not at a time. `withdraw` are updates that say the issue is
    contained, and are to be corrected because containment was lost.
    """

    first_at: Moment | None
    final_at: Moment | None
    next_by: Moment | None
    failed: list[str]
    owed: list[OwedUpdate]
    withdraw: list[str]


class Communication(TypedDict):
    """Updates; `customers` is the decision to tell them, null while nobody decided.

    `wording` is the runbook's text that may be sent to customers now, with its placeholders; null
    when nothing is to be said to them.
    """

    internal: Told
    to_customers: Told
    customers: bool | None
    wording: str | None


class KeptReport(TypedDict):
    """Where a report lies in the evidence, and the digest of its bytes."""

    key: str
    sha256: str
    size: int
    media_type: str


class Postmortem(TypedDict):
    """The published postmortem of this cycle; of an outage with the reconciliation it refers to."""

    url: str
    actions: int
    published_at: Moment
    reconciliation: str | None
    report: KeptReport | None


class Waiting(TypedDict):
    """Something one person wants that a second one has to agree to."""

    what: str
    person: str
    reason: str


class Incident(TypedDict):
    """An incident at its version."""

    id: str
    kind: Kind
    title: str
    severity: Severity
    category: Category
    state: State
    source: str
    service: str | None
    environment: str
    opened_at: Moment
    began_at: Moment | None
    closed_at: Moment | None
    resolution: Resolution | None
    duplicate_of: str | None
    restricted: bool
    firing: bool
    cycle: int
    roles: dict[Role, str]
    responders: list[str]
    round: Round | None
    impact: Impact | None
    containment: Containment
    fix: Fix
    release: AwaitedRelease | None
    window: Window | None
    waivers: list[Waiver]
    communication: Communication
    postmortem: Postmortem | None
    channels: dict[ChannelKind, str]
    counts: dict[str, int]
    waiting: list[Waiting]
    policy_version: str
    correlation_id: str
    version: int


class Line(TypedDict):
    """An incident on the board."""

    id: str
    title: str
    severity: Severity
    state: State
    category: Category
    opened_at: Moment
    restricted: bool


class Board(TypedDict):
    """A page of the board; `next` is the `cursor` of the following one. A page may be short."""

    incidents: list[Line]
    next: str | None


class Entry(TypedDict):
    """One entry of the timeline: its header, its content and its place in the chain."""

    v: int
    incident: str
    seq: int
    type: str
    recorded_at: Moment
    occurred_at: Moment
    actor_ref: str
    content_hash: str
    hash: str
    prev_hash: str
    correlation_id: str
    content: dict[str, Any]


class Timeline(TypedDict):
    """A page of the timeline; `next` is the `after` of the following one."""

    incident: str
    version: int
    entries: list[Entry]
    next: int | None


class Content(TypedDict):
    """Content that an entry names under `stored`; `size` is in bytes of UTF-8."""

    incident: str
    sha256: str
    size: int
    media_type: str
    text: str


class SmokeTest(TypedDict):
    """One request to send, and what the answer must be."""

    name: str
    method: str
    url: str
    status: int
    contains: str
    seconds: int


class SmokeTests(TypedDict):
    """What the incident's policy wants asked before containment is verified."""

    incident: str
    version: int
    policy_version: str
    tests: list[SmokeTest]


class Release(TypedDict):
    """A release of a service, or a flag that was turned; `shipped_at` null: planned."""

    kind: ReleaseKind
    release: str
    service: str
    regular: bool
    cut_at: Moment
    planned_at: Moment | None
    shipped_at: Moment | None
    commits: list[str]


class RecordedRelease(TypedDict):
    """A release that was recorded, and the incidents it was recorded on.

    `next` not null: more incidents are open than one request reaches. They are told within two
    minutes without being asked for; to have them named now, send the same again, with the same
    key and `cursor` set to it.
    """

    release: Release
    incidents: list[str]
    next: str | None


class Releases(TypedDict):
    """Releases of a service in the order they were cut; `next` as `cursor` continues."""

    releases: list[Release]
    next: str | None


class Problem(TypedDict):
    """RFC 9457 problem details; branch on `code`, which never changes its meaning."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    retryable: bool
    correlation_id: str
