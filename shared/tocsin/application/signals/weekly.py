"""The weekly list of what no rule knows: in which week a signal is listed, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from tocsin.incidents.queries.reminders import week_begins

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tocsin.incidents.runbook.policy import Policy
    from tocsin.ports.signals import Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownKey:
    """What no rule knows of one key in a week: how often it fired, and where that led."""

    key: str
    source: str
    name: str
    count: int
    first_at: datetime
    last_at: datetime
    incidents: tuple[str, ...]


def week_of(at: datetime, policy: Policy) -> tuple[str, datetime]:
    """The ISO week (UTC) in whose first working minute what comes at a time is told, and when."""
    told_at = week_begins(policy.calendar, at)
    return f"{told_at:%G-W%V}", told_at


def by_key(found: Iterable[Unknown]) -> tuple[UnknownKey, ...]:
    """One line for each key, the most frequent first."""
    lines = []
    for key, each in groupby(sorted(found, key=lambda one: (one.key, one.at)), lambda one: one.key):
        batches = list(each)
        lines.append(
            UnknownKey(
                key=key,
                source=batches[0].source,
                name=batches[0].name,
                count=sum(one.count for one in batches),
                first_at=batches[0].at,
                last_at=batches[-1].at,
                incidents=tuple(
                    dict.fromkeys(one.incident for one in batches if one.incident is not None)
                ),
            )
        )
    return tuple(sorted(lines, key=lambda line: (-line.count, line.key)))
