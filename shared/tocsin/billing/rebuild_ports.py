"""What a rebuild asks of the outside world, beside what every replay does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.billing.identity import Identity
    from tocsin.billing.replay import Window

    type State = Mapping[str, str | int | None] | None


class EntitySource(Protocol):
    """A provider that lists its objects."""

    def page(
        self, identity: Identity, source: str, window: Window, *, skip: int
    ) -> tuple[Mapping[str, Any], ...]:
        """One list call, newest first, at most `rebuild.PAGE` objects.

        Subscriptions are all of those made before the window's end, since a list by creation does
        not find those that changed; payments and refunds are those made in the window.

        Raises:
            ProviderUnavailable: refused, busy, or no sound answer; ask again later.
            BadInput: the key or the account is refused.
        """
        ...

    def invoice(self, identity: Identity, name: str) -> Mapping[str, Any] | None:
        """One invoice; None where there is none. Raises as `page` does."""
        ...


class LedgerTypes(Protocol):
    """The ledger by kind of event."""

    def types(self, identity: Identity, *, start: int, end: int) -> dict[str, int]:
        """How many events of each kind are stored of those made in [start, end)."""
        ...


class RebuildAudit(Protocol):
    """One row for each object that was fetched: never delivered, and never taken for delivered."""

    def begin(self, replay: str, key: str, *, before: State, at: int) -> bool:
        """Writes down what is about to be fetched; whether it is ended already.

        What was begun before stays: its `before` is the state that was there first.
        """
        ...

    def end(self, replay: str, key: str, *, after: State, outcome: str, at: int) -> None:
        """Writes down what it came to."""
        ...

    def rows(self, replay: str, *, limit: int) -> list[dict[str, Any]]:
        """The rows, by object: `object`, `before`, `after`, `outcome`, `begun_at`, `ended_at`."""
        ...
