"""Whether a provider has fallen silent, and whether we have fallen behind, from what is stored.

Silence is measured against what was to be expected, in events: a quiet hour of a small account is
nothing, ten minutes without a single event of a busy one are an outage. The expectation is the mean
of the same clock hour on the last seven days, without the busiest of them, so that one replay does
not raise it for a week.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.billing.event import EventClass
from tocsin.billing.projection import ordering
from tocsin.billing.projection.ordering import Decision
from tocsin.billing.projection.told import BillingEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.ordering import Row

HOUR, DAY = 3_600, 86_400
DAYS_COMPARED = 7
LONGEST_SILENCE_HOURS = 48
"""Further back nobody looks for the last event; the silence is called that long then."""

HANDLED_WITHIN = 60
"""Seconds a stored event is given before it counts as not yet projected."""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """What is looked at of a stored event; times are epoch seconds."""

    id: str
    received_at: int
    created: int | None
    event_class: EventClass
    subscription: str | None


@dataclass(frozen=True, slots=True)
class Silence:
    """How long nothing has come, and how many events should have come in that time."""

    seconds: int
    missed: int


def expected_per_hour(counts: Sequence[int]) -> float:
    """Events an hour, from the counts of the same hour on earlier days."""
    ordered = sorted(counts)[:-1]
    return sum(ordered) / len(ordered) if ordered else 0.0


def silence(newest: int | None, expected: float, *, now: int) -> Silence:
    """`newest` is when the newest event was received; None: none within the longest silence."""
    longest = LONGEST_SILENCE_HOURS * HOUR
    seconds = longest if newest is None else min(longest, max(0, now - newest))
    return Silence(seconds, round(expected * seconds / HOUR))


def oldest_unprojected(
    identity: Identity,
    events: Iterable[StoredEvent],
    rows: Mapping[str, Row],
    *,
    now: int,
) -> int:
    """Age in seconds of the oldest event whose subscription does not know of it yet; 0: none.

    Needs no marker on events: what a row knows says whether the event is news to it.
    """
    ages = [
        now - event.received_at
        for event in events
        if now - event.received_at >= HANDLED_WITHIN
        and event.subscription
        and _is_news(identity, event, rows.get(event.subscription), now=now)
    ]
    return max(ages, default=0)


def _is_news(identity: Identity, event: StoredEvent, row: Row | None, *, now: int) -> bool:
    if event.event_class is EventClass.IRRELEVANT:
        return False
    if row is None or row.subscription is None:
        return True
    if event.created is None:  # it made us ask, and what was known then cannot be compared
        return False
    asked = BillingEvent(identity, event.id, "", EventClass.HINT, event.created, event.subscription)
    return ordering.decide(asked, row, now=now) is Decision.FETCH
