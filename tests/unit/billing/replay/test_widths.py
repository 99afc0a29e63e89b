"""How many list calls a pass takes, for events that come evenly and for those that come in bursts.

A pass is nothing but calls of one budget, so calls are what a replay waits for.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from typing import TYPE_CHECKING

import pytest

from tocsin.billing.identity import Identity
from tocsin.billing.replay.cursor import PAGE, Cursor, Met, Window, advanced, begin, narrowed

if TYPE_CHECKING:
    from collections.abc import Sequence

START = 1_790_000_000


def walked(times: Sequence[int]) -> tuple[int, list[int]]:
    """Calls of one pass over events at these seconds, and the events in the order they were met.

    As the provider lists them: newest first, a page at a time.
    """
    window = Window(START, START + times[-1] + 1)
    cursor = begin(
        Cursor("RPL-W", Identity("stripe", "acct_w", "test"), window, started_at=0, started_by="w")
    )
    calls, met = 0, list[int]()
    while not cursor.walked:
        asked = cursor.slice()
        first = bisect_left(times, asked.start - START)
        last = bisect_left(times, asked.end - START) if asked.after is None else int(asked.after)
        listed = list(range(last - 1, max(first, last - PAGE) - 1, -1))
        calls += 1
        page = Met(
            [START + times[each] for each in listed],
            str(listed[-1]) if listed else None,
            last - PAGE > first,
        )
        if (narrower := narrowed(cursor, page)) is not None:
            cursor = narrower
            continue
        met += listed
        cursor = advanced(cursor, page)
    return calls, met


def evenly(events: int) -> list[int]:
    return [number // 2 for number in range(events)]


def at_random(events: int, seed: int) -> list[int]:
    draw, at, times = random.Random(seed), 0.0, list[int]()
    for _ in range(events):
        at += draw.expovariate(2)
        times.append(int(at))
    return times


def in_bursts(events: int) -> list[int]:
    """Two pages within one second, every ten minutes."""
    return [600 * (number // (2 * PAGE)) + 300 for number in range(events)]


@pytest.mark.parametrize(
    ("times", "calls"),
    [
        (evenly(1_000), 16),
        (evenly(20_000), 230),
        (at_random(1_000, 1), 18),
        (at_random(20_000, 2), 310),
        (in_bursts(20_000), 1_500),
    ],
    ids=["even", "even at size", "random", "random at size", "bursts"],
)
def test_a_pass_takes_few_calls_and_meets_every_event_once(times: list[int], calls: int) -> None:
    taken, met = walked(times)

    assert sorted(met) == list(range(len(times)))
    assert taken <= calls


def test_slices_of_a_steady_stream_are_met_by_full_pages() -> None:
    some, more = (walked(evenly(size))[0] for size in (10_000, 20_000))

    assert (more - some) * PAGE <= 10_000 * 1.15
