"""The compiled runbook: frozen, complete, free of parsing.

`tocsin.policy` validates `runbook.yaml` and compiles it to these values; functions load the
compiled JSON and need neither pydantic nor yaml. An incident remembers `Policy.version` and the
calendar's version, and is judged by them for its whole life.

Durations are whole minutes. Business targets are counted in business days of the calendar
(semantics 2).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from tocsin.incidents.runbook.targets import AtMilestone, BusinessDays, Elapsed, Target

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from tocsin.incidents.runbook.calendar import BusinessCalendar
    from tocsin.incidents.runbook.paging import ChatRoom, Escalation, RolePolicy, Roster
    from tocsin.incidents.runbook.smoke_tests import SmokeTest
    from tocsin.incidents.vocabulary import Category, ClockName, Phase, Role, Severity


type UpdateDue = Elapsed | BusinessDays | AtMilestone


@dataclass(frozen=True, slots=True)
class UpdateCadence:
    """When stakeholders or customers hear from us; None means on decision (semantics 8)."""

    first: UpdateDue | None
    then: UpdateDue | None
    after_containment: UpdateDue | None


@dataclass(frozen=True, slots=True)
class SeverityPolicy:
    """One row of the severity table, with what else depends on severity."""

    severity: Severity
    typical_example: str
    targets: Mapping[ClockName, Target]
    escalation: Escalation
    monitoring: Elapsed
    internal_updates: UpdateCadence
    customer_updates: UpdateCadence


@dataclass(frozen=True, slots=True)
class PhasePolicy:
    """One chapter of the checklist.

    `due` is elapsed time from t0, or the clock whose due time it shares (semantics 7).
    """

    phase: Phase
    title: str
    due: Mapping[Severity, Elapsed | ClockName]
    numbered: bool = False
    categories: tuple[Category, ...] | None = None


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """One bullet of the response timeline; a sub-bullet names its `parent`."""

    id: str
    phase: Phase
    text: str
    parent: str | None = None
    categories: tuple[Category, ...] | None = None
    severities: tuple[Severity, ...] | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One bullet or table row that is text to people and an id to the program."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Trigger:
    """One condition under which an incident is declared; no categories means any."""

    id: str
    text: str
    categories: tuple[Category, ...] | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """Wording of an update, with `<placeholders>`.

    With `needs_containment` it must not be sent before containment is verified (semantics 8), and
    `claims` are the words of it that no other update may say before; see `wording`.
    """

    id: str
    title: str
    text: str
    needs_containment: bool = False
    claims: tuple[str, ...] = ()


class CriterionSection(StrEnum):
    """The list of the runbook a closing criterion stands in."""

    DEFINITION_OF_DONE = "definition_of_done"
    BILLING_EXIT = "billing_exit"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class Criterion:
    """What must be met before closing: a line of a list of the runbook, or one Tocsin adds."""

    code: str
    text: str
    section: CriterionSection = CriterionSection.DEFINITION_OF_DONE
    categories: tuple[Category, ...] | None = None
    never_waived_for: tuple[Severity, ...] = ()


class RuleMode(StrEnum):
    """What a rule does with what it takes.

    `monitor` records what it would have done and pages nobody; what joins an incident that is open
    joins it all the same.
    """

    PAGE = ""
    MONITOR = "monitor"


@dataclass(frozen=True, slots=True)
class TriageRule:
    """Maps a signal to severity and category; the first rule that matches wins.

    `pattern` is a case-insensitive shell-style pattern matched against the signal's rule name
    (an alarm's name, a workflow's path). A rule of `words` has no pattern: one of its phrases must
    be said by the whole words of the name, `*` standing for any words between. `hints` are the
    severities that the source itself has to give for the rule to match; empty: any, or none.
    With `overheard` it matches only what nobody sent here on purpose. `roles` are paged besides
    those of the category; `containment` are the first choices, ids of the checklist. `unknown`: it
    stands for whatever no rule before it knows.

    Of noise: with `group` signals of other keys, of one service and environment, join the incident
    that the rule has opened a short while ago. It opens from `at_least` firings of a key within
    `within_minutes` on. What it takes is held back while an incident fires that one of `parents`,
    ids of rules, opened in the same environment. With `unsteady` a signal that keeps changing is
    not held.
    """

    id: str
    source: str
    pattern: str
    severity: Severity
    category: Category
    service: str | None = None
    words: tuple[str, ...] = ()
    hints: tuple[Severity, ...] = ()
    overheard: bool = False
    roles: tuple[Role, ...] = ()
    containment: tuple[str, ...] = ()
    mode: RuleMode = RuleMode.PAGE
    unknown: bool = False
    group: bool = False
    at_least: int = 0
    within_minutes: int = 0
    parents: tuple[str, ...] = ()
    unsteady: bool = False

    @property
    def takes_all(self) -> bool:
        """Whether nothing of its source gets past it."""
        return self.pattern == "*" and not self.hints and not self.overheard


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that hold whatever the severity; minutes are elapsed minutes.

    Whoever has overdue work is reminded every `nag_minutes`, `nag_times` in all; then the next.
    With `freeze_fails_closed` changes wait while nobody can say whether they are frozen.
    """

    reopen_window_minutes: int
    pause_minutes: int
    waiver_days: int
    freeze_extension_minutes: int
    freeze_warning_minutes: int
    flap_minutes: int
    report_triage_minutes: int
    update_reminder_minutes: int = 5
    nag_minutes: int = 30
    nag_times: int = 3
    freeze_fails_closed: bool = False


@dataclass(frozen=True, slots=True)
class Noise:
    """How noise is told from news; in minutes.

    A signal is flapping that has changed `flapping_changes` times within `flapping_minutes`: it is
    held until it has been quiet for `quiet_minutes`, and for `flapping_longest_minutes` at most.
    """

    grouping_minutes: int
    flapping_changes: int
    flapping_minutes: int
    quiet_minutes: int
    flapping_longest_minutes: int
    maintenance_minutes: int


@dataclass(frozen=True, slots=True)
class Work:
    """How work on a fix is told.

    Patterns of workflows' files by what they check, and environments that are all of production.
    `expected` are those that have to run at least so often on the default branch, in minutes.
    """

    quality: tuple[str, ...] = ()
    security: tuple[str, ...] = ()
    production: tuple[str, ...] = ()
    expected: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sampling:
    """How many workspaces a reconciliation reads beyond those the outage touched (semantics 12)."""

    confidence_percent: int
    wrong_percent: int
    per_stratum: int


@dataclass(frozen=True, slots=True)
class AccessRow:
    """What one status of a subscription gives a workspace: `yes`, `grace` or `no`.

    `in_incident` while a billing incident is open; with `until_period_end` a paid period is used
    up first, and grace ends `grace_days` after what was paid. `collection_paused` while no money is
    taken though the status stays, None where that changes nothing. In billing's words, which this
    room does not know.
    """

    access: str
    in_incident: str
    until_period_end: bool
    grace_days: int | None = None
    collection_paused: str | None = None


@dataclass(frozen=True, slots=True)
class Billing:
    """Access by neutral status, and the providers whose early answers are asked for again.

    `essential` are the changes of billing that may be made while an incident freezes the rest;
    `add_ons` the plans that are bought on top of another and so are no double.
    """

    access: Mapping[str, AccessRow]
    confirm: tuple[str, ...]
    essential: tuple[str, ...]
    add_ons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangedKey:
    """One key whose value differs from the previous version; None: absent."""

    key: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """Who made this version from which, when (RFC 3339), why, and what differs."""

    author: str
    changed_at: str
    reason: str
    previous: str
    keys: tuple[ChangedKey, ...]


@dataclass(frozen=True, slots=True)
class Doubt:
    """What may mislead though it is valid: the key of the runbook, and why."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Policy:
    """The whole runbook, compiled.

    `version` ends in a digest of everything below it but `change`, so two policies that differ
    never share a version. `closed_names` says why the calendar's dates are closed. `texts` is the
    document's front: title, owner, status, last_updated, audience, purpose. `chat_room` is None
    where nobody is told anything in a room, be it by the runbook or for lack of a room. `doubts`
    are those that only its place could tell, as it was compiled. Without `noise`, which came later,
    nothing is flapping; without `work` no run checks a fix.
    """

    schema_version: int
    version: str
    calendar: BusinessCalendar
    closed_names: Mapping[date, str]
    severities: Mapping[Severity, SeverityPolicy]
    roles: Mapping[Role, RolePolicy]
    roster: Roster
    phases: Mapping[Phase, PhasePolicy]
    checklist: tuple[ChecklistItem, ...]
    triggers: tuple[Trigger, ...]
    templates: Mapping[str, Template]
    evidence: tuple[Line, ...]
    postmortem_fields: tuple[Line, ...]
    preventive_controls: tuple[Line, ...]
    executive_summary: tuple[Line, ...]
    criteria: tuple[Criterion, ...]
    triage: tuple[TriageRule, ...]
    limits: Limits
    sampling: Sampling
    billing: Billing
    texts: Mapping[str, str]
    chat_room: ChatRoom | None = None
    change: Change | None = None
    smoke_tests: tuple[SmokeTest, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    noise: Noise | None = None
    work: Work | None = None
