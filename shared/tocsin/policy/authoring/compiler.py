"""From runbook files to the frozen policy: read, overlay, validate, compile.

The only way a policy comes to be. The default alone and the default with an override take the
same path, so an override is judged as the whole runbook it makes.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path as File
from typing import TYPE_CHECKING

from pydantic import ValidationError

from tocsin.incidents.runbook.paging import (
    ChatRoom,
    Escalation,
    PageRepeat,
    PageStep,
    RolePolicy,
    Roster,
)
from tocsin.incidents.runbook.policy import (
    AccessRow,
    Billing,
    ChecklistItem,
    Criterion,
    CriterionSection,
    Limits,
    Line,
    Noise,
    PhasePolicy,
    Policy,
    RuleMode,
    Sampling,
    SeverityPolicy,
    Template,
    TriageRule,
    Trigger,
    UpdateCadence,
    Work,
)
from tocsin.incidents.runbook.smoke_tests import SmokeTest
from tocsin.incidents.runbook.targets import Elapsed
from tocsin.incidents.vocabulary import ClockName, Phase, Severity
from tocsin.policy.authoring.checks import REMOVED, findings
from tocsin.policy.authoring.holidays import business_calendar, closed_names, place_doubts
from tocsin.policy.authoring.problems import InvalidRunbook, problem_at
from tocsin.policy.authoring.schema import Runbook
from tocsin.policy.authoring.source import overlay, read
from tocsin.policy.compiled.policies import sealed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tocsin.incidents.runbook.policy import Doubt
    from tocsin.policy.authoring.problems import Path, Problem
    from tocsin.policy.authoring.schema import (
        BillingTable,
        ClosingCriterion,
        NoiseTable,
        Paging,
        PhaseChapter,
        RoomRules,
        Rule,
        SeverityRow,
        Smoke,
        Updates,
        WorkTable,
    )
    from tocsin.policy.authoring.source import Source

DEFAULT_RUNBOOK = File(__file__).with_name("runbook.yaml")
DEFAULT_SHOWN_AS = "tocsin/policy/authoring/runbook.yaml"
_MESSAGES = {
    "extra_forbidden": "no such key",
    "missing": REMOVED,
    "string_type": "must be text; put it in quotes",
}


def load(override: File | None = None) -> Runbook:
    """The validated runbook: the default, with a file of what differs laid over it.

    Raises:
        InvalidRunbook: with every problem of the first stage that found one.
    """
    source = read(DEFAULT_RUNBOOK, shown_as=DEFAULT_SHOWN_AS)
    if override is not None:
        source = overlay(source, read(override))
    return validate(source)


def located(doubts: Iterable[Doubt], override: File | None) -> tuple[Problem, ...]:
    """Doubts about a runbook that is valid, each where its key stands."""
    source = read(DEFAULT_RUNBOOK, shown_as=DEFAULT_SHOWN_AS)
    if override is not None:
        source = overlay(source, read(override))
    return _in_order(
        problem_at(tuple(one.key.split(".")), one.text, source.positions) for one in doubts
    )


def validate(source: Source) -> Runbook:
    """The runbook of a source that may hold anything.

    Raises:
        InvalidRunbook: the shape is wrong, or the shape is right and the content is not.
    """
    try:
        runbook = Runbook.model_validate(source.data)
    except ValidationError as wrong:
        raise InvalidRunbook(_in_order(_problems(wrong, source))) from None
    wrong_content = _in_order(
        problem_at(path, message, source.positions) for path, message in findings(runbook)
    )
    if wrong_content:
        raise InvalidRunbook(wrong_content)
    return runbook


def _in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda one: (one.file, one.line, one.column)))


def _problems(wrong: ValidationError, source: Source) -> Iterator[Problem]:
    """One problem per error; below an unknown key, none."""
    unknown: set[Path] = set()
    for error in wrong.errors(include_url=False, include_context=False):
        path = tuple(part for part in error["loc"] if part != "[key]")
        if "[key]" in error["loc"]:
            unknown.add(path)
        elif any(path[: len(above)] == above for above in unknown):
            continue
        message = _MESSAGES.get(error["type"], error["msg"].removeprefix("Value error, "))
        yield problem_at(path, message, source.positions)


def _rule(key: str, row: Rule) -> TriageRule:
    return TriageRule(
        key,
        row.source,
        row.pattern,
        row.severity,
        row.category,
        row.service,
        words=tuple(row.words),
        hints=tuple(row.hints),
        overheard=row.overheard,
        roles=tuple(row.roles),
        containment=tuple(row.containment),
        mode=RuleMode.MONITOR if row.mode == "monitor" else RuleMode.PAGE,
        unknown=row.unknown,
        group=row.group,
        at_least=row.at_least or 0,
        within_minutes=row.within or 0,
        parents=tuple(row.parents),
        unsteady=row.flapping == "pass",
    )


def compile_policy(runbook: Runbook) -> Policy:
    """The frozen policy of a validated runbook, without a record of who changed it."""
    closed = closed_names(runbook.business_time)
    policy = Policy(
        schema_version=runbook.schema_version,
        version=runbook.version,
        calendar=business_calendar(runbook.business_time, frozenset(closed)),
        closed_names=closed,
        severities={word: _severity(word, row) for word, row in runbook.severities.items()},
        roles={
            role: RolePolicy(role, row.title, row.responsibility, row.backup_title)
            for role, row in runbook.roles.items()
        },
        roster=_roster(runbook),
        phases={phase: _phase(phase, chapter) for phase, chapter in runbook.phases.items()},
        checklist=tuple(_checklist(runbook.phases)),
        triggers=tuple(
            Trigger(key, row.text, _optional(row.categories))
            for key, row in runbook.triggers.items()
        ),
        templates={
            key: Template(key, row.title, row.text, row.needs_containment, tuple(row.claims))
            for key, row in runbook.templates.items()
        },
        evidence=_lines(runbook.evidence),
        postmortem_fields=_lines(runbook.postmortem_fields),
        preventive_controls=_lines(runbook.preventive_controls),
        executive_summary=_lines(runbook.document.executive_summary),
        criteria=tuple(_criteria(runbook)),
        triage=tuple(_rule(key, row) for key, row in runbook.triage.items()),
        limits=_limits(runbook),
        sampling=Sampling(
            confidence_percent=runbook.reconciliation_sample.confidence_percent,
            wrong_percent=runbook.reconciliation_sample.wrong_percent,
            per_stratum=runbook.reconciliation_sample.per_status_and_plan,
        ),
        billing=_billing(runbook.billing),
        texts=_texts(runbook),
        chat_room=None if runbook.chat_room is None else _chat_room(runbook.chat_room),
        smoke_tests=tuple(_smoke_tests(runbook.smoke_tests)),
        doubts=place_doubts(runbook.business_time),
        noise=_noise(runbook.noise),
        work=None if runbook.work is None else _work(runbook.work),
    )
    return sealed(policy)


def _noise(table: NoiseTable) -> Noise:
    return Noise(
        grouping_minutes=table.grouping,
        flapping_changes=table.flapping.changes,
        flapping_minutes=table.flapping.within,
        quiet_minutes=table.flapping.quiet,
        flapping_longest_minutes=table.flapping.longest,
        maintenance_minutes=table.maintenance,
    )


def _work(table: WorkTable) -> Work:
    return Work(
        quality=tuple(dict.fromkeys(table.quality)),
        security=tuple(dict.fromkeys(table.security)),
        production=tuple(dict.fromkeys(table.production)),
        expected=dict(table.expected),
    )


def _billing(rules: BillingTable) -> Billing:
    return Billing(
        access={
            status.value: AccessRow(
                row.access.value,
                (row.in_incident or row.access).value,
                row.until_period_end,
                row.grace_days,
                row.collection_paused.value if row.collection_paused else None,
            )
            for status, row in rules.access.items()
        },
        confirm=tuple(rules.confirm),
        essential=tuple(change.value for change in dict.fromkeys(rules.essential)),
        add_ons=tuple(dict.fromkeys(rules.add_ons)),
    )


def _chat_room(rules: RoomRules) -> ChatRoom:
    return ChatRoom(tells=tuple(rules.tells), categories=tuple(rules.categories))


def _smoke_tests(rows: Mapping[str, Smoke]) -> Iterator[SmokeTest]:
    for key, row in rows.items():
        yield SmokeTest(
            id=key,
            url=row.url,
            method=row.method,
            status=row.status,
            contains=row.contains,
            seconds=row.seconds,
            services=_optional(row.services),
            categories=_optional(row.categories),
        )


def _severity(severity: Severity, row: SeverityRow) -> SeverityPolicy:
    return SeverityPolicy(
        severity=severity,
        typical_example=row.typical_example,
        targets={
            ClockName.ACKNOWLEDGE: row.acknowledge,
            ClockName.CONTAIN: row.contain,
            ClockName.FIX: row.fix,
        },
        escalation=replace(_escalation(row.paging), acknowledge_timeout=row.acknowledge_timeout),
        monitoring=Elapsed(row.monitoring_window),
        internal_updates=_cadence(row.internal_updates),
        customer_updates=_cadence(row.customer_updates),
    )


def _escalation(paging: Paging) -> Escalation:
    return Escalation(
        pages=paging.pages,
        steps=tuple(PageStep(step.after, tuple(step.page)) for step in paging.steps),
        repeats=tuple(PageRepeat(repeat.every, repeat.times) for repeat in paging.repeats),
        acknowledge_timeout=None,
        ways=tuple(paging.ways or ()),
        quiet_ways=tuple(paging.quiet_ways),
    )


def _cadence(updates: Updates) -> UpdateCadence:
    return UpdateCadence(updates.first, updates.then, updates.after_containment)


def _roster(runbook: Runbook) -> Roster:
    return Roster(
        primary={role: row.primary for role, row in runbook.roles.items()},
        backup={role: row.backup for role, row in runbook.roles.items()},
        engineering_lead=runbook.engineering_lead,
        paged={category: tuple(roles) for category, roles in runbook.paged.items()},
        deputies={role: tuple(row.deputies) for role, row in runbook.roles.items()},
    )


def _phase(phase: Phase, chapter: PhaseChapter) -> PhasePolicy:
    categories = _optional(chapter.categories)
    return PhasePolicy(phase, chapter.title, chapter.due, chapter.numbered, categories)


def _checklist(phases: Mapping[Phase, PhaseChapter]) -> Iterator[ChecklistItem]:
    for phase, chapter in phases.items():
        for key, item in chapter.items.items():
            categories = _optional(
                chapter.categories if item.categories is None else item.categories
            )
            severities = _optional(item.severities)
            yield ChecklistItem(key, phase, item.text, None, categories, severities)
            for sub, below in item.items.items():
                yield ChecklistItem(sub, phase, below.text, key, categories, severities)


def _criteria(runbook: Runbook) -> Iterator[Criterion]:
    lists: tuple[tuple[CriterionSection, Mapping[str, ClosingCriterion]], ...] = (
        (CriterionSection.DEFINITION_OF_DONE, runbook.criteria.definition_of_done),
        (CriterionSection.BILLING_EXIT, runbook.criteria.billing_exit),
        (CriterionSection.ADDED, runbook.criteria.added),
    )
    for section, rows in lists:
        for code, row in rows.items():
            categories = _optional(row.categories)
            yield Criterion(code, row.text, section, categories, tuple(row.never_waived_for))


def _limits(runbook: Runbook) -> Limits:
    table = runbook.limits
    return Limits(
        reopen_window_minutes=table.reopen_window,
        pause_minutes=table.pause,
        waiver_days=table.waiver_days,
        freeze_extension_minutes=table.freeze_extension,
        freeze_warning_minutes=table.freeze_warning,
        flap_minutes=table.flap,
        report_triage_minutes=table.report_triage,
        update_reminder_minutes=table.update_reminder,
        nag_minutes=table.nag,
        nag_times=table.nag_times,
        freeze_fails_closed=table.freeze_fails == "closed",
    )


def _texts(runbook: Runbook) -> dict[str, str]:
    front = runbook.document
    return {
        "title": front.title,
        "owner": front.owner,
        "status": front.status,
        "last_updated": front.last_updated.isoformat(),
        "audience": front.audience,
        "purpose": front.purpose,
    }


def _lines(rows: Mapping[str, str]) -> tuple[Line, ...]:
    return tuple(Line(key, text) for key, text in rows.items())


def _optional[T](values: Iterable[T] | None) -> tuple[T, ...] | None:
    return None if values is None else tuple(values)
