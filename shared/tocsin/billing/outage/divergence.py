"""Whether what we know of subscriptions differs from what their provider says.

Who compares (a reconciliation) records one `Comparison` of each account when it has finished, and
again after what differed was put right; the outage watch reads the newest. Nothing is guessed in
between: what differed goes on differing until a later comparison says that it does not.
"""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.billing.outage.signs import DIVERGENCES, Tally


@dataclass(frozen=True, slots=True)
class Comparison:
    """One finished comparison of an account; `at` in epoch seconds.

    `compared` counts the subscriptions that were asked for at the provider, `differing` those of
    them whose projection still differs.
    """

    at: int
    compared: int
    differing: int


def divergence(newest: Comparison | None, *, now: int) -> Tally | None:
    """What the rule says; None where no comparison ended within its window."""
    if newest is None or newest.at <= now - DIVERGENCES.window:
        return None
    broken = DIVERGENCES.broken(newest.differing, newest.compared)
    return Tally(newest.differing, newest.compared, broken=broken, why="divergence" * broken)
