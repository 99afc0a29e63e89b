"""Whom to ask again while a billing incident is open: subscriptions whose activation may be lost.

One that is not active yet gives nothing, and during an outage the event that would have made it
active may be the one that was lost. Nobody is locked out for that, and nobody gets in for having
tried to pay: so the provider is asked. All times are epoch seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.billing.subscription import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.ordering import Row

SOONEST = 60
"""Seconds between two questions about one, at least."""

SHARE_OF_AGE = 10
"""And a tenth of its age: a link unpaid for a month is asked about every three days."""


def to_ask(rows: Iterable[tuple[Identity, Row]], *, now: int) -> Iterator[tuple[Identity, str]]:
    """The pending ones that nobody has asked about lately, and about which no question is underway.

    One over which a person's correction lies is theirs to decide.
    """
    for identity, row in rows:
        subscription = row.subscription
        if subscription is None or subscription.status is not Status.PENDING or row.erased:
            continue
        corrected = row.overlay is not None and now < row.overlay.until
        underway = (row.pending_until or 0) > now
        age = now - (now if row.since is None else row.since)
        wait = max(SOONEST, age // SHARE_OF_AGE)
        if not corrected and not underway and now - (row.fetched or 0) >= wait:
            yield identity, subscription.id
