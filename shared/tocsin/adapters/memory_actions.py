"""Preventive work in memory: the twin of `dynamodb_actions`, over the incident store beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.adapters.action_forms import action_of, board_sk
from tocsin.errors import BadInput
from tocsin.ports.incidents import ActionPage

if TYPE_CHECKING:
    from collections.abc import Mapping


class MemoryActions:
    """An `ActionStore` over `MemoryIncidents.actions`: texts by incident and id."""

    def __init__(self, texts: Mapping[tuple[str, str], str]) -> None:
        self._texts = texts

    def page(self, *, done: bool, limit: int = 50, cursor: str | None = None) -> ActionPage:
        if cursor is not None and "#" not in cursor:
            raise BadInput("this cursor was not given out here")
        found = (action_of(text) for text in self._texts.values())
        rows = sorted((board_sk(each), each) for each in found if each.open is not done)
        rows = [row for row in rows if cursor is None or row[0] > cursor]
        page = rows[:limit]
        more = page[-1][0] if len(rows) > limit else None
        return ActionPage(actions=tuple(each for _, each in page), cursor=more)
