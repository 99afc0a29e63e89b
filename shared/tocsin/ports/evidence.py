"""Where content lies that is too large for a timeline entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedContent:
    """Where content too large for a timeline lies; the entry that names it keeps all four.

    `sha256` is over the bytes as they were given, in hexadecimal digits; `size` is in bytes.
    """

    key: str
    sha256: str
    size: int
    media_type: str


class Archive(Protocol):
    """Evidence that is too large for a timeline entry. Content is found by its own hash."""

    def keep(self, incident: str, content: bytes, *, media_type: str) -> ArchivedContent:
        """Stores the content durably; the same content of the same incident is stored once.

        Raises:
            StoreUnavailable: no answer; keeping it again is safe.
        """
        ...

    def read(self, archived: ArchivedContent) -> bytes:
        """The bytes that were kept.

        Raises:
            NotFound: nothing lies there.
            StoreUnavailable: no answer, or the bytes are not those of the hash.
        """
        ...
