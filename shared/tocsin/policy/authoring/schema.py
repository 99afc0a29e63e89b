"""The shape of `runbook.yaml`, key by key. What fits here compiles; nothing else does.

Strict: no unknown key, no number for a text, no coercion beyond the wordings of `fields`. What
needs more than one key to judge is in `checks`. Used when a runbook is compiled, never in a
function.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from tocsin.policy.authoring.fields import (
    AccessName,
    AudienceName,
    CategoryName,
    ChangeName,
    ClockTarget,
    Count,
    Day,
    DaySpan,
    Minutes,
    NewsName,
    Percent,
    PhaseDue,
    PhaseName,
    RoleName,
    SeverityName,
    StatusName,
    Text,
    UpdateTarget,
    WayName,
    Word,
    short_form,
)


class Model(BaseModel):
    """Strict, closed and frozen."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, arbitrary_types_allowed=True
    )


class Document(Model):
    """The front of the document."""

    title: Text
    owner: Text
    status: Text
    last_updated: Day
    audience: Text
    purpose: Text
    executive_summary: dict[Word, Text]


class Step(Model):
    """Whom to page, this long after a round started."""

    after: Minutes
    page: Annotated[list[AudienceName], Field(min_length=1)]


class Repeat(Model):
    """How often the last step is repeated; without `times` for ever."""

    every: Minutes
    times: Count | None = None


class Paging(Model):
    """The ladder while nobody acknowledges, and the order in which a person's ways are tried."""

    pages: bool
    ways: Annotated[list[WayName], Field(min_length=1)] | None = None
    quiet_ways: Annotated[list[WayName], Field(min_length=1)]
    steps: Annotated[list[Step], Field(min_length=1)]
    repeats: list[Repeat] = []


class Updates(Model):
    """When one audience hears from us; what is left out is on decision."""

    first: UpdateTarget | None = None
    then: UpdateTarget | None = None
    after_containment: UpdateTarget | None = None


class SeverityRow(Model):
    """One row of the severity table and what else depends on severity."""

    typical_example: Text
    acknowledge: ClockTarget
    contain: ClockTarget
    fix: ClockTarget
    monitoring_window: Minutes
    acknowledge_timeout: ClockTarget | None = None
    paging: Paging
    internal_updates: Updates
    customer_updates: Updates


class RoleRow(Model):
    """One row of the roles table and who holds the role by default."""

    title: Text
    responsibility: Text
    backup_title: Text
    primary: Word
    backup: Word
    deputies: list[Word] = []


class Condition(Model):
    """A trigger."""

    text: Text
    categories: list[CategoryName] | None = None


class SubItem(Model):
    """A bullet below a bullet."""

    text: Text


class Item(Model):
    """A bullet of a checklist."""

    text: Text
    categories: list[CategoryName] | None = None
    severities: list[SeverityName] | None = None
    items: dict[Word, Annotated[SubItem, BeforeValidator(short_form)]] = {}


class PhaseChapter(Model):
    """One chapter of the checklist."""

    title: Text
    numbered: bool = False
    categories: list[CategoryName] | None = None
    due: dict[SeverityName, PhaseDue]
    items: dict[Word, Annotated[Item, BeforeValidator(short_form)]]


class Wording(Model):
    """A template of an update."""

    title: Text
    text: Text
    needs_containment: bool = False
    claims: list[Text] = []


class ClosingCriterion(Model):
    """What must be met before an incident closes."""

    text: Text
    categories: list[CategoryName] | None = None
    never_waived_for: list[SeverityName] = []


class Criteria(Model):
    """The three lists of criteria."""

    definition_of_done: dict[Word, Annotated[ClosingCriterion, BeforeValidator(short_form)]]
    billing_exit: dict[Word, Annotated[ClosingCriterion, BeforeValidator(short_form)]]
    added: dict[Word, Annotated[ClosingCriterion, BeforeValidator(short_form)]]


class LimitTable(Model):
    """Bounds that hold whatever the severity."""

    reopen_window: Minutes
    pause: Minutes
    waiver_days: Count
    freeze_extension: Minutes
    freeze_warning: Minutes
    freeze_fails: Literal["open", "closed"] = "open"
    flap: Minutes
    report_triage: Minutes
    update_reminder: Minutes
    nag: Minutes
    nag_times: Count


class Flapping(Model):
    """When a signal changes too often to be told of each change, and how long that is held."""

    changes: Annotated[int, Field(ge=3, le=20)]
    within: Minutes
    quiet: Minutes
    longest: Minutes


class NoiseTable(Model):
    """How noise is told from news."""

    grouping: Minutes
    flapping: Flapping
    maintenance: Minutes


Pattern = Annotated[str, Field(min_length=1, max_length=200)]


class WorkTable(Model):
    """Which workflows check a fix, by the paths of their files, and what all of production is."""

    quality: list[Pattern] = []
    security: list[Pattern] = []
    production: list[Pattern] = []
    expected: dict[Pattern, Minutes] = {}


class Sample(Model):
    """How many workspaces a reconciliation reads beyond those the outage touched."""

    confidence_percent: Percent
    wrong_percent: Percent
    per_status_and_plan: Count


class AccessLine(Model):
    """What one status gives; in an incident the same, unless said otherwise."""

    access: AccessName
    in_incident: AccessName | None = None
    until_period_end: bool = False
    grace_days: Annotated[int, Field(ge=0, le=366)] | None = None
    collection_paused: AccessName | None = None


class BillingTable(Model):
    """What subscriptions give workspaces, and how providers' answers are taken."""

    access: dict[StatusName, AccessLine]
    confirm: list[Word]
    essential: list[ChangeName]
    add_ons: list[Word] = []


class RoomRules(Model):
    """What the chat room is told, where a stage has one."""

    tells: Annotated[list[NewsName], Field(min_length=1)]
    categories: Annotated[list[CategoryName], Field(min_length=1)]


class Hours(Model):
    """Working hours of a week."""

    monday: list[DaySpan]
    tuesday: list[DaySpan]
    wednesday: list[DaySpan]
    thursday: list[DaySpan]
    friday: list[DaySpan]
    saturday: list[DaySpan]
    sunday: list[DaySpan]


class PublicHolidays(Model):
    """Whose public holidays are closed; years are inclusive."""

    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    subdivision: Text | None = None
    first_year: Annotated[int, Field(ge=2000, le=2100)]
    last_year: Annotated[int, Field(ge=2000, le=2100)]


class BusinessTime(Model):
    """The team's working time."""

    zone: Text
    day: Minutes
    hours: Hours
    public_holidays: PublicHolidays | None = None
    closed_dates: dict[Day, Text] = {}
    open_dates: list[Day] = []


class Rule(Model):
    """What a signal of this name means; the name is told by a pattern, or by words in it.

    `hints`: only where the source itself calls it so. `overheard`: only what nobody sent here on
    purpose. `roles` are paged besides those of the category, `containment` are the first choices,
    and a rule in the mode `monitor` records what it would do. `unknown`: for what no other knows.
    `group`, `at_least` of a key `within` a time, `parents` and `flapping` tell noise from news.
    """

    source: Word
    pattern: Text = ""
    words: list[Text] = []
    hints: list[SeverityName] = []
    overheard: bool = False
    severity: SeverityName
    category: CategoryName
    service: Word | None = None
    roles: list[RoleName] = []
    containment: list[Word] = []
    mode: Literal["page", "monitor"] = "page"
    unknown: bool = False
    group: bool = False
    at_least: Annotated[int, Field(ge=2, le=50)] | None = None
    within: Minutes | None = None
    parents: list[Word] = []
    flapping: Literal["hold", "pass"] = "hold"


class Smoke(Model):
    """One request that shows whether a service works."""

    url: Annotated[str, Field(pattern=r"^https?://[^\s@]+$", max_length=500)]
    method: Literal["GET", "HEAD"] = "GET"
    status: Annotated[int, Field(ge=200, le=599)] = 200
    contains: Annotated[str, Field(max_length=500)] = ""
    seconds: Annotated[int, Field(ge=1, le=30)] = 10
    services: list[Word] | None = None
    categories: list[CategoryName] | None = None


class Runbook(Model):
    """The whole file."""

    schema_version: Literal[1]
    version: Word
    document: Document
    severities: dict[SeverityName, SeverityRow]
    roles: dict[RoleName, RoleRow]
    engineering_lead: Word
    paged: dict[CategoryName, Annotated[list[RoleName], Field(min_length=1)]]
    triggers: dict[Word, Annotated[Condition, BeforeValidator(short_form)]]
    phases: dict[PhaseName, PhaseChapter]
    templates: dict[Word, Wording]
    evidence: dict[Word, Text]
    postmortem_fields: dict[Word, Text]
    preventive_controls: dict[Word, Text]
    criteria: Criteria
    limits: LimitTable
    noise: NoiseTable
    work: WorkTable | None = None
    reconciliation_sample: Sample
    billing: BillingTable
    chat_room: RoomRules | None = None
    business_time: BusinessTime
    triage: dict[Word, Rule]
    smoke_tests: dict[Word, Smoke] = {}
