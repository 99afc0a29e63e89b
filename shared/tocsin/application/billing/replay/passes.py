"""What a pass over a window proves: it agrees with the one before and with the ledger, or not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tocsin.application.billing.driving import PATIENCE
from tocsin.billing.provider import PROVIDERS
from tocsin.billing.replay.cursor import (
    DAY,
    NOTHING_FOUND,
    Stage,
    begin,
    disagreement,
    once_more,
    unprovable,
    walked,
)
from tocsin.billing.replay.stops import stalled

if TYPE_CHECKING:
    from tocsin.billing.identity import Identity
    from tocsin.billing.replay.cursor import Cursor
    from tocsin.ports.billing.replay import LedgerReader, ReplayStore


def after_pass(cursor: Cursor, ledger: LedgerReader, *, now: int) -> Cursor:
    """On after a pass; where it proves nothing though nothing was missing, it is made again.

    A window whose passes do not agree for an hour stalls, which tells its incident.
    """
    after = walked(cursor)
    if after.stage is not Stage.PROVING:
        return replace(after, differs_since=None)
    window = after.window
    held = ledger.held(after.identity, start=window.start, end=window.end)
    problem = disagreement(cursor, held=held)
    if not problem:
        return replace(after, differs_since=None, problem="")
    if problem == NOTHING_FOUND and cursor.differs_since is not None:
        return unprovable(after, problem)  # asked again a while later, it is the same
    if now - (cursor.differs_since or now) > PATIENCE:
        return stalled(begin(replace(after, stage=Stage.CHECKING)), problem)
    return once_more(after, problem, now=now)


def oldest_listed(identity: Identity, *, now: int) -> int:
    """The oldest second whose events its provider still lists."""
    known = PROVIDERS.get(identity.provider)
    return now - known.reaches * DAY if known is not None else 0


def beyond_reach(cursor: Cursor, oldest: int) -> Cursor:
    """The window has left what the provider lists: what is known of it is inserted, no more.

    The first pass goes on where the list begins; later ones can prove nothing.
    """
    doubt = "the provider no longer lists the beginning of the window: nothing can be proven"
    if cursor.passes:
        return unprovable(cursor, doubt)
    return replace(cursor, at=min(oldest, cursor.window.end), after=None, doubt=doubt)


def handed_over_before(cursor: Cursor, store: ReplayStore) -> frozenset[str]:
    """What earlier passes noted as missing and is not known to be inserted: it was handed over.

    Met again it is handed over again, for its message may be lost, and counted once.
    """
    if not cursor.handed_over:
        return frozenset()
    waiting: set[str] = set()
    for note in store.pages(cursor.id, first=cursor.checked):
        if note.number >= cursor.handed_over:
            break
        waiting |= {each.id for each in note.missing}
    return frozenset(waiting)
