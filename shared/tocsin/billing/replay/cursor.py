"""Replaying a window of a provider's events: what is asked for, how far it has come, what it found.

A provider cannot be asked to deliver again, so a replay lists everything it made in a window and
puts what the ledger lacks through the ingest path. All of its progress is one small value, the
cursor, written on condition of its version: whoever drives it, two cannot both win, and a driver
that dies anywhere is followed by another that goes on from the last write.

    listing    walks the window, oldest first; what is missing is noted and handed to the workers
    draining   waits until every event noted as missing is in the ledger
    checking   walks the window once more: a second pass has to find nothing missing, and to list
               what the pass before listed and all that the ledger holds
    proving    adds up the projection once more, to show that the second pass changed nothing
    complete   all of it done; the figures are the proof
    stalled    gave up waiting for a provider or for workers; `resume` goes on
    cancelled  by a person

Times are epoch seconds, UTC.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from tocsin.errors import BadInput, WindowExpired

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tocsin.billing.identity import Identity
    from tocsin.billing.provider import Provider

DAY = 86_400
PAGE = 100
"""Events a list call returns at most."""

NOTHING_FOUND = (
    "nothing found: neither list nor ledger has anything of the window, which is no proof"
)

AGAIN_AFTER, AGAIN_AT_MOST = 60, 600
"""Seconds until a window is listed again whose passes do not agree: at first, and at most."""

WIDEST = DAY
FIRST_WIDTH = 600
_SPARSE = 40
_FILLED = 90
"""How many events of a page a slice is meant to hold, where events come evenly."""


class Stage(StrEnum):
    """How far a replay has come. Stored, so never renamed."""

    LISTING = "listing"
    DRAINING = "draining"
    CHECKING = "checking"
    PROVING = "proving"
    COMPLETE = "complete"
    STALLED = "stalled"
    CANCELLED = "cancelled"


class Kind(StrEnum):
    """How a replay finds what was lost. Stored, so never renamed.

    By the provider's list of events; or, where it lists none, object by object
    (`billing.replay.rebuild`).
    """

    EVENTS = "events"
    OBJECTS = "objects"


ENDED = frozenset({Stage.COMPLETE, Stage.CANCELLED})


@dataclass(frozen=True, slots=True)
class Window:
    """Events created at or after `start` and before `end`."""

    start: int
    end: int

    def check(self, *, now: int, asked: Provider) -> None:
        """Refuses a window that no listing can answer; objects are listed however old they are.

        Raises:
            BadInput: it is empty, inverted, or reaches into the future.
            WindowExpired: it starts before what the provider still lists.
        """
        if self.end <= self.start:
            raise BadInput("the window ends before it starts", field="end")
        if self.end > now:
            raise BadInput("the window reaches into the future", field="end")
        if asked.lists_events and self.start < now - asked.reaches * DAY:
            raise WindowExpired(
                f"the window starts before the {asked.reaches} days the provider lists: "
                "reconcile instead"
            )

    def days_left(self, *, now: int, asked: Provider) -> int:
        """Whole days until its first second can be listed, or replayed by hand, no more."""
        return max(0, (self.start + asked.reaches * DAY - now) // DAY)


@dataclass(frozen=True, slots=True)
class Slice:
    """One list call: created in [start, end), older than the event `after` if there is one."""

    start: int
    end: int
    after: str | None


@dataclass(frozen=True, slots=True)
class Counts:
    """What was met on the way.

    `listed` is what the provider has, each of which was `present` in the ledger or `missing`; what
    was missing has since been `inserted` by this replay, or has `arrived` by itself. `unreadable`
    could not be filed and is in quarantine. `calls` are requests to the provider. A rebuild lists
    objects: `missing` are those whose projection differed, `fetched` were asked for one by one.
    """

    listed: int = 0
    present: int = 0
    missing: int = 0
    inserted: int = 0
    arrived: int = 0
    unreadable: int = 0
    calls: int = 0
    fetched: int = 0
    changed: int = 0

    @property
    def settled(self) -> int:
        """How many of those that were missing are in the ledger now."""
        return self.inserted + self.arrived

    def plus(self, other: Counts) -> Counts:
        """Both together."""
        return Counts(
            *(getattr(self, each) + getattr(other, each) for each in self.__dataclass_fields__)
        )


@dataclass(frozen=True, slots=True)
class Cursor:
    """A replay. `ver` is the version of the stored one it was read from.

    `at` is the second before which everything is listed; `width` how many seconds the next call
    asks for; `after` an event inside one crowded second. `page` is the next page's number,
    `checked` the first page whose missing events may not all be in the ledger, `first_pages` how
    many pages the first pass had. `first` counts the first pass, and what any pass found missing;
    `last` the newest pass alone. `override` is the reason to start without proof of recovery;
    `facts` are those the window was found by. `stalls` counts how often it gave up, `told` is the
    stop its incident was told of last. Of a rebuild: `source` and `skip` say where in the
    lists it is, `lost` holds (expected, stored) by kind of event, `steps` who did which by hand.
    `checksum_*` are of all projections the window's events concern: as each page found them, when
    all that was missing had been projected, and after the last pass; `summed` is the first page
    that `sum` does not hold yet. `seen` is a checksum of what this pass has listed, `seen_before`
    of what the pass before did; `differs_since` is since when passes do not agree, and `not_before`
    when the next list call is made. `doubt` says why a replay that is complete proves nothing.
    `handed_over` is the page before which what is missing is handed over again where it is met.
    """

    id: str
    identity: Identity
    window: Window
    started_at: int
    started_by: str
    dry_run: bool = False
    incident: str | None = None
    override: str = ""
    facts: str = ""
    stage: Stage = Stage.LISTING
    stalled_in: Stage | None = None
    problem: str = ""
    stalls: int = 0
    told: str = ""
    ver: int = 0
    at: int = 0
    width: int = FIRST_WIDTH
    after: str | None = None
    page: int = 0
    checked: int = 0
    first_pages: int = 0
    passes: int = 0
    first: Counts = Counts()
    last: Counts = Counts()
    updated_at: int = 0
    waiting_since: int | None = None
    summed: int = 0
    sum: str = ""
    checksum_before: str = ""
    checksum_after: str = ""
    checksum_last: str = ""
    kind: Kind = Kind.EVENTS
    source: int = 0
    skip: int = 0
    lost: Mapping[str, Sequence[int]] = field(default_factory=dict)
    steps: Mapping[str, Sequence[str | int]] = field(default_factory=dict)
    seen: str = ""
    seen_before: str = ""
    differs_since: int | None = None
    not_before: int = 0
    doubt: str = ""
    handed_over: int = 0

    @property
    def ended(self) -> bool:
        return self.stage in ENDED

    @property
    def idle(self) -> bool:
        """Nothing is to be driven until somebody wants something."""
        return self.ended or self.stage is Stage.STALLED

    @property
    def proven(self) -> bool:
        """All that was missing is in the ledger, and one more pass found nothing missing."""
        settled = self.first.settled == self.first.missing or self.kind is Kind.OBJECTS
        return (
            self.stage is Stage.COMPLETE
            and not self.dry_run
            and self.last.missing == 0
            and settled
            and self.first.unreadable == 0
            and not self.doubt
        )

    @property
    def unchanged(self) -> bool:
        """The last pass left the projections of the window's events as they were.

        Webhooks that arrive meanwhile change them too, so only a quiet provider can show this.
        """
        return bool(self.checksum_after) and self.checksum_after == self.checksum_last

    def slice(self) -> Slice:
        """What the next list call asks for."""
        return Slice(self.at, min(self.at + self.width, self.window.end), self.after)

    @property
    def walked(self) -> bool:
        """Whether the pass has seen the whole window."""
        return self.at >= self.window.end

    def met(self, counts: Counts) -> Cursor:
        """The cursor with these counts added."""
        later = self.passes > 0
        lasting = Counts(missing=counts.missing, calls=counts.calls) if later else counts
        return replace(self, first=self.first.plus(lasting), last=self.last.plus(counts))


def begin(cursor: Cursor) -> Cursor:
    """At the start of the window."""
    return replace(
        cursor,
        at=cursor.window.start,
        width=FIRST_WIDTH,
        after=None,
        last=Counts(),
        seen="",
        seen_before=cursor.seen,
    )


def listed(cursor: Cursor, ids: Iterable[str]) -> Cursor:
    """The cursor knowing that this pass has listed these."""
    seen = cursor.seen or plus("", 0)
    for each in ids:
        seen = plus(seen, int.from_bytes(hashlib.sha256(each.encode()).digest()))
    return replace(cursor, seen=seen)


def disagreement(cursor: Cursor, *, held: int) -> str:
    """What speaks against a pass that found nothing missing; empty where it agrees.

    `held` is how many events of the window the ledger holds. A list that is cut short is no proof,
    and neither is one that shows nothing of a window of which nothing is known.
    """
    if held > cursor.last.listed:
        return f"the ledger holds {held} events of the window and {cursor.last.listed} are listed"
    if cursor.seen != cursor.seen_before:
        return "two passes did not list the same events"
    return "" if cursor.last.listed else NOTHING_FOUND


def once_more(cursor: Cursor, problem: str, *, now: int) -> Cursor:
    """Lists again a while later, for passes do not agree; the longer they do not, the later."""
    since = cursor.differs_since or now
    waits = min(AGAIN_AT_MOST, max(AGAIN_AFTER, now - since))
    return begin(
        replace(
            cursor,
            stage=Stage.CHECKING,
            problem=problem,
            differs_since=since,
            not_before=now + waits,
        )
    )


def unprovable(cursor: Cursor, doubt: str) -> Cursor:
    """On to the end, where the figures are no proof."""
    return replace(cursor, stage=Stage.PROVING, summed=0, sum="", doubt=doubt)


def walked(cursor: Cursor) -> Cursor:
    """The stage after a pass over the whole window."""
    passes = cursor.passes + 1
    first_pages = cursor.page if passes == 1 else cursor.first_pages
    after = replace(cursor, passes=passes, first_pages=first_pages, waiting_since=None)
    if cursor.dry_run:
        return replace(after, stage=Stage.COMPLETE)
    if passes > 1 and cursor.last.missing == 0 and not cursor.handed_over:
        return replace(after, stage=Stage.PROVING, summed=0, sum="")
    return replace(after, stage=Stage.DRAINING, checksum_after="", summed=0, sum="")


def drained(cursor: Cursor, checksum: str) -> Cursor:
    """All that was missing is in the ledger and projected: once more over the window."""
    return begin(
        replace(
            cursor,
            stage=Stage.CHECKING,
            checksum_after=checksum,
            waiting_since=None,
            handed_over=0,
        )
    )


def handed_over_again(cursor: Cursor) -> Cursor:
    """Lists the window once more, so that what is missing still is handed over once more."""
    return begin(replace(cursor, stage=Stage.CHECKING, handed_over=cursor.page))


def proved(cursor: Cursor, checksum: str) -> Cursor:
    """All done; the figures are the proof."""
    return replace(cursor, stage=Stage.COMPLETE, checksum_last=checksum)


def plus(total: str, more: int) -> str:
    """A checksum with more added: 64 hex digits, whatever the order of adding."""
    return f"{(int(total or '0', 16) + more) % (1 << 256):064x}"


@dataclass(frozen=True, slots=True)
class Met:
    """What one list call brought: ids and `created`, newest first, and whether there is more."""

    times: Sequence[int]
    last_id: str | None
    has_more: bool


def narrowed(cursor: Cursor, met: Met) -> Cursor | None:
    """The cursor asking for less, where a page cannot hold a slice; None where it can.

    Lists come newest first. Only a slice that fits on one page can be taken oldest first, so one
    that does not is halved, or cut where its page ends if that is less: a burst is then met at its
    first second, and if the page reaches down to the slice's own first second, that one is crowded.
    Where the page's own events are so far apart that more would fit on one, it is cut to that: a
    steady stream is met by full pages, and its width found at once.
    """
    asked = cursor.slice()
    if not met.has_more or asked.end - asked.start <= 1:
        return None
    oldest, newest = min(met.times, default=asked.start), max(met.times, default=asked.start)
    older = oldest - asked.start
    cut = min((asked.end - asked.start) // 2, older)
    fits = (newest - oldest + 1) * _FILLED // PAGE if older else 0
    return replace(cursor, width=max(1, cut, fits))


def advanced(cursor: Cursor, met: Met) -> Cursor:
    """The cursor behind a page that was taken."""
    asked = cursor.slice()
    if met.has_more:  # one second holds more than a page: on with the older ones of that second
        return replace(cursor, after=met.last_id, page=cursor.page + 1)
    sparse = len(met.times) < _SPARSE and cursor.after is None
    return replace(
        cursor,
        at=asked.end,
        after=None,
        width=min(WIDEST, cursor.width * 2) if sparse else cursor.width,
        page=cursor.page + 1,
    )


def window_of_outage(*, last_good: int, recovered_at: int, margin: int = 900) -> Window:
    """The window of an incident, to the confirmed recovery (runbook, Replay Procedure 2).

    It starts 15 minutes before the last good event or checkout.
    """
    return Window(last_good - margin, recovered_at)
