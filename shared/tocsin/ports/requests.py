"""Requests that are remembered, so that a repeat gets its first answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A request that was carried out; `result` names what it led to, where that has a name."""

    wish: str
    result: str = ""


class RequestStore(Protocol):
    """What was done, by a digest of person and key. Reads are consistent."""

    def done(self, digest: str) -> Done | None: ...

    def keep(self, digest: str, done: Done, *, until: int) -> None:
        """Remembers it until a time (seconds of the epoch); the first record stays."""
        ...
