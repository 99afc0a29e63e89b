"""Where releases and freezes are kept, and who has been told of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.incidents.model.releases import Release, Telling
    from tocsin.incidents.queries.freeze import ServiceFreeze
    from tocsin.ports.incidents import CommandRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePage:
    """A page of releases, in the order they were cut; `cursor` continues it, None is the end."""

    releases: tuple[Release, ...]
    cursor: str | None


class ReleaseStore(Protocol):
    """Releases of services. Reads are consistent."""

    def put(
        self,
        release: Release,
        request: CommandRecord | None = None,
        telling: Telling | None = None,
    ) -> None:
        """Writes a release, and with it the request that asked for it and its telling, begun anew.

        Raises:
            CommandRepeated: the request is already recorded.
            ConditionFailed: the release has shipped: what shipped does not change.
            StoreUnavailable: no answer; whether it was written is unknown until read.
        """
        ...

    def get(self, release: Release) -> Release | None:
        """What is recorded under the release's service, cut and id."""
        ...

    def page(
        self,
        service: str,
        *,
        cut_after: datetime | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> ReleasePage:
        """Releases of the service cut after a time, the earliest cut first.

        Raises:
            BadInput: the cursor was not given out here.
        """
        ...


class TellingStore(Protocol):
    """Releases that incidents are still to be told of. They are created with their release."""

    def waiting(self, *, at: datetime, limit: int) -> tuple[Telling, ...]:
        """Tellings due at or before a time, the longest due first."""
        ...

    def save(self, telling: Telling, *, expected: int) -> None:
        """Replaces version `expected`; one that is done waits for nothing any more.

        Raises:
            ConditionFailed: somebody else has gone on with it.
        """
        ...


class KeptReleases(ReleaseStore, TellingStore, Protocol):
    """Both: one store keeps them, because they are written in one transaction."""


class FreezeStore(Protocol):
    """Freezes as the incidents wrote them, those that are over included for a while."""

    def of(self, service: str) -> tuple[ServiceFreeze, ...]:
        """Those of one service, not those of every service."""
        ...

    def all(self) -> tuple[ServiceFreeze, ...]: ...
