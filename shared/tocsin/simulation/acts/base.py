"""What every act needs: something to do it to, and somebody who does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tocsin.simulation.desk import Desk, person

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

type Picks = Sequence[int]
type Act = Callable[[Desk, Picks], str | None]

MOST = 4
"""Incidents of one life; further ones are not opened by hand."""
FIRST: dict[str, Any] = {"impact": "nobody can pay", "mitigation": "rolling back", "eta": "unknown"}
"""What a first update says."""
REASON = "as seen now"


def one_of[T](values: Iterable[T], pick: int) -> T:
    """The value that a number stands for."""
    found = list(values)
    return found[pick % len(found)]


def asks(desk: Desk, picks: Picks, cls: Any, words: str, **fields: Any) -> str | None:
    """Somebody asks something of an open incident."""
    if (incident := desk.chosen(picks[0])) is None:
        return None
    who = person(picks[1])
    done = desk.ask(cls, incident, who, **fields)
    return f"{who} {words} {incident.id}{'' if done else ': refused, or nobody knows'}"
