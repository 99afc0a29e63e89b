"""Remembered requests in memory: the twin of `dynamodb_requests`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tocsin.ports.requests import Done


class MemoryRequests:
    """A `RequestStore` that forgets everything with the process."""

    def __init__(self) -> None:
        self._done: dict[str, Done] = {}

    def done(self, digest: str) -> Done | None:
        return self._done.get(digest)

    def keep(self, digest: str, done: Done, *, until: int) -> None:  # noqa: ARG002 -- never forgets
        self._done.setdefault(digest, done)
