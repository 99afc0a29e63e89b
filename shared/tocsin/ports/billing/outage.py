"""What the outage watch reads and keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tocsin.billing.identity import Identity
    from tocsin.billing.outage.divergence import Comparison
    from tocsin.billing.outage.memory import Memory
    from tocsin.billing.outage.recovery import Probe
    from tocsin.billing.outage.watching import StoredEvent
    from tocsin.billing.projection.ledger_key import LedgerRecord
    from tocsin.billing.projection.ordering import Row


class ProbeLog(Protocol):
    """Looks at a provider, the newest day of them."""

    def record(self, identity: Identity, probe: Probe) -> None: ...

    def probes(self, identity: Identity, *, since: int) -> Sequence[Probe]: ...


class LedgerHours(Protocol):
    """The ledger by the hour in which events were made."""

    def sample(self, identity: Identity, at: int) -> tuple[StoredEvent, ...]:
        """Events of the hour of `at`, at most a hundred of each shard."""
        ...

    def count(self, identity: Identity, at: int) -> int:
        """How many there are, as far as is counted: a hundred of each shard."""
        ...


class ManyRows(Protocol):
    """Rows by key."""

    def read_many(self, identity: Identity, subscriptions: Sequence[str]) -> Mapping[str, Row]: ...


class OutageStore(Protocol):
    """What is remembered between looks, and the public status."""

    def memory(self) -> Memory: ...

    def remember(self, memory: Memory) -> None: ...

    def status(self) -> dict[str, Any] | None: ...

    def publish(self, status: Mapping[str, Any]) -> None: ...


class ComparisonLog(Protocol):
    """The newest comparison of each account."""

    def record(self, identity: Identity, comparison: Comparison) -> None:
        """Keeps it, unless a newer one is kept already.

        Raises:
            StoreUnavailable: not known to be kept.
        """
        ...

    def newest(self, identity: Identity) -> Comparison | None: ...


class SnapshotSource(Protocol):
    """The ledger's snapshots by the hour in which they were made."""

    def of_hour(self, identity: Identity, at: int) -> Iterator[LedgerRecord]:
        """Every snapshot event of the hour of `at`. Raises `StoreUnavailable`."""
        ...
