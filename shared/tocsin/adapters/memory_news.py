"""What audiences were told, in memory: the twin of `dynamodb_news`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.ports.messages import Told

if TYPE_CHECKING:
    from tocsin.incidents.model.outbox import OutboxItem


class MemoryNews:
    """A `NewsStore` that forgets everything with the process."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str, str], Told] = {}

    def last(self, item: OutboxItem) -> Told | None:
        return self._told.get((item.incident, item.kind, item.target))

    def keep(self, item: OutboxItem) -> None:
        told = Told(item.content_hash, item.seq)
        self._told[item.incident, item.kind, item.target] = told
