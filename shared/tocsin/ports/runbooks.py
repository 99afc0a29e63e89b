"""Where runbooks come from, and where published ones are kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.incidents.runbook.policy import ChangedKey, Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyVersion:
    """One published runbook; it is never changed and never removed.

    `number` counts from 1 without a gap. `document` is the compiled policy and `sha256` its digest
    in hexadecimal digits. `previous` is the version it took the place of. `changed` is what differs
    from that, cut where it is long: `differences` says how many keys there were. `published_at` is
    incident time, UTC.
    """

    number: int
    version: str
    document: bytes
    sha256: str
    published_by: str
    published_at: datetime
    why: str
    previous: str
    changed: tuple[ChangedKey, ...]
    differences: int

    @property
    def intact(self) -> bool:
        """Whether the document is the one that was published."""
        return hashlib.sha256(self.document).hexdigest() == self.sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whose request under which key it was, as a digest; `wish` is a digest of what was asked."""

    digest: str
    wish: str
    number: int


class PolicyVersions(Protocol):
    """Published runbooks. Reads are consistent."""

    def page(self, *, before: int | None = None, limit: int) -> tuple[PolicyVersion, ...]:
        """The newest first, from the one before a number."""
        ...

    def number(self, number: int) -> PolicyVersion | None: ...

    def find(self, version: str) -> PolicyVersion | None:
        """The first one published with this version; later ones of the same are equal to it."""
        ...

    def asked(self, digest: str) -> Asked | None: ...

    def publish(self, version: PolicyVersion, asked: Asked | None) -> None:
        """Adds the version and who asked for it, both or neither.

        Raises:
            VersionConflict: there is one of that number, or the request was carried out before.
            StoreUnavailable: no answer; whether it was written is unknown until read.
        """
        ...


class PolicySource(Protocol):
    """Compiled runbooks: the one new incidents get, and any that an old one was opened under."""

    def current(self) -> Policy: ...

    def version(self, version: str) -> Policy:
        """The policy of that version.

        Raises:
            InvalidPolicy: no such version.
        """
        ...
