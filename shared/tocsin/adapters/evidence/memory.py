"""Evidence in memory: the twin of `S3Archive`, for tests and for trying things out."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from tocsin.adapters.evidence.keys import describe, verified
from tocsin.errors import NotFound

if TYPE_CHECKING:
    from tocsin.incidents.model.content import Stored


class MemoryArchive:
    """An `Archive` in a dictionary; `contents` is open to tests that count or spoil."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.contents: dict[str, bytes] = {}

    def keep(self, incident: str, content: bytes, *, media_type: str) -> Stored:
        kept = describe(incident, content, media_type=media_type)
        with self._lock:
            self.contents.setdefault(kept.key, bytes(content))
        return kept

    def read(self, archived: Stored) -> bytes:
        with self._lock:
            found = self.contents.get(archived.key)
        if found is None:
            raise NotFound(f"nothing lies at {archived.key}")
        return verified(archived, found)
