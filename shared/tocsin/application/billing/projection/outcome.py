"""What became of one event or request, and what is worth counting about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tocsin.billing.projection.ordering import Row


class Outcome(StrEnum):
    """What became of one event or request."""

    APPLIED = "applied"
    DONE = "done"
    STALE = "stale"
    FETCHED = "fetched"
    DEFERRED = "deferred"
    IRRELEVANT = "irrelevant"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class Projected:
    """The outcome, and what is worth counting about it."""

    outcome: Outcome
    requests: int = 0
    rev_changed: bool = False
    left_terminal: bool = False
    problem: str | None = None
    about_payment: int = 0
    """Requests for invoices, which are not among `requests`."""
    last: Row | None = field(default=None, compare=False, repr=False)
    """The row as it was last read or written; None where that is not known."""
