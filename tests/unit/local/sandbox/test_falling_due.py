"""Time passes for all as if each second had been looked at for each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from tocsin.local.sandbox import falling_due

if TYPE_CHECKING:
    from collections.abc import Iterator

timetables = st.lists(st.lists(st.integers(0, 15), max_size=5).map(sorted), max_size=6)


def naive(timetables: list[list[int]], until: int) -> list[tuple[int, int]]:
    return [
        (second, number)
        for second in range(until + 1)
        for number, timetable in enumerate(timetables)
        for due in timetable
        if due == second
    ]


@given(timetables, st.integers(0, 16))
def test_everything_due_happens_once_in_the_order_it_was_due(
    plans: list[list[int]], until: int
) -> None:
    log: list[tuple[int, int]] = []
    subjects: list[dict[str, Any]] = [
        {"number": number, "left": list(plan)} for number, plan in enumerate(plans)
    ]

    def act(subject: dict[str, Any], at: int) -> None:
        log.append((at, subject["number"]))
        subject["left"].remove(at)

    def due_of(subject: dict[str, Any]) -> Iterator[falling_due.Due]:
        for at in subject["left"]:
            yield at, act

    assert falling_due.pass_until(subjects, due_of, until) == len(log)
    assert log == naive(plans, until)
