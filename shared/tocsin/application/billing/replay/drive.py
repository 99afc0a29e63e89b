"""Driving a replay: what one step of it is; `application.billing.driving` takes them.

The order inside a step is what makes a kill harmless. What is missing is noted first, then handed
to the workers, then the cursor moves. A driver that dies before the cursor moved is followed by one
that lists the same page again, finds the note, and hands the same events over: inserting them twice
changes nothing. Two drivers at once do the same work and only one of them moves the cursor.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tocsin.application.billing.driving import Driving, waits_since
from tocsin.application.billing.replay.passes import (
    after_pass,
    beyond_reach,
    handed_over_before,
    oldest_listed,
)
from tocsin.billing.projection.ledger_key import key_of
from tocsin.billing.replay.cursor import (
    Counts,
    Cursor,
    Kind,
    Met,
    Stage,
    advanced,
    drained,
    listed,
    narrowed,
    plus,
    proved,
)
from tocsin.billing.replay.stops import stalled, told, untold
from tocsin.errors import ProviderUnavailable, TocsinError
from tocsin.ports.billing.replay import Missing, PageNote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Protocol

    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.ledger_key import LedgerKey, LedgerRecord
    from tocsin.ports.billing.replay import (
        EventPage,
        EventSource,
        LedgerReader,
        ProjectionSums,
        RateLimit,
        ReplayOutcomes,
        ReplayStore,
        RestoreQueue,
    )

    class Filing(Protocol):
        """Reads a listed document as ingest reads a delivery, and names its workspace if it can."""

        def __call__(
            self, identity: Identity, document: Mapping[str, Any], *, now: int, replay: str
        ) -> tuple[LedgerRecord, str | None]: ...

    class Telling(Protocol):
        """Puts a replay's proof where people find it; why it could not, or an empty text."""

        def __call__(self, cursor: Cursor) -> str: ...

    class Rebuilding(Protocol):
        """`application.billing.replay.rebuild.Rebuilder`: one step of a replay object by object."""

        def step(self, cursor: Cursor) -> Cursor: ...

    class SetAside(Protocol):
        """Keeps a document that cannot be filed, with the reason."""

        def __call__(
            self, identity: Identity, document: Mapping[str, Any], error: Exception, *, now: int
        ) -> None: ...


RESERVE_MS = 45_000
"""Kept for the step that is under way: one list call, a page's reads, its messages."""

SETTLE, SETTLE_AT_FIRST = 1, 0.25
"""Seconds between two equal checksums that say the projector has caught up.

In the first second of waiting it is looked more often: a projector that has counted all that was
inserted is mostly done by then, and a short replay would spend half its time on this one wait.
"""

SETTLED_WITHIN = 600
"""Seconds the projections are given to come to rest once everything is inserted."""

COUNTED_WITHIN = 60
"""Seconds the projector is given to count what it did with what was inserted."""

LONGEST_PAUSE = 30
"""Seconds between two looks at whether a pass may be made again."""

_CHECKED_AT_ONCE = 20
_SUMMED_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class _Filed:
    """One page, read: what can be filed by its key, and how many could not be."""

    records: Mapping[LedgerKey, tuple[LedgerRecord, str | None]]
    unreadable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """Drives replays over its ports. `sleep` waits, in seconds, and is given by who owns time."""

    source: EventSource
    ledger: LedgerReader
    store: ReplayStore
    queue: RestoreQueue
    sums: ProjectionSums
    rate: RateLimit
    file: Filing
    set_aside: SetAside
    outcomes: ReplayOutcomes
    tell: Telling
    rebuilder: Rebuilding
    now: Callable[[], int]
    sleep: Callable[[float], None]

    def run(self, replay: str, *, go_on: Callable[[], bool]) -> Cursor:
        """Steps until it has ended, stalled, or `go_on` says that time is up; as `Driving.run`.

        Where it was cancelled or has stalled its incident is told so, once for each time.
        """
        driving = Driving[Cursor](
            load=self._loaded,
            save=self.store.save,
            step=self._step,
            stalled=stalled,
            tell=self._told,
            now=self.now,
            sleep=self.sleep,
            pause=_pause,
        )
        return driving.run(replay, go_on=go_on)

    def _step(self, cursor: Cursor) -> Cursor:
        """One page listed, or one look at how far the others have come."""
        if self.now() < cursor.not_before:
            return replace(cursor, updated_at=self.now())
        match cursor.stage:
            case Stage.DRAINING:
                after = self._drain(cursor)
            case Stage.PROVING:
                after = self._add_up(cursor)
                if after.summed >= cursor.first_pages:
                    after = proved(after, after.sum)
                    problems = (after.doubt, self.tell(after))
                    after = replace(after, problem="; ".join(each for each in problems if each))
            case _ if cursor.kind is Kind.OBJECTS:
                after = self.rebuilder.step(cursor)
            case _:
                after = self._list(cursor)
        return replace(after, updated_at=self.now())

    def _told(self, cursor: Cursor) -> Cursor:
        """Told first and noted then: whoever dies in between is followed by one that tells again.

        Raises:
            Unavailable: nobody could be told; run it again.
        """
        if not (stop := untold(cursor)):
            return cursor
        return self.store.save(told(cursor, stop, self.tell(cursor)))

    def _loaded(self, replay: str) -> Cursor:
        cursor = self.store.load(replay)
        if cursor is None:
            raise LookupError(replay)
        return cursor

    def _list(self, cursor: Cursor) -> Cursor:
        if (oldest := oldest_listed(cursor.identity, now=self.now())) > cursor.at:
            cursor = beyond_reach(cursor, oldest)
            return self._walked(cursor) if cursor.walked and not cursor.passes else cursor
        self.rate.take(cursor.identity)
        page = self.source.page(cursor.identity, cursor.slice())
        problem = cursor.problem if cursor.differs_since else ""
        cursor = replace(cursor, waiting_since=None, problem=problem, not_before=0).met(
            Counts(calls=1)
        )
        met = _met(page)
        if (narrower := narrowed(cursor, met)) is not None:
            return narrower
        if page.documents:
            cursor = self._take(cursor, page)
        else:
            self._believe(cursor)
        cursor = advanced(cursor, met)
        return self._walked(cursor) if cursor.walked else cursor

    def _walked(self, cursor: Cursor) -> Cursor:
        return after_pass(cursor, self.ledger, now=self.now())

    def _believe(self, cursor: Cursor) -> None:
        """An empty list is believed only where the ledger is empty too.

        Raises:
            ProviderUnavailable: the provider has forgotten what it told us; ask again later.
        """
        asked = cursor.slice()
        if asked.after is None and self.ledger.holds_any(
            cursor.identity, start=asked.start, end=asked.end
        ):
            raise ProviderUnavailable("it lists nothing where the ledger holds events")

    def _take(self, cursor: Cursor, page: EventPage) -> Cursor:
        """Notes what of a page is missing and hands it over, oldest first."""
        filed = self._filed(cursor, page)
        there = self.ledger.origins(filed.records)
        waiting = handed_over_before(cursor, self.store)
        again = [
            record
            for key, (record, _) in filed.records.items()
            if key not in there and record.envelope.id in waiting
        ]
        lacking = [
            found
            for key, found in filed.records.items()
            if key not in there and found[0].envelope.id not in waiting
        ]
        note = PageNote(
            number=cursor.page,
            types=Counter(record.envelope.type for record, _ in filed.records.values()),
            missing=tuple(_missing(record, workspace) for record, workspace in lacking),
            subscriptions=_concerned(filed),
        )
        kept = self.store.note(cursor.id, note)
        if not cursor.dry_run:
            cursor = self._before(cursor, kept)
            wanted = {each.id for each in kept.missing}
            records = [
                record for record, _ in filed.records.values() if record.envelope.id in wanted
            ]
            if records or again:
                self.queue.send(cursor.id, [*records, *again])
        missing = len(kept.missing)
        after = listed(cursor, (str(each.get("id")) for each in page.documents)).met(
            Counts(
                listed=len(filed.records) + filed.unreadable,
                present=max(0, len(filed.records) - missing - len(again)),
                missing=missing,
                unreadable=filed.unreadable,
            )
        )
        return replace(after, last=after.last.plus(Counts(missing=len(again))))

    def _before(self, cursor: Cursor, page: PageNote) -> Cursor:
        """Adds the projections as this page finds them, on the first pass."""
        if cursor.passes:
            return cursor
        found = self.sums.of(cursor.identity, page.subscriptions, page=page.number)
        return replace(cursor, checksum_before=plus(cursor.checksum_before, found))

    def _filed(self, cursor: Cursor, page: EventPage) -> _Filed:
        records: dict[LedgerKey, tuple[LedgerRecord, str | None]] = {}
        unreadable = 0
        for document in reversed(page.documents):
            try:
                record, workspace = self.file(
                    cursor.identity, document, now=self.now(), replay=cursor.id
                )
            except TocsinError as error:
                unreadable += 1
                if not cursor.dry_run:
                    self.set_aside(cursor.identity, document, error, now=self.now())
            else:
                records[record.key] = (record, workspace)
        return _Filed(records, unreadable)

    def _drain(self, cursor: Cursor) -> Cursor:
        """Counts the pages whose missing events are all in the ledger; waits for the others."""
        counts, number = Counts(), cursor.checked
        for note in self.store.pages(cursor.id, first=cursor.checked):
            if note.number >= cursor.page or number - cursor.checked >= _CHECKED_AT_ONCE:
                break
            found = self._settled(cursor, note.missing)
            if found is None:
                break
            counts, number = counts.plus(found), note.number + 1
        moved = number > cursor.checked
        cursor = replace(cursor, checked=number, first=cursor.first.plus(counts))
        if number < cursor.page and self._beyond(cursor):
            return replace(cursor, waiting_since=None) if moved else self._wait(cursor)
        if cursor.checked < cursor.page:  # from now on it is the projector that is waited for
            cursor = replace(cursor, checked=cursor.page, waiting_since=None)
        return self._settle(cursor)

    def _beyond(self, cursor: Cursor) -> bool:
        """Whether a noted page is still to be checked; crowded seconds leave gaps in no numbers."""
        return next(iter(self.store.pages(cursor.id, first=cursor.checked)), None) is not None

    def _settled(self, cursor: Cursor, missing: Sequence[Missing]) -> Counts | None:
        """How a page's missing events came into the ledger; None while some have not."""
        if not missing:
            return Counts()
        keys = [key_of(cursor.identity, each.id, each.created) for each in missing]
        origins = self.ledger.origins(keys)
        if len(origins) < len(keys):
            return None
        inserted = sum(origin == cursor.id for origin in origins.values())
        return Counts(inserted=inserted, arrived=len(origins) - inserted)

    def _settle(self, cursor: Cursor) -> Cursor:
        """On to the next pass once the projections add up to the same twice in a row.

        On a busy account they may never: live events change them too. All is inserted then, and
        only that the last pass left them unchanged cannot be shown.
        """
        cursor = self._add_up(cursor)
        if cursor.summed < cursor.first_pages:
            return cursor
        if self.now() - (cursor.waiting_since or self.now()) > SETTLED_WITHIN:
            return drained(cursor, cursor.sum)
        if cursor.sum == cursor.checksum_after and self._counted(cursor):
            return drained(cursor, cursor.sum)
        return replace(self._wait(cursor), checksum_after=cursor.sum, summed=0, sum="")

    def _counted(self, cursor: Cursor) -> bool:
        """Whether the projector has said of all that was inserted what became of it.

        It may never say, for its counts are not certain: then what it said is what there is.
        """
        since = cursor.waiting_since or self.now()
        if self.now() - since > COUNTED_WITHIN:
            return True
        return sum(self.outcomes.of(cursor.id).values()) >= cursor.first.inserted

    def _add_up(self, cursor: Cursor) -> Cursor:
        """Some more of the first pass's projections; `summed` is its last page once all are in."""
        total, pages = cursor.sum or plus("", 0), 0
        for note in self.store.pages(cursor.id, first=cursor.summed):
            if note.number >= cursor.first_pages:
                break
            if pages == _SUMMED_AT_ONCE:
                return replace(cursor, sum=total, summed=note.number)
            found = self.sums.of(cursor.identity, note.subscriptions, page=note.number)
            total, pages = plus(total, found), pages + 1
        return replace(cursor, sum=total, summed=cursor.first_pages)

    def _wait(self, cursor: Cursor) -> Cursor:
        since = waits_since(cursor, now=self.now())
        if since is None:
            return stalled(cursor, "the workers have inserted nothing for an hour")
        return replace(cursor, waiting_since=since)


def _pause(cursor: Cursor) -> float:
    if cursor.not_before:
        return max(0, min(LONGEST_PAUSE, cursor.not_before - cursor.updated_at))
    if cursor.waiting_since is None or cursor.stage is not Stage.DRAINING:
        return 0
    return SETTLE_AT_FIRST if cursor.waiting_since == cursor.updated_at else SETTLE


def _met(page: EventPage) -> Met:
    times = [_created(document) for document in page.documents]
    last = page.documents[-1].get("id") if page.documents else None
    return Met(
        [time for time in times if time is not None], str(last) if last else None, page.has_more
    )


def _created(document: Mapping[str, Any]) -> int | None:
    value = document.get("created")
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _missing(record: LedgerRecord, workspace: str | None) -> Missing:
    envelope = record.envelope
    return Missing(envelope.id, envelope.created, envelope.type, workspace)


def _concerned(filed: _Filed) -> tuple[str, ...]:
    """The subscriptions a page's events concern, each once."""
    named = (record.envelope.subscription for record, _ in filed.records.values())
    return tuple(dict.fromkeys(each for each in named if each is not None))
