"""Contact ways in memory: the twin of `dynamodb_contacts`."""

from __future__ import annotations

from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

from tocsin.adapters.contact_forms import in_order, way_of, way_text
from tocsin.errors import ConditionFailed

if TYPE_CHECKING:
    from tocsin.people.ways import Way


class MemoryContacts:
    """A `ContactStore` that forgets everything with the process; it keeps the stored form."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._texts: dict[tuple[str, str], tuple[str, int]] = {}

    def ways(self, person: str) -> tuple[Way, ...]:
        return in_order(
            way_of(text, rev) for (of, _), (text, rev) in self._texts.items() if of == person
        )

    def way(self, person: str, way_id: str) -> Way | None:
        found = self._texts.get((person, way_id))
        return None if found is None else way_of(*found)

    def put(self, way: Way) -> Way:
        with self._lock:
            self._check(way)
            self._texts[way.person, way.id] = (way_text(way), way.rev + 1)
        return replace(way, rev=way.rev + 1)

    def erase(self, way: Way) -> None:
        with self._lock:
            self._check(way)
            self._texts.pop((way.person, way.id), None)

    def _check(self, way: Way) -> None:
        _, stored = self._texts.get((way.person, way.id), ("", 0))
        if stored != way.rev:
            raise ConditionFailed
