"""Due times as people write them: `15 minutes`, `1 business day`, `next release`, `at fix`.

The runbook, its compiled JSON and the rendered document all use this wording, so a reader of any
of them reads the same promise. Standard library only: functions parse it when they start.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tocsin.incidents.runbook.targets import (
    AtMilestone,
    BusinessDays,
    Elapsed,
    Milestone,
    NextRelease,
)

if TYPE_CHECKING:
    from tocsin.incidents.runbook.policy import UpdateDue
    from tocsin.incidents.runbook.targets import Target

NEXT_RELEASE = "next release"
TARGET_FORMS = "`15 minutes`, `4 hours`, `3 business days` or `next release`"
UPDATE_FORMS = "`30 minutes`, `1 business day`, `at opening`, `at fix` or `at closing`"
_AMOUNT = re.compile(r"(\d{1,6}) (minute|hour|day|business day)s?")
_MINUTES = {"minute": 1, "hour": 60, "day": 1440}
_WEEK = 7 * 1440


def parse_target(text: str) -> Target:
    """A clock's target.

    Raises:
        ValueError: no such wording; the message shows what is possible.
    """
    if _normal(text) == NEXT_RELEASE:
        return NextRelease()
    amount = _amount(text)
    if amount is None:
        raise ValueError(f"write {TARGET_FORMS}, not {text!r}")
    return amount


def parse_update(text: str) -> UpdateDue:
    """When an update is due.

    Raises:
        ValueError: no such wording; the message shows what is possible.
    """
    words = _normal(text)
    for milestone in Milestone:
        if words == f"at {milestone}":
            return AtMilestone(milestone)
    amount = _amount(text)
    if amount is None:
        raise ValueError(f"write {UPDATE_FORMS}, not {text!r}")
    return amount


def parse_minutes(text: str) -> int:
    """Elapsed minutes of `90 minutes`, `4 hours` or `7 days`.

    Raises:
        ValueError: no such wording.
    """
    amount = _amount(text, zero=True)
    if not isinstance(amount, Elapsed):
        raise ValueError(f"write `90 minutes`, `4 hours` or `7 days`, not {text!r}")  # noqa: TRY004 - the text is wrong, not a type
    return amount.minutes


def format_due(due: Target | UpdateDue) -> str:
    """The inverse of `parse_target` and `parse_update`; up to a week in hours."""
    match due:
        case Elapsed(minutes):
            return format_minutes(minutes)
        case BusinessDays(days):
            return _plural(days, "business day")
        case AtMilestone(milestone):
            return f"at {milestone}"
        case NextRelease():
            return NEXT_RELEASE


def format_minutes(minutes: int) -> str:
    """`7 days` from a week on, `4 hours` where whole hours fit, otherwise `90 minutes`."""
    if minutes >= _WEEK and minutes % _MINUTES["day"] == 0:
        return _plural(minutes // _MINUTES["day"], "day")
    if minutes and minutes % 60 == 0:
        return _plural(minutes // 60, "hour")
    return _plural(minutes, "minute")


def _amount(text: str, *, zero: bool = False) -> Elapsed | BusinessDays | None:
    found = _AMOUNT.fullmatch(_normal(text))
    if found is None:
        return None
    number, unit = int(found[1]), found[2]
    if number == 0 and not zero:
        return None
    return BusinessDays(number) if unit == "business day" else Elapsed(number * _MINUTES[unit])


def _plural(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def _normal(text: str) -> str:
    return " ".join(text.lower().split())
