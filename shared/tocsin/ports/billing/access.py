"""Where corrections are kept, and approvals spent."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.billing.access.corrections import Logged
    from tocsin.billing.projection.ordering import Overlay
    from tocsin.incidents.queries.access import Authorization


class Authorizations(Protocol):
    """Approvals on timelines, read consistently."""

    def find(self, incident: str, seq: int) -> Authorization | None: ...


NOTED_AGAIN_AFTER = 86_400
KEPT_SECONDS = 400 * 86_400
"""Longer than a year: what is paid twice by the year is told of again with each invoice."""


class SeenTwice(Protocol):
    """Workspaces seen to pay twice: whom to look at, and no proof that they still do.

    Both raise `StoreUnavailable`.
    """

    def note(self, workspace: str, *, now: int) -> None:
        """Remembers it for `KEPT_SECONDS` from `now` (epoch seconds)."""
        ...

    def every(self, *, now: int) -> Sequence[str]:
        """All that are remembered, by name."""
        ...


class Write(StrEnum):
    """What became of one attempt to write."""

    DONE = "done"
    ROW_MOVED = "row_moved"
    REPEATED = "repeated"
    APPROVAL_USED = "approval_used"


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks under which idempotency key (empty: none), and for what (`digest`)."""

    principal: str
    key: str
    digest: str


@dataclass(frozen=True, slots=True)
class Known:
    """What a key stood for: the digest of the request and the line it led to."""

    digest: str
    logged: str


class CorrectionStore(Protocol):
    """The log, the overlays, and what must not happen twice; written in one transaction."""

    def write(self, logged: Logged, *, over: Overlay | None, request: Request) -> Write:
        """Overlay, log line, key and spent approval, or nothing.

        The row must still have `logged.base_rev` and the overlay `over`.
        """
        ...

    def request(self, principal: str, key: str) -> Known | None: ...

    def find(self, logged: str) -> Logged | None:
        """One line by its id."""
        ...

    def month(self, month: str) -> list[Logged]:
        """The lines of a month (`yyyymm`), oldest first."""
        ...
