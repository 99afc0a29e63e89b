"""What differs between two policies, key by key, in the words of the runbook file.

A line with an id is one key wherever it stands; where the order of the lines both have differs,
that is said apart. Nothing a policy holds is left out, so two policies of different versions
always differ in a key.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from tocsin.incidents.runbook.policy import ChangedKey
from tocsin.incidents.runbook.targets import Elapsed
from tocsin.policy.compiled.targets import format_due, format_minutes
from tocsin.policy.render.rules import besides, named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tocsin.incidents.runbook.paging import Escalation
    from tocsin.incidents.runbook.policy import (
        ChecklistItem,
        Criterion,
        Policy,
        SeverityPolicy,
        TriageRule,
        UpdateCadence,
    )
    from tocsin.incidents.runbook.smoke_tests import SmokeTest
    from tocsin.incidents.vocabulary import Category, Severity

type Pairs = Iterator[tuple[str, str]]

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LISTS = ("executive_summary", "evidence", "postmortem_fields", "preventive_controls")


def changes(old: Policy, new: Policy) -> tuple[ChangedKey, ...]:
    """The keys whose values differ, in the order of the runbook; None where a key is absent."""
    before, after = dict(flatten(old)), dict(flatten(new))
    sections = list(dict.fromkeys(map(_section, chain(before, after))))
    keys = sorted({**before, **after}, key=lambda key: sections.index(_section(key)))
    differing = (
        ChangedKey(key, before.get(key), after.get(key))
        for key in keys
        if before.get(key) != after.get(key)
    )
    return (*differing, *_reordered(before, after))


def flatten(policy: Policy) -> Pairs:
    """Each value of a policy as text, by its dotted key; the version and the change apart."""
    yield "schema_version", str(policy.schema_version)
    yield from ((f"document.{key}", text) for key, text in policy.texts.items())
    for severity, row in policy.severities.items():
        yield from _severity(f"severities.{severity}", row)
    yield from _people(policy)
    for trigger in policy.triggers:
        yield f"triggers.{trigger.id}", trigger.text + _only(trigger.categories)
    yield from _phases(policy)
    for key, template in policy.templates.items():
        yield f"templates.{key}.title", template.title
        yield f"templates.{key}.text", template.text
        yield f"templates.{key}.needs_containment", _word(yes=template.needs_containment)
        if template.claims:
            yield f"templates.{key}.claims", "; ".join(template.claims)
    for name in _LISTS:
        yield from ((f"{name}.{line.id}", line.text) for line in getattr(policy, name))
    for criterion in policy.criteria:
        yield f"criteria.{criterion.section}.{criterion.code}", _criterion(criterion)
    yield from _numbers(policy)
    yield from _billing(policy)
    yield from _chat_room(policy)
    yield from _business_time(policy)
    for rule in policy.triage:
        yield f"triage.{rule.id}", _rule(rule)
    for test in policy.smoke_tests:
        yield f"smoke_tests.{test.id}", _smoke_test(test)


def _section(key: str) -> str:
    return key.partition(".")[0]


def _severity(key: str, row: SeverityPolicy) -> Pairs:
    yield f"{key}.typical_example", row.typical_example
    for clock, target in row.targets.items():
        yield f"{key}.{clock}", format_due(target)
    yield f"{key}.monitoring_window", format_due(row.monitoring)
    timeout = row.escalation.acknowledge_timeout
    yield f"{key}.acknowledge_timeout", "none" if timeout is None else format_due(timeout)
    yield f"{key}.paging.pages", _word(yes=row.escalation.pages)
    yield f"{key}.paging.ways", ", ".join(row.escalation.ways)
    yield f"{key}.paging.quiet_ways", ", ".join(row.escalation.quiet_ways)
    yield f"{key}.paging.steps", "; ".join(_steps(row.escalation))
    yield f"{key}.paging.repeats", "; ".join(_repeats(row.escalation))
    yield from _cadence(f"{key}.internal_updates", row.internal_updates)
    yield from _cadence(f"{key}.customer_updates", row.customer_updates)


def _steps(ladder: Escalation) -> Iterator[str]:
    for step in ladder.steps:
        yield f"{format_minutes(step.after_minutes)}: {', '.join(step.audiences)}"


def _repeats(ladder: Escalation) -> Iterator[str]:
    for repeat in ladder.repeats:
        times = "for ever" if repeat.times is None else f"{repeat.times} times"
        yield f"every {format_minutes(repeat.every_minutes)} {times}"


def _cadence(key: str, cadence: UpdateCadence) -> Pairs:
    for name in ("first", "then", "after_containment"):
        due = getattr(cadence, name)
        yield f"{key}.{name}", "on decision" if due is None else format_due(due)


def _people(policy: Policy) -> Pairs:
    for role, row in policy.roles.items():
        yield f"roles.{role}.title", row.title
        yield f"roles.{role}.responsibility", row.responsibility
        yield f"roles.{role}.backup_title", row.backup_title
        yield f"roles.{role}.primary", policy.roster.primary[role]
        yield f"roles.{role}.backup", policy.roster.backup[role]
        yield f"roles.{role}.deputies", ", ".join(policy.roster.deputies.get(role, ()))
    yield "engineering_lead", policy.roster.engineering_lead
    for category, roles in policy.roster.paged.items():
        yield f"paged.{category}", ", ".join(roles)


def _phases(policy: Policy) -> Pairs:
    for phase, chapter in policy.phases.items():
        yield f"phases.{phase}.title", chapter.title + _only(chapter.categories)
        yield f"phases.{phase}.numbered", _word(yes=chapter.numbered)
        for severity, due in chapter.due.items():
            text = format_due(due) if isinstance(due, Elapsed) else str(due)
            yield f"phases.{phase}.due.{severity}", text
        for item in policy.checklist:
            if item.phase is phase:
                yield _item_key(item), item.text + _only(item.categories, item.severities)


def _item_key(item: ChecklistItem) -> str:
    above = "" if item.parent is None else f"{item.parent}.items."
    return f"phases.{item.phase}.items.{above}{item.id}"


def _criterion(criterion: Criterion) -> str:
    never = ", ".join(criterion.never_waived_for)
    waived = f" (never waived: {never})" if never else ""
    return criterion.text + _only(criterion.categories) + waived


def _numbers(policy: Policy) -> Pairs:
    limits, sampling = policy.limits, policy.sampling
    yield "limits.reopen_window", format_minutes(limits.reopen_window_minutes)
    yield "limits.pause", format_minutes(limits.pause_minutes)
    yield "limits.waiver_days", str(limits.waiver_days)
    yield "limits.freeze_extension", format_minutes(limits.freeze_extension_minutes)
    yield "limits.freeze_warning", format_minutes(limits.freeze_warning_minutes)
    yield "limits.freeze_fails", "closed" if limits.freeze_fails_closed else "open"
    yield "limits.flap", format_minutes(limits.flap_minutes)
    yield "limits.report_triage", format_minutes(limits.report_triage_minutes)
    yield "limits.update_reminder", format_minutes(limits.update_reminder_minutes)
    yield "limits.nag", format_minutes(limits.nag_minutes)
    yield "limits.nag_times", str(limits.nag_times)
    if (noise := policy.noise) is not None:
        yield "noise.grouping", format_minutes(noise.grouping_minutes)
        yield "noise.flapping.changes", str(noise.flapping_changes)
        yield "noise.flapping.within", format_minutes(noise.flapping_minutes)
        yield "noise.flapping.quiet", format_minutes(noise.quiet_minutes)
        yield "noise.flapping.longest", format_minutes(noise.flapping_longest_minutes)
        yield "noise.maintenance", format_minutes(noise.maintenance_minutes)
    if (work := policy.work) is not None:
        yield "work.quality", ", ".join(work.quality)
        yield "work.security", ", ".join(work.security)
        yield "work.production", ", ".join(work.production)
        for pattern, minutes in work.expected.items():
            yield f"work.expected.{pattern}", format_minutes(minutes)
    yield "reconciliation_sample.confidence_percent", str(sampling.confidence_percent)
    yield "reconciliation_sample.wrong_percent", str(sampling.wrong_percent)
    yield "reconciliation_sample.per_status_and_plan", str(sampling.per_stratum)


def _billing(policy: Policy) -> Pairs:
    for status, row in policy.billing.access.items():
        key = f"billing.access.{status}"
        yield f"{key}.access", row.access
        yield f"{key}.in_incident", row.in_incident
        yield f"{key}.until_period_end", _word(yes=row.until_period_end)
        yield f"{key}.grace_days", "no end" if row.grace_days is None else str(row.grace_days)
        yield f"{key}.collection_paused", row.collection_paused or "as the status"
    yield "billing.confirm", ", ".join(policy.billing.confirm)
    yield "billing.essential", ", ".join(policy.billing.essential)
    yield "billing.add_ons", ", ".join(policy.billing.add_ons)


def _chat_room(policy: Policy) -> Pairs:
    if (room := policy.chat_room) is not None:
        yield "chat_room.tells", ", ".join(room.tells)
        yield "chat_room.categories", ", ".join(room.categories)


def _business_time(policy: Policy) -> Pairs:
    calendar = policy.calendar
    yield "business_time.zone", calendar.zone
    yield "business_time.day", format_minutes(calendar.minutes_per_day)
    for weekday, name in enumerate(_WEEKDAYS):
        spans = calendar.weekly_hours.get(weekday, ())
        yield f"business_time.hours.{name}", ", ".join(map(_span, spans)) or "closed"
    for day in sorted(calendar.closed_dates | policy.closed_names.keys()):
        why = policy.closed_names.get(day, "closed")
        yield f"business_time.closed_dates.{day}", why if day in calendar.closed_dates else "open"
    yield "business_time.version", calendar.version
    if calendar.holidays_until is not None:
        yield "business_time.public_holidays.last_year", str(calendar.holidays_until)
    for number, doubt in enumerate(policy.doubts, start=1):
        yield f"business_time.doubts.{number}", f"{doubt.key}: {doubt.text}"


def _span(span: tuple[int, int]) -> str:
    return "-".join(f"{edge // 60:02d}:{edge % 60:02d}" for edge in span)


def _rule(rule: TriageRule) -> str:
    service = f", service {rule.service}" if rule.service else ""
    also = "".join(f", {more}" for more in besides(rule))
    return f"{rule.source} {named(rule)} is {rule.severity} {rule.category}{service}{also}"


def _smoke_test(test: SmokeTest) -> str:
    wanted = f"{test.status}" + (f" with {test.contains!r}" if test.contains else "")
    where = "" if test.services is None else f" for {', '.join(test.services) or 'no service'}"
    asked = f"{test.method} {test.url}: {wanted} within {test.seconds} s"
    return asked + where + _only(test.categories)


def _only(
    categories: Sequence[Category] | None, severities: Sequence[Severity] | None = None
) -> str:
    limits: Iterable[str] = chain(categories or (), severities or ())
    named = categories is not None or severities is not None
    return f" ({', '.join(limits) or 'nobody'} only)" if named else ""


def _word(*, yes: bool) -> str:
    return "true" if yes else "false"


def _reordered(before: dict[str, str], after: dict[str, str]) -> Iterator[ChangedKey]:
    """One key per list whose common lines stand in another order."""
    for part in ("triage.", *(f"{name}." for name in _LISTS), "phases.", "criteria.", "triggers."):
        kept = [key for key in before if key.startswith(part) and key in after]
        moved = [key for key in after if key.startswith(part) and key in before]
        if kept != moved:
            names = (", ".join(key.removeprefix(part) for key in keys) for keys in (kept, moved))
            yield ChangedKey(f"{part.rstrip('.')} (order)", *names)
