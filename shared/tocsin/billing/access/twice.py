"""Whether a workspace pays twice by what runs of it, however that came to be.

A double of one checkout is known by its key. Two checkouts under two keys, or one subscription made
at a provider's dashboard, are two that run and nothing else: they are seen here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.billing.access.entitlement import may_be_double
from tocsin.billing.subscription import RUNNING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.ordering import Row


def running_twice(
    rows: Sequence[tuple[Identity, Row]], add_ons: frozenset[str]
) -> tuple[tuple[Identity, Row], ...]:
    """The rows that run, if they may be one thing paid twice; else none.

    By what the providers say: a person's correction changes what is given, and not what is charged.
    """
    running = tuple(
        each for each in rows if each[1].subscription and each[1].subscription.status in RUNNING
    )
    plans = [row.subscription.plan for _, row in running if row.subscription]
    return running if may_be_double(plans, add_ons) else ()
