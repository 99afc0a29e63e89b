"""Rows B1 to B8 of the business-time table, through the engine's own opening."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from tests.harness.worlds.stories import Story, with_calendar
from tocsin.incidents.vocabulary import ClockName, Severity
from tocsin.policy.compiled.policies import default

BERLIN = ZoneInfo("Europe/Berlin")
KOLKATA = ZoneInfo("Asia/Kolkata")
EASTER = frozenset({date(2026, 4, 3), date(2026, 4, 6)})
GANDHI = frozenset({date(2026, 10, 2)})


def dues(story: Story, opened: str, severity: Severity) -> tuple[str, str, str]:
    story.open(opened, severity)
    acknowledge, contain, fix = (story.facts(name)[0] for name in ClockName)
    return acknowledge, contain, fix


@pytest.mark.parametrize(
    ("opened", "severity", "expected"),
    [
        pytest.param(
            "09-04 17:50",
            Severity.MEDIUM,
            ("09-08 17:50", "09-10 17:50", "09-21 17:50"),
            id="B1-medium-opened-on-friday-evening",
        ),
        pytest.param(
            "09-05 03:00",
            Severity.MEDIUM,
            ("09-08 18:00", "09-10 18:00", "09-21 18:00"),
            id="B2-medium-opened-on-saturday-night",
        ),
        pytest.param(
            "09-04 17:50",
            Severity.HIGH,
            ("09-04 18:50", "09-05 17:50", "09-10 17:50"),
            id="B3-high-mixes-elapsed-and-business-time",
        ),
        pytest.param(
            "09-04 17:50",
            Severity.CRITICAL,
            ("09-04 18:05", "09-04 21:50", "09-05 17:50"),
            id="B4-critical-runs-through-the-weekend",
        ),
        pytest.param(
            "09-04 17:50",
            Severity.LOW,
            ("09-09 17:50", "09-21 17:50", "-"),
            id="B5-low-waits-for-the-next-release",
        ),
    ],
)
def test_clocks_of_a_new_york_team_over_labor_day(
    opened: str, severity: Severity, expected: tuple[str, str, str]
) -> None:
    assert dues(Story(), opened, severity) == expected


def test_b6_clocks_of_a_berlin_team_over_easter() -> None:
    policy = with_calendar(default(), zone="Europe/Berlin", closed_dates=EASTER)

    found = dues(Story(policy, BERLIN), "04-02 17:00", Severity.MEDIUM)

    assert found == ("04-07 17:00", "04-09 17:00", "04-20 17:00")


def test_b7_a_critical_opened_before_clocks_go_forward_counts_elapsed_hours() -> None:
    policy = with_calendar(default(), zone="Europe/Berlin", closed_dates=EASTER)

    found = dues(Story(policy, BERLIN), "03-29 00:30", Severity.CRITICAL)

    assert found == ("03-29 00:45", "03-29 05:30", "03-30 01:30")


def test_b8_clocks_of_a_kolkata_team_over_a_friday_holiday() -> None:
    policy = with_calendar(default(), zone="Asia/Kolkata", closed_dates=GANDHI)

    found = dues(Story(policy, KOLKATA), "10-01 10:15", Severity.MEDIUM)

    assert found == ("10-05 10:15", "10-07 10:15", "10-16 10:15")
