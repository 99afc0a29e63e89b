"""What the application asks of the outside world. Adapters implement these; tests have twins.

Preventive work across incidents: what is open, the earliest due first, and what was done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime, timedelta

    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.model.maintenance import Window
    from tocsin.incidents.model.noise import Heard
    from tocsin.incidents.model.outbox import OutboxItem, OutboxKey
    from tocsin.incidents.model.signals import Signal
    from tocsin.incidents.model.work import Known, Seen
    from tocsin.incidents.queries.freeze import ServiceFreeze
    from tocsin.incidents.queries.prevention import PreventiveAction
    from tocsin.incidents.timeline.entry import Entry
    from tocsin.incidents.vocabulary import Category, Severity, State
    from tocsin.ports.signals import Aside, AsidePage, Clear, Intake, Pointer, Unknown, Why


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRecord:
    """The trace of a command id: which wish it stood for and what it led to.

    `hash` is sha256 over principal and key; `request_hash` is over the wish. For a command that
    creates an incident, `principal` and `key` are set and the record is kept beside the others
    of that principal, because the incident's id is not known to who repeats it.
    """

    hash: str
    request_hash: str
    incident: str
    version: int
    recorded_at: datetime
    principal: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """Everything one command writes, in one transaction.

    `expected_version` is the version that was read (0: the incident must not exist yet). `due`
    is when the incident next needs a tick. `number` is what this write gives it. A pointer with
    `open` true is taken if nobody else has it open. `freezes` replaces what is known of those
    services and this incident. `also` is what the same transaction does to other incidents.
    """

    expected_version: int
    incident: Incident
    entries: tuple[Entry, ...]
    outbox: tuple[OutboxItem, ...] = ()
    command: CommandRecord | None = None
    pointers: tuple[Pointer, ...] = ()
    due: datetime | None = None
    number: int | None = None
    freezes: tuple[ServiceFreeze, ...] = ()
    actions: tuple[PreventiveAction, ...] = ()
    also: tuple[Commit, ...] = ()

    @property
    def whole(self) -> tuple[Commit, ...]:
        """Itself and what goes with it."""
        return self, *self.also


@dataclass(frozen=True, slots=True, kw_only=True)
class DueItems:
    """What the sparse index says needs attention at or before a time.

    `held` are the keys of signals whose time to be let through has come, `weeks` those whose
    unknown signals are to be told of. `more` says that the limit cut the answer short.
    """

    incidents: tuple[str, ...]
    outbox: tuple[OutboxKey, ...]
    more: bool
    held: tuple[str, ...] = ()
    weeks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One line of the board."""

    id: str
    opened_at: datetime
    title: str
    severity: Severity
    state: State
    category: Category
    restricted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of the board; `cursor` continues it, None is the end."""

    items: tuple[Summary, ...]
    cursor: str | None


class IncidentStore(Protocol):
    """Incidents, their timelines and their outbox. All reads by key are consistent."""

    def load(self, incident_id: str) -> Incident | None: ...

    def load_all(self, incident_ids: Sequence[str]) -> dict[str, Incident]:
        """Those of the incidents that exist, by id, as they were a moment ago.

        Not consistent, at half of the price: a board is looked at, nothing is decided from it.
        """
        ...

    def commit(self, commit: Commit) -> None:
        """Writes all of it or nothing.

        Raises:
            VersionConflict: somebody else wrote first; read again.
            CommandRepeated: the command id is already recorded.
            DedupKeyTaken: another incident holds the key open.
            NumberTaken: the number was given before, or passed over.
            StoreUnavailable: no answer; whether it was written is unknown until read.
        """
        ...

    def remember(self, record: CommandRecord) -> None:
        """Keeps the trace of a command that changed nothing; twice the same is once.

        Raises:
            CommandRepeated: the command id is already recorded, of another wish or time.
        """
        ...

    def entries(
        self, incident_id: str, *, after: int = 0, limit: int | None = None
    ) -> tuple[Entry, ...]:
        """Timeline entries with `seq > after`, in order."""
        ...

    def command(self, incident_id: str, command_hash: str) -> CommandRecord | None: ...

    def creation(self, principal: str, key: str) -> CommandRecord | None:
        """The record of a command that created an incident."""
        ...

    def pointer(self, key: str) -> Pointer | None:
        """Who owns a dedup key (`v1:<source>:<key>`), open or closed."""
        ...

    def hear_clear(self, signal: Signal, *, recorded_at: datetime) -> None:
        """Keeps a clear, unless a newer one is known; it is forgotten with its trace."""
        ...

    def clear_heard(self, key: str) -> Clear | None:
        """The newest clear kept of a dedup key."""
        ...

    def hold(self, signal: Signal, *, again: bool = False) -> None:
        """Keeps a signal until `held_until`, unless a newer one of its key is kept or let go.

        `again`: the one that is kept is kept on, until another time.
        """
        ...

    def held(self, key: str) -> Signal | None:
        """The signal kept of a key; None if there was none, or it was let go."""
        ...

    def let_go(self, key: str, *, until: datetime, recorded_at: datetime) -> None:
        """Keeps nothing of a key that occurred up to `until`, whichever of them comes first."""
        ...

    def set_aside(self, aside: Aside) -> None:
        """Keeps what became of a signal for a month; the same one twice is once."""
        ...

    def asides(self, day: date, *, limit: int, cursor: str | None = None) -> AsidePage:
        """What was set aside on a day (UTC), newest first."""
        ...

    def unseen(self, signals: Sequence[Signal]) -> tuple[Signal, ...]:
        """Those without a trace yet; order kept."""
        ...

    def intake(self, signals: Sequence[Signal]) -> Intake:
        """What is known as signals of one key come in."""
        ...

    def trace(
        self,
        signals: Iterable[Signal],
        *,
        incident: str | None,
        recorded_at: datetime,
        why: Why | None = None,
    ) -> None:
        """Leaves a trace of each signal; a trace that exists is left as it is.

        `incident` None means that the signal led to nothing: a clear with nothing open, or one that
        was set aside for `why`.
        """
        ...

    def traces(self, key: str, *, limit: int) -> tuple[Heard, ...]:
        """What a key has said, of the newest so many that it said first; what was told is not."""
        ...

    def lead(self, name: str) -> str | None:
        """The incident that opened last under a name, open or not."""
        ...

    def take_lead(self, name: str, incident: str, *, at: datetime) -> None:
        """Lets an incident go under a name from now on; forgotten after a month."""
        ...

    def follow(self, commit: str, incident: str, *, at: datetime) -> None:
        """Lets an incident be told of a commit from now on; forgotten after a year."""
        ...

    def see(self, seen: Seen, *, recorded_at: datetime) -> None:
        """Keeps what was seen of a commit for a month, unless a newer one of the same is kept."""
        ...

    def known_of(self, commit: str) -> Known:
        """Who is told of a commit, and what was seen of it; in no order, other commits left out."""
        ...

    def windows(self) -> tuple[Window, ...]:
        """Every maintenance window that is kept."""
        ...

    def set_windows(self, windows: tuple[Window, ...], *, known: tuple[Window, ...]) -> None:
        """Writes all windows in the place of those that were read.

        Raises:
            ConditionFailed: somebody else has written them meanwhile.
        """
        ...

    def count_unknown(self, unknown: Unknown, *, week: str, told_at: datetime, batch: str) -> None:
        """Puts down what no rule knows in its ISO week (`2026-W37`); a batch counts once.

        The week is due from `told_at` on, until it is told.
        """
        ...

    def unknown(self, week: str) -> tuple[Unknown, ...]:
        """What no rule knew in a week, by key and time; at most a thousand lines."""
        ...

    def week_told(self, week: str, *, at: datetime) -> None:
        """The week has been told of, and is due no longer."""
        ...

    def due(self, *, at: datetime, limit: int) -> DueItems:
        """At most `limit` incidents, messages and held signals each, the longest overdue first.

        They are counted apart: unsent messages never keep an incident from being ticked.
        """
        ...

    def board(
        self, *, closed_in: str | None = None, limit: int = 50, cursor: str | None = None
    ) -> Page:
        """Open incidents, newest first, or those closed in a month (`yyyymm`, UTC)."""
        ...

    def addressed(self, incident_id: str) -> frozenset[str]:
        """Every person whom a message about the incident is or was for."""
        ...

    def outbox(self, key: OutboxKey) -> OutboxItem | None: ...

    def claim_outbox(
        self, key: OutboxKey, *, owner: str, wall_now: datetime, lease: timedelta
    ) -> OutboxItem | None:
        """The item, now owned until the lease ends; None if sent, or owned by somebody else.

        `attempts` of the returned item counts this claim.
        """
        ...

    def mark_sent(
        self, key: OutboxKey, *, owner: str, sent_at: datetime, tried: tuple[str, ...] = ()
    ) -> None:
        """Marks a claimed item sent and takes it out of the due index; `tried` becomes its record.

        Raises:
            Conflict: the lease passed to somebody else meanwhile.
        """
        ...

    def release_outbox(
        self, key: OutboxKey, *, owner: str, due_at: datetime, tried: tuple[str, ...] = ()
    ) -> None:
        """Gives a claimed item back after a failed send; the sweep retries it at `due_at`.

        Raises:
            Conflict: the lease passed to somebody else meanwhile.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionPage:
    """A page of preventive work; `cursor` continues it, None is the end."""

    actions: tuple[PreventiveAction, ...]
    cursor: str | None


class ActionStore(Protocol):
    """Preventive work as the incidents wrote it, in the transactions that changed it.

    What belongs to a restricted incident is among it: who asks must be allowed to know.
    """

    def page(self, *, done: bool, limit: int = 50, cursor: str | None = None) -> ActionPage:
        """Open work (or what was done), by due time.

        Raises:
            BadInput: the cursor was not given out here.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What is stored of an incident besides its timeline, read at one moment.

    `due` is the second under which the due index has it; None: not at all.
    """

    incident: Incident
    due: int | None
    unsent: tuple[OutboxItem, ...]


class AuditStore(Protocol):
    """What only the auditor asks. Reads are consistent."""

    def marks(self, incident_id: str) -> Marks | None: ...

    def mend(self, pointer: Pointer) -> bool:
        """Writes a pointer over the one it was read as (`over`); False: that has changed since."""
        ...


class DueQueue(Protocol):
    """Takes ids of due incidents, for others to tick."""

    def send(self, incidents: Sequence[str]) -> None:
        """Raises `Unavailable`: some may not have been taken."""
        ...
