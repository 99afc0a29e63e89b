"""What a replay asks of the outside world.

What a rebuild asks of the outside world, beside what every replay does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.ledger_key import LedgerKey, LedgerRecord
    from tocsin.billing.replay.cursor import Cursor, Slice, Window


UNLISTED = ("v1.", "v2.")
"""Beginnings of the types of thin events, which the list of events does not show."""


@dataclass(frozen=True, slots=True)
class EventPage:
    """One answer to a list call: the provider's documents, newest first."""

    documents: tuple[Mapping[str, Any], ...]
    has_more: bool


class EventSource(Protocol):
    """A provider that lists its events."""

    def page(self, identity: Identity, wanted: Slice) -> EventPage:
        """One list call, of all types.

        Raises:
            ProviderUnavailable: refused, busy, or no sound answer; ask again later.
        """
        ...


@dataclass(frozen=True, slots=True)
class Missing:
    """An event the ledger lacked when its page was listed."""

    id: str
    created: int | None
    type: str
    workspace: str | None


@dataclass(frozen=True, slots=True)
class PageNote:
    """What one page held: how many of each type, what was missing, which subscriptions it concerns.

    Every page's events are counted; the missing ones are those of any look at it.
    """

    number: int
    types: Mapping[str, int]
    missing: tuple[Missing, ...] = ()
    subscriptions: tuple[str, ...] = ()

    def with_more(self, later: PageNote) -> PageNote:
        """This note and what a later look at the same page found besides."""
        known = {each.id for each in self.missing}
        more = tuple(each for each in later.missing if each.id not in known)
        if not more:
            return self
        names = self.types.keys() | later.types.keys()
        types = {name: max(self.types.get(name, 0), later.types.get(name, 0)) for name in names}
        concerned = dict.fromkeys((*self.subscriptions, *later.subscriptions))
        return PageNote(self.number, types, (*self.missing, *more), tuple(concerned))


class LedgerReader(Protocol):
    """What of a list of keys is stored."""

    def origins(self, keys: Iterable[LedgerKey]) -> dict[LedgerKey, str]:
        """The keys that are there, each with the replay that inserted it, `""` for a webhook."""
        ...

    def holds_any(self, identity: Identity, *, start: int, end: int) -> bool:
        """Whether an event created in [start, end) is there."""
        ...

    def held(self, identity: Identity, *, start: int, end: int) -> int:
        """How many events created in [start, end) are there, of those that a provider lists.

        Thin events of its newer API are not in the list of the older one.
        """
        ...


class ReplayStore(Protocol):
    """Replays and their pages. Reads are consistent."""

    def create(self, cursor: Cursor) -> None:
        """Writes a new replay and makes it the running one of its identity, unless it is dry.

        Raises:
            CommandRepeated: there is one of that id.
            ReplayRunning: another one of that identity has not ended.
        """
        ...

    def load(self, replay: str) -> Cursor | None: ...

    def save(self, cursor: Cursor) -> Cursor:
        """Writes it if the stored one still has `cursor.ver`; what is returned has the next.

        Raises:
            VersionConflict: another driver has gone on from there.
        """
        ...

    def note(self, replay: str, page: PageNote) -> PageNote:
        """Keeps what a page held; what is noted of it already stays and is returned.

        A page that is listed again after a crash may find less missing than it did at first, and
        may find what was not listed then: that is added to the note.
        """
        ...

    def pages(self, replay: str, *, first: int = 0) -> Iterator[PageNote]:
        """The notes in order, read a few at a time."""
        ...


class ReplayOutcomes(Protocol):
    """What the projector made of the events that a replay inserted, by outcome.

    Counted once a batch, after it: a projector that dies in between counts those as `done` when
    they come again, or not at all. The figures are for people; the proof is the second pass.
    """

    def add(self, replay: str, outcomes: Mapping[str, int]) -> None:
        """Adds to what is counted.

        Raises:
            StoreUnavailable: not known to be counted.
        """
        ...

    def of(self, replay: str) -> dict[str, int]: ...


class RestoreQueue(Protocol):
    """Events on their way to the workers that insert them."""

    def send(self, replay: str, records: Sequence[LedgerRecord]) -> None:
        """Hands all of them over.

        Raises:
            QueueUnavailable: some may not have been taken; send all again.
        """
        ...


class ProjectionSums(Protocol):
    """Projections as numbers that can be added up in any order."""

    def of(self, identity: Identity, subscriptions: Sequence[str], *, page: int) -> int:
        """The sum over these subscriptions as one page of a replay names them.

        Two sums are equal if each of them has the same status, plan and period end, or none.
        """
        ...


class RateLimit(Protocol):
    """A budget of requests shared by everybody who asks the same provider."""

    def take(self, identity: Identity) -> None:
        """Returns when one request may be made; waits for it if need be."""
        ...


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
