"""Due times as people write them."""

from __future__ import annotations

import pytest

from tocsin.incidents.runbook.targets import (
    AtMilestone,
    BusinessDays,
    Elapsed,
    Milestone,
    NextRelease,
    Target,
)
from tocsin.policy.compiled.targets import (
    format_due,
    format_minutes,
    parse_minutes,
    parse_target,
    parse_update,
)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("15 minutes", Elapsed(15)),
        ("1 minute", Elapsed(1)),
        ("1 hour", Elapsed(60)),
        ("24 hours", Elapsed(1440)),
        ("7 days", Elapsed(10080)),
        ("1 business day", BusinessDays(1)),
        ("10 Business  Days", BusinessDays(10)),
        ("Next release", NextRelease()),
    ],
)
def test_targets_are_read_as_they_are_said(text: str, target: Target) -> None:
    assert parse_target(text) == target
    assert parse_target(format_due(target)) == target


@pytest.mark.parametrize("milestone", Milestone)
def test_updates_can_wait_for_a_milestone(milestone: Milestone) -> None:
    due = AtMilestone(milestone)
    assert parse_update(f"at {milestone}") == due
    assert parse_update(format_due(due)) == due


@pytest.mark.parametrize(
    "text",
    [
        "",
        "15",
        "minutes",
        "0 minutes",
        "-1 hours",
        "1.5 hours",
        "15 min",
        "1 week",
        "at fix",
        "soon",
    ],
)
def test_other_wordings_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="15 minutes"):
        parse_target(text)


@pytest.mark.parametrize("text", ["next release", "at noon", "0 minutes", "1 business week"])
def test_an_update_waits_for_no_release(text: str) -> None:
    with pytest.raises(ValueError, match="at opening"):
        parse_update(text)


def test_minutes_are_elapsed_minutes_and_may_be_none() -> None:
    assert parse_minutes("0 minutes") == 0
    assert parse_minutes("90 minutes") == 90
    with pytest.raises(ValueError, match="90 minutes"):
        parse_minutes("1 business day")


@pytest.mark.parametrize(
    ("minutes", "text"),
    [
        (0, "0 minutes"),
        (1, "1 minute"),
        (60, "1 hour"),
        (90, "90 minutes"),
        (4320, "72 hours"),
        (10080, "7 days"),
        (10140, "169 hours"),
    ],
)
def test_minutes_are_written_in_the_largest_unit_people_use(minutes: int, text: str) -> None:
    assert format_minutes(minutes) == text
    assert parse_minutes(text) == minutes
