"""Where content lies that is too large for a timeline entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tocsin.incidents.model.content import Stored


class Archive(Protocol):
    """Evidence that is too large for a timeline entry. Content is found by its own hash."""

    def keep(self, incident: str, content: bytes, *, media_type: str) -> Stored:
        """Stores the content durably; the same content of the same incident is stored once.

        Raises:
            StoreUnavailable: no answer; keeping it again is safe.
        """
        ...

    def read(self, archived: Stored) -> bytes:
        """The bytes that were kept.

        Raises:
            NotFound: nothing lies there.
            StoreUnavailable: no answer, or the bytes are not those of the hash.
        """
        ...
