"""Rows that this code did not write: overlays without a line, and states no event stands behind.

IAM lets two functions write to the projection. Whoever else did, an administrator at a console
for instance, left a trace: the log does not know the overlay, or the fingerprint does not fit what
it is the fingerprint of, or the event that a row names says something else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tocsin.billing.access.corrections import Logged
    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.ordering import Row
    from tocsin.billing.projection.told import BillingEvent

FROM_AN_ANSWER = "provider"
"""The source of a row that no event made: the provider was asked."""


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row as it is stored, with the fingerprint written beside it."""

    identity: Identity
    subscription: str
    row: Row
    fingerprint: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one subscription's row."""

    identity: Identity
    subscription: str
    what: str


type EventOf = Callable[[Identity, str, int], BillingEvent | None]
"""The event of that id made in that second, from the ledger; None if it is not there (any more)."""


def findings(
    rows: Iterable[StoredRow], log: Sequence[Logged], event_of: EventOf, *, now: int
) -> Iterator[Finding]:
    """Everything that is wrong, row by row. `log` reaches back as far as corrections last."""
    by_id = {line.id: line for line in log}
    newest = {(line.correction.identity, line.correction.subscription): line for line in log}
    for stored in rows:
        place = (stored.identity, stored.subscription)
        for what in (
            *_overlay(stored.row, by_id, newest.pop(place, None), now=now),
            *_state(stored, event_of),
        ):
            yield Finding(*place, what)
    for place, line in newest.items():
        yield Finding(*place, f"corrected by {line.id}, but there is no row")


def _overlay(
    row: Row, by_id: Mapping[str, Logged], newest: Logged | None, *, now: int
) -> Iterator[str]:
    expected = newest.overlay if newest else None
    if row.overlay is not None:
        line = by_id.get(row.overlay.log)
        if line is None:
            if now < row.overlay.until:
                yield f"a correction by {row.overlay.by} that is in no log"
        elif line.overlay != row.overlay:
            yield f"a correction that differs from its line {line.id}"
        elif line != newest:
            yield f"the correction {line.id}, which a later one replaced"
    elif expected is not None and newest is not None and now < expected.until:
        yield f"the correction {newest.id} is in force but not on the row"


def _state(stored: StoredRow, event_of: EventOf) -> Iterator[str]:
    row, known = stored.row, stored.row.subscription
    if known is None:
        return
    if stored.fingerprint != known.fingerprint:
        yield "status, plan, period or flags were edited: the fingerprint does not fit"
        return
    if row.source in (None, FROM_AN_ANSWER) or row.since is None:
        if row.fetched is None and not row.undated:
            yield "neither an event nor an answer stands behind it"
        return
    asked = row.fetched is not None or row.undated
    event = event_of(stored.identity, row.source or "", row.since)
    if event is None or event.snapshot is None:
        if not asked:
            yield f"the event {row.source} that it names is not in the ledger"
        return
    if event.snapshot.fingerprint != known.fingerprint:
        yield f"its event {row.source} says something else"
    elif not asked and row.applied == row.since and event.snapshot.workspace != known.workspace:
        yield f"its event {row.source} is of another workspace"
