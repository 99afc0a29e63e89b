"""How a replay stops before its end, and goes on: given up for now, resumed, ended by a person."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tocsin.billing.replay.cursor import Kind, Stage, handed_over_again
from tocsin.errors import BadInput

if TYPE_CHECKING:
    from tocsin.billing.replay.cursor import Cursor


def stalled(cursor: Cursor, problem: str) -> Cursor:
    """Given up for now; everything found so far is kept."""
    return replace(
        cursor,
        stage=Stage.STALLED,
        stalled_in=cursor.stage,
        problem=problem,
        stalls=cursor.stalls + 1,
    )


def resumed(cursor: Cursor) -> Cursor:
    """On from where it stalled.

    Raises:
        BadInput: it has ended.
    """
    if cursor.ended:
        raise BadInput(f"the replay is {cursor.stage}: start another one")
    if cursor.stage is not Stage.STALLED or cursor.stalled_in is None:
        return replace(cursor, problem="", waiting_since=None, differs_since=None, not_before=0)
    after = replace(
        cursor,
        stage=cursor.stalled_in,
        stalled_in=None,
        problem="",
        waiting_since=None,
        differs_since=None,
        not_before=0,
    )
    if after.stage is Stage.DRAINING and after.kind is Kind.EVENTS:
        return handed_over_again(after)  # the workers may never have got what they are waited for
    return after


def cancelled(cursor: Cursor, by: str, reason: str) -> Cursor:
    """Ended by a person; what was inserted stays, for inserting it was right.

    The same again by the same person changes nothing.

    Raises:
        BadInput: it has ended otherwise.
    """
    said = f"{by}: {reason}"
    if cursor.stage is Stage.CANCELLED and cursor.problem.startswith(said):
        return cursor
    if cursor.ended:
        raise BadInput(f"the replay is {cursor.stage} already")
    return replace(cursor, stage=Stage.CANCELLED, stalled_in=None, problem=said)


def untold(cursor: Cursor) -> str:
    """The stop that its incident has not been told of; empty where there is none.

    A replay may stall more than once, and each time is told by itself. Its completion is not told
    by this: that is part of the last step.
    """
    if cursor.incident is None or cursor.dry_run:
        return ""
    stops = {Stage.STALLED: f"stalled-{cursor.stalls}", Stage.CANCELLED: "cancelled"}
    stop = stops.get(cursor.stage, "")
    return "" if stop == cursor.told else stop


def told(cursor: Cursor, stop: str, problem: str) -> Cursor:
    """The incident knows of this stop, or cannot be told for this `problem`."""
    problems = "; ".join(each for each in (cursor.problem, problem) if each)
    return replace(cursor, told=stop, problem=problems)


def at_rest(cursor: Cursor) -> bool:
    """Nothing is to be driven, and nobody to be told, until somebody wants something."""
    return cursor.idle and not untold(cursor)
