"""What a reconciliation asks of the outside world."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.ordering import Change, Row
    from tocsin.billing.reconcile.work import Compared, Cursor, Found
    from tocsin.billing.subscription import Subscription


@dataclass(frozen=True, slots=True)
class SubscriptionPage:
    """One answer to a list call. `next` is what the next call begins behind, None at the end.

    `unreadable` names those whose shape could not be read: they have to be asked for by id.
    """

    subscriptions: tuple[Subscription, ...]
    next: str | None
    unreadable: tuple[str, ...] = ()


class SubscriptionSource(Protocol):
    """A provider that lists its subscriptions, ended ones too."""

    def page(self, identity: Identity, after: str | None) -> SubscriptionPage:
        """One list call.

        Raises:
            ProviderUnavailable: refused, busy, or no sound answer; ask again later.
            BadInput: the key or the account is refused, which no waiting mends.
        """
        ...


class Concerned(Protocol):
    """Which subscriptions the ledger's events are about."""

    def concerned(self, identity: Identity, at: int) -> Mapping[str, int]:
        """Of the hour of `at`: every subscription, with when its newest event was made."""
        ...


class Rows(Protocol):
    """The projections: by key, many at once, and of a workspace (a moment old)."""

    def read(self, identity: Identity, subscription: str) -> Row | None: ...

    def read_many(self, identity: Identity, subscriptions: Sequence[str]) -> Mapping[str, Row]: ...

    def of_workspace(self, workspace: str) -> list[tuple[Identity, Row]]: ...

    def write(self, identity: Identity, subscription: str, change: Change) -> bool: ...


@dataclass(frozen=True, slots=True)
class Listed:
    """A subscription of a list as a note keeps it: enough to draw from and to ask again."""

    workspace: str
    identity: str
    subscription: str
    status: str
    plan: str


class ReconciliationStore(Protocol):
    """Reconciliations and what they found. Reads are consistent."""

    def create(self, cursor: Cursor) -> None:
        """Writes a new one.

        Raises:
            CommandRepeated: there is one of that id.
        """
        ...

    def load(self, name: str) -> Cursor | None: ...

    def save(self, cursor: Cursor) -> Cursor:
        """Writes it if the stored one still has `cursor.ver`; what is returned has the next.

        Raises:
            VersionConflict: somebody else has written.
        """
        ...

    def latest(self, *, limit: int = 20) -> list[str]:
        """Ids, newest first."""
        ...

    def note(self, name: str, number: int, listed: Sequence[Listed]) -> None:
        """Keeps what a page of a list held; the first note of a number stays."""
        ...

    def notes(self, name: str, *, first: int = 0) -> Iterator[Sequence[Listed]]:
        """The notes in order, read a few at a time."""
        ...

    def compared(self, name: str, workspace: str) -> Compared | None: ...

    def compare(self, name: str, compared: Compared) -> None:
        """Notes that a workspace was read."""
        ...

    def workspaces(self, name: str) -> Iterator[Compared]: ...

    def add(self, name: str, found: Found) -> None:
        """Keeps a mismatch; one that is there already stays as it is."""
        ...

    def settle(self, name: str, found: Found) -> bool:
        """Writes what became of a mismatch that is open; False if it no longer is."""
        ...

    def found(self, name: str, *, after: str = "") -> Iterator[Found]:
        """The mismatches behind the id `after`, by their id, read a few at a time."""
        ...

    def mismatch(self, name: str, mismatch: str) -> Found | None:
        """One of them."""
        ...

    def spend(self, approval: str, *, by: str, at: int, used_for: str) -> bool:
        """Marks an approval as used; False if it was before, for anything but the same use."""
        ...
