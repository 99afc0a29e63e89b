"""The numbers of the shipped policy that stand in no table of the document's first part."""

from __future__ import annotations

import pytest

from tocsin.incidents.runbook.paging import PageRepeat, PageStep
from tocsin.incidents.runbook.targets import (
    AtMilestone,
    BusinessDays,
    Elapsed,
    Milestone,
    NextRelease,
    Target,
)
from tocsin.incidents.vocabulary import Audience, Category, ClockName, Phase, Role, Severity
from tocsin.policy.compiled.policies import default

POLICY = default()
P, B, LEAD, ALL = Audience.PRIMARY, Audience.BACKUP, Audience.ENGINEERING_LEAD, Audience.ALL


@pytest.mark.parametrize(
    ("severity", "targets"),
    [
        (Severity.CRITICAL, (Elapsed(15), Elapsed(240), Elapsed(1440))),
        (Severity.HIGH, (Elapsed(60), Elapsed(1440), BusinessDays(3))),
        (Severity.MEDIUM, (BusinessDays(1), BusinessDays(3), BusinessDays(10))),
        (Severity.LOW, (BusinessDays(2), BusinessDays(10), NextRelease())),
    ],
)
def test_targets(severity: Severity, targets: tuple[Target, ...]) -> None:
    row = POLICY.severities[severity]
    assert tuple(row.targets[clock] for clock in ClockName) == targets


def test_the_page_ladder_of_a_critical() -> None:
    ladder = POLICY.severities[Severity.CRITICAL].escalation
    assert ladder.pages
    assert ladder.steps == (
        PageStep(0, (P,)),
        PageStep(5, (P, B)),
        PageStep(10, (P, B, LEAD)),
        PageStep(15, (ALL,)),
    )
    assert ladder.repeats == (PageRepeat(5, 6), PageRepeat(30, None))


def test_the_page_ladder_of_a_high() -> None:
    ladder = POLICY.severities[Severity.HIGH].escalation
    assert ladder.pages
    assert [step.after_minutes for step in ladder.steps] == [0, 15, 30, 60]
    assert [B in step.audiences for step in ladder.steps] == [False, False, True, True]
    assert ladder.repeats == (PageRepeat(30, None),)


@pytest.mark.parametrize("severity", [Severity.MEDIUM, Severity.LOW])
def test_medium_and_low_never_page(severity: Severity) -> None:
    assert not POLICY.severities[severity].escalation.pages


def test_acknowledge_timeouts_and_monitoring_windows() -> None:
    timeouts = [row.escalation.acknowledge_timeout for row in POLICY.severities.values()]
    assert timeouts == [Elapsed(30), Elapsed(120), BusinessDays(1), None]
    windows = [row.monitoring.minutes // 60 for row in POLICY.severities.values()]
    assert windows == [72, 24, 24, 4]


def test_update_cadences() -> None:
    shown = {
        severity: [
            (
                row.internal_updates.first,
                row.internal_updates.then,
                row.internal_updates.after_containment,
            ),
            (
                row.customer_updates.first,
                row.customer_updates.then,
                row.customer_updates.after_containment,
            ),
        ]
        for severity, row in POLICY.severities.items()
    }
    on_decision = (None, None, None)
    assert shown == {
        Severity.CRITICAL: [
            (Elapsed(30), Elapsed(30), Elapsed(240)),
            (Elapsed(60), Elapsed(60), Elapsed(1440)),
        ],
        Severity.HIGH: [
            (Elapsed(60), Elapsed(120), Elapsed(1440)),
            (Elapsed(240), Elapsed(240), Elapsed(1440)),
        ],
        Severity.MEDIUM: [
            (BusinessDays(1), BusinessDays(3), AtMilestone(Milestone.FIX)),
            on_decision,
        ],
        Severity.LOW: [
            (AtMilestone(Milestone.OPENING), None, AtMilestone(Milestone.CLOSING)),
            on_decision,
        ],
    }


def test_phases_are_late_by_time_or_with_their_clock() -> None:
    def due(phase: Phase) -> list[int | str]:
        return [
            item.minutes if isinstance(item, Elapsed) else item.value
            for item in POLICY.phases[phase].due.values()
        ]

    assert due(Phase.FIRST_15_MINUTES) == [15, 15, "acknowledge", "acknowledge"]
    assert due(Phase.FIRST_HOUR) == [60, 60, "acknowledge", "acknowledge"]
    assert due(Phase.CONTAINMENT) == [240, 1440, "contain", "contain"]
    assert due(Phase.POST_CONTAINMENT) == ["fix"] * 4
    assert due(Phase.BILLING_IMMEDIATE)[:2] == [30, 30]
    assert due(Phase.BILLING_CONTAINMENT)[:2] == [120, 120]


def test_limits() -> None:
    limits = POLICY.limits
    assert limits.reopen_window_minutes == 7 * 24 * 60
    assert limits.pause_minutes == 24 * 60
    assert limits.waiver_days == 14
    assert limits.freeze_extension_minutes == 24 * 60
    assert limits.freeze_warning_minutes == 60
    assert limits.flap_minutes == 10
    assert limits.report_triage_minutes == 60
    assert limits.update_reminder_minutes == 5
    sampling = POLICY.sampling
    assert (sampling.confidence_percent, sampling.wrong_percent, sampling.per_stratum) == (95, 1, 5)


def test_the_business_calendar_is_new_york_with_labor_day_closed() -> None:
    calendar = POLICY.calendar
    assert calendar.zone == "America/New_York"
    assert calendar.minutes_per_day == 540
    assert [calendar.weekly_hours[day] for day in range(7)] == [((540, 1080),)] * 5 + [(), ()]
    named = {day.isoformat(): name for day, name in POLICY.closed_names.items()}
    assert named["2026-09-07"] == "Labor Day"
    assert set(POLICY.closed_names) == calendar.closed_dates
    assert {day.year for day in calendar.closed_dates} == set(range(2025, 2037))


def test_people_are_duties_and_every_role_has_a_backup() -> None:
    roster = POLICY.roster
    assert set(roster.primary) == set(roster.backup) == set(Role)
    assert roster.primary[Role.INCIDENT_COMMANDER] == "commander-primary"
    assert roster.backup[Role.SECURITY_OWNER] == "security-reviewer"
    assert roster.engineering_lead == "engineering-lead"
    assert set(roster.paged) == set(Category)


def test_what_is_never_waived() -> None:
    never = {item.code: item.never_waived_for for item in POLICY.criteria if item.never_waived_for}
    assert never == {
        "containment_verified": (Severity.CRITICAL,),
        "timeline_intact": tuple(Severity),
    }


def test_only_the_text_that_claims_containment_waits_for_it() -> None:
    waiting = [key for key, template in POLICY.templates.items() if template.needs_containment]
    assert waiting == ["customer"]


def test_billing_phases_are_for_operational_incidents_only() -> None:
    for item in POLICY.checklist:
        billing = item.phase.startswith("billing")
        assert item.categories == ((Category.OPERATIONAL,) if billing else None)
