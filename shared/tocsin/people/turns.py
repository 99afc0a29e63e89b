"""Whose turns a change of a rotation changes: before and after, stretch by stretch. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from tocsin.people.rotation import OnCall, Shift

AHEAD = timedelta(days=180)
"""How far turns are announced: as far as the calendar that people subscribe to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedTurn:
    """A stretch in which another is on call than was announced; None: nobody."""

    starts_at: datetime
    ends_at: datetime
    before: str | None
    after: str | None


def changed(before: Sequence[Shift], after: Sequence[Shift]) -> tuple[ChangedTurn, ...]:
    """The stretches whose primary is another, neighbours of the same two as one."""
    if not before or not after:
        return ()
    start = max(before[0].starts_at, after[0].starts_at)
    edges = {start} | {one.ends_at for one in (*before, *after) if one.ends_at > start}
    found: list[ChangedTurn] = []
    for opens, closes in pairwise(sorted(edges)):
        was, will = _at(before, opens).primary, _at(after, opens).primary
        if was == will:
            continue
        last = found[-1] if found else None
        if last is not None and (last.ends_at, last.before, last.after) == (opens, was, will):
            opens = last.starts_at  # noqa: PLW2901 - the same stretch goes on
            found.pop()
        found.append(ChangedTurn(starts_at=opens, ends_at=closes, before=was, after=will))
    return tuple(found)


def concerned(turns: Sequence[ChangedTurn]) -> tuple[str, ...]:
    """Everybody who gets a turn or loses one, each once."""
    named = (person for one in turns for person in (one.before, one.after) if person)
    return tuple(dict.fromkeys(named))


_NOBODY = OnCall(None, None, ())


def _at(shifts: Sequence[Shift], moment: datetime) -> OnCall:
    running = (one.on_call for one in shifts if one.starts_at <= moment < one.ends_at)
    return next(running, _NOBODY)
