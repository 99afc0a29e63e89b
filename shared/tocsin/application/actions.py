"""Preventive work across incidents: what is open, the earliest due first, and what was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tocsin.incidents.prevention import PreventiveAction


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionPage:
    """A page of preventive work; `cursor` continues it, None is the end."""

    actions: tuple[PreventiveAction, ...]
    cursor: str | None


class ActionStore(Protocol):
    """Preventive work as the incidents wrote it, in the transactions that changed it.

    What belongs to a restricted incident is among it: who asks must be allowed to know.
    """

    def page(self, *, done: bool, limit: int = 50, cursor: str | None = None) -> ActionPage:
        """Open work (or what was done), by due time.

        Raises:
            BadInput: the cursor was not given out here.
        """
        ...
