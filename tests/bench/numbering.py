"""What a number costs an opening: calls as counted, and time as pairs.

The same storm with numbers and without, turn about on one emulator: each opening of the one is
followed by one of the other, so that both meet the same machine. A figure is the median over the
runs of how their slowest twentieth compare. Emulated calls are slow, and all of them alike: in AWS
the counter is one call of single-digit milliseconds over a connection that is open.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median, quantiles
from typing import TYPE_CHECKING

from tests.bench.figures import Figure
from tests.harness.cloud.emulator import incident_tables
from tests.harness.fakes.boto_call import BotoCall
from tests.harness.worlds.storms import numbered_storms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.worlds.storms import NumberedStorm

WRITERS = 2
_TRANSACTION = "TransactWriteItems"


@dataclass(frozen=True)
class Run:
    """One storm each way: the slowest twentieth in milliseconds, calls and transactions."""

    with_p95: float
    without_p95: float
    more_calls: int
    transactions: int


def measure(runs: int, alarms: int) -> list[Run]:
    """Runs of so many openings each way; the first of all is not counted."""
    with incident_tables(strict=False) as client:
        found = [
            _run(
                *numbered_storms(
                    lambda: BotoCall(client), alarms=alarms, writers=WRITERS, first=number * alarms
                )
            )
            for number in range(runs + 1)
        ]
    return found[1:]


def _run(with_numbers: NumberedStorm, without: NumberedStorm) -> Run:
    return Run(
        _p95(with_numbers),
        _p95(without),
        with_numbers.calls.total() - without.calls.total(),
        with_numbers.calls[_TRANSACTION],
    )


def _p95(storm: NumberedStorm) -> float:
    return 1000 * quantiles(storm.seconds, n=20)[-1]


def figures(runs: list[Run], alarms: int) -> Iterator[Figure]:
    """One call more, no transaction more, and what that is in time."""
    openings = len(runs) * alarms
    yield Figure(
        "opening.number_calls",
        sum(run.more_calls for run in runs) / openings,
        limit=1.0,
        note=f"calls more for each of {openings} openings",
    )
    yield Figure(
        "opening.number_transactions",
        sum(run.transactions for run in runs) / openings,
        limit=1.0,
        note="transactions for each: none is tried again for its number",
    )
    yield Figure(
        "opening.number_p95_ratio",
        median(run.with_p95 / run.without_p95 for run in runs),
        limit=2.0,
        note=(
            f"p95 with {median(run.with_p95 for run in runs):.0f} ms over without"
            f" {median(run.without_p95 for run in runs):.0f} ms, {len(runs)} runs turn about"
        ),
    )
