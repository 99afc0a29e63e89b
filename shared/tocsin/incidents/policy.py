"""The compiled runbook: frozen, complete, free of parsing.

`tocsin.policy` validates `runbook.yaml` and compiles it to these values; functions load the
compiled JSON and need neither pydantic nor yaml. An incident remembers `Policy.version` and the
calendar's version, and is judged by them for its whole life.

Durations are whole minutes. Business targets are counted in business days of the calendar
(semantics 2).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.incidents.calendar import BusinessCalendar
    from tocsin.incidents.vocabulary import Audience, Category, ClockName, Phase, Role, Severity


@dataclass(frozen=True, slots=True)
class Elapsed:
    """A wall-clock target: elapsed minutes, day and night."""

    minutes: int


@dataclass(frozen=True, slots=True)
class BusinessDays:
    """A business-time target: days of the calendar's standard working length."""

    days: int


@dataclass(frozen=True, slots=True)
class NextRelease:
    """Due with the first regular release of the service cut after t0 (semantics 6)."""


type Target = Elapsed | BusinessDays | NextRelease


@dataclass(frozen=True, slots=True)
class PageStep:
    """Whom to page, this many minutes after a round started, while nobody acknowledged."""

    after_minutes: int
    audiences: tuple[Audience, ...]


@dataclass(frozen=True, slots=True)
class PageRepeat:
    """After the last step: page all every `every_minutes`, `times` times (None: for ever)."""

    every_minutes: int
    times: int | None


@dataclass(frozen=True, slots=True)
class Escalation:
    """The paging ladder of one severity (semantics 3).

    With `pages` false only mail is sent, at opening and, to the backup, at the due time.
    """

    pages: bool
    steps: tuple[PageStep, ...]
    repeats: tuple[PageRepeat, ...]
    acknowledge_timeout: Target | None


@dataclass(frozen=True, slots=True)
class UpdateCadence:
    """When stakeholders or customers hear from us; None means on decision (semantics 8)."""

    first: Target | None
    then: Target | None
    after_containment: Target | None


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
class RolePolicy:
    """One row of the roles table."""

    role: Role
    title: str
    responsibility: str
    backup_title: str


@dataclass(frozen=True, slots=True)
class Roster:
    """Who holds what: person ids, never names or addresses.

    `primary` and `backup` are per role. `paged` lists the roles paged first for each category.
    """

    primary: Mapping[Role, str]
    backup: Mapping[Role, str]
    engineering_lead: str
    paged: Mapping[Category, tuple[Role, ...]]


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """One bullet of the response timeline."""

    id: str
    phase: Phase
    text: str
    parent: str | None = None
    categories: tuple[Category, ...] | None = None
    severities: tuple[Severity, ...] | None = None


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of the Definition of Done or of the billing exit criteria."""

    code: str
    text: str
    categories: tuple[Category, ...] | None = None
    waivable: bool = True


@dataclass(frozen=True, slots=True)
class TriageRule:
    """Maps a signal to severity and category; the first rule that matches wins.

    `pattern` is a case-insensitive shell-style pattern matched against the signal's rule name
    (an alarm's name, a workflow's name). `title` may be empty: then the signal's own is used.
    """

    id: str
    source: str
    pattern: str
    severity: Severity
    category: Category
    service: str | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """The whole runbook, compiled."""

    schema_version: int
    version: str
    calendar: BusinessCalendar
    severities: Mapping[Severity, SeverityPolicy]
    roles: Mapping[Role, RolePolicy]
    roster: Roster
    checklist: tuple[ChecklistItem, ...]
    criteria: tuple[Criterion, ...]
    triage: tuple[TriageRule, ...]
    reopen_window_minutes: int
    texts: Mapping[str, str] = field(default_factory=dict)
