"""Silence against what was to be expected, and events that a subscription does not know of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tocsin.billing.event import EventClass
from tocsin.billing.identity import Identity
from tocsin.billing.outage.watching import (
    Silence,
    StoredEvent,
    expected_per_hour,
    oldest_unprojected,
    silence,
)
from tocsin.billing.projection.ordering import Row
from tocsin.billing.subscription import Status, Subscription

NOW = 1_790_000_000
IDENTITY = Identity("stripe", "acct_1", "live")
STATE = Subscription("sub_1", Status.ACTIVE, "active", "price_1", NOW)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [([], 0), ([9], 0), ([0] * 7, 0), ([60] * 7, 60), ([10] * 6 + [4_000], 10), ([0, 0, 6, 6], 2)],
)
def test_what_is_expected_is_the_mean_without_the_busiest_day(
    counts: list[int], expected: float
) -> None:
    assert expected_per_hour(counts) == expected


@pytest.mark.parametrize(
    ("newest", "expected", "found"),
    [
        (NOW, 120.0, Silence(0, 0)),
        (NOW - 600, 120.0, Silence(600, 20)),
        (NOW - 600, 3.0, Silence(600, 0)),
        (NOW - 24_000, 3.0, Silence(24_000, 20)),
        (None, 0.0, Silence(172_800, 0)),
        (None, 1.0, Silence(172_800, 48)),
        (NOW + 5, 120.0, Silence(0, 0)),
    ],
)
def test_silence_is_counted_in_events_that_did_not_come(
    newest: int | None, expected: float, found: Silence
) -> None:
    assert silence(newest, expected, now=NOW) == found


def event(age: int, **changes: object) -> StoredEvent:
    made = StoredEvent("evt_1", NOW - age, NOW - age, EventClass.SNAPSHOT, "sub_1")
    return replace(made, **changes)  # type: ignore[arg-type]


def row(**facts: object) -> Row:
    return replace(Row(ver=1, rev=1, subscription=STATE), **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("stored", "known", "age"),
    [
        (event(300), None, 300),
        (event(300), Row(ver=1, pending_until=NOW), 300),
        (event(300, event_class=EventClass.HINT), row(applied=NOW - 900), 300),
        (event(300), row(applied=NOW - 900, fetched=NOW - 900), 300),
        (event(300), row(applied=NOW - 300, seen=("evt_1",)), 0),
        (event(300), row(applied=NOW - 290), 0),
        (event(300), row(fetched=NOW - 290), 0),
        (event(300), row(fetched=NOW - 301, seen=("evt_0", "evt_1")), 0),
        (event(59), None, 0),
        (event(300, event_class=EventClass.IRRELEVANT), None, 0),
        (event(300, subscription=None), None, 0),
        (event(300, created=None), row(), 0),
        (event(300, created=None), None, 300),
    ],
)
def test_whether_a_subscription_knows_of_an_event_is_seen_on_its_row(
    stored: StoredEvent, known: Row | None, age: int
) -> None:
    rows = {} if known is None else {"sub_1": known}
    assert oldest_unprojected(IDENTITY, [stored], rows, now=NOW) == age


def test_the_oldest_counts_and_an_event_received_late_is_as_old_as_its_receipt() -> None:
    late = event(90, created=NOW - 80_000)
    events = [event(70), late, event(400, subscription="sub_2")]
    assert oldest_unprojected(IDENTITY, events, {}, now=NOW) == 400
    assert oldest_unprojected(IDENTITY, [late], {}, now=NOW) == 90
