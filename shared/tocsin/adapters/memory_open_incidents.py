"""The open billing incidents of a store in memory: the twin of `dynamodb_open_incidents`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.incidents.vocabulary import Category

if TYPE_CHECKING:
    from tocsin.ports.incidents import IncidentStore


class MemoryOpenIncidents:
    """Implements `billing.ports.OpenIncidents` over any incident store's board."""

    def __init__(self, store: IncidentStore) -> None:
        self._store = store

    def billing(self) -> tuple[str, ...]:
        board = self._store.board(limit=200).items
        return tuple(
            line.id
            for line in board
            if line.category is Category.OPERATIONAL and line.id.startswith("INC-")
        )
