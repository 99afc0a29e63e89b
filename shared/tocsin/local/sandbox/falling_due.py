"""Lets time pass for many subjects at once: everything due happens in the order it was due.

Each subject is asked what is next for it when time begins to pass and again after each thing that
happened to it, so that a month of renewals of thousands of subscriptions takes seconds.
"""

from __future__ import annotations

import heapq
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tocsin.local.sandbox.defaults import Json

type Act = Callable[[Json, int], object]
"""What happens to a subject at a second."""

type Due = tuple[int, Act]


def pass_until(
    subjects: Sequence[Json], due_of: Callable[[Json], Iterable[Due]], until: int
) -> int:
    """Everything due at or before second `until`; how many things happened.

    What falls due in the same second happens in the order of `subjects`.
    """
    waiting: list[tuple[int, int]] = []
    for number, subject in enumerate(subjects):
        _wait(waiting, number, _next(due_of(subject)))
    heapq.heapify(waiting)
    happened = 0
    while waiting and waiting[0][0] <= until:
        _, number = heapq.heappop(waiting)
        due = _next(due_of(subjects[number]))
        if due is None:
            continue
        at, act = due
        if at <= until:
            act(subjects[number], at)
            happened += 1
            due = _next(due_of(subjects[number]))
        _wait(waiting, number, due, push=heapq.heappush)
    return happened


def _next(due: Iterable[Due]) -> Due | None:
    return min(due, key=itemgetter(0), default=None)


def _wait(
    waiting: list[tuple[int, int]],
    number: int,
    due: Due | None,
    *,
    push: Callable[[list[tuple[int, int]], tuple[int, int]], object] = list.append,
) -> None:
    if due is not None:
        push(waiting, (due[0], number))
