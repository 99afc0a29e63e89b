"""A reconciliation: what is read, how far it has come, what it found, and what became of that.

As with a replay, all progress is one small value, written on condition of its version: a driver
that dies anywhere is followed by another, and two do the work of one.

    touched   workspaces that were named, and those the window's events concern: always all of them
    listing   walks the providers' lists of subscriptions: to know whom to draw from, or to read all
    sampled   those drawn; one mismatch among them and everything is read
    ready     read; the report stands, and people decide about it
    healing   what was approved is put right and read again
    stalled   gave up waiting for a provider; waking it goes on

Times are epoch seconds, UTC.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tocsin.billing.identity import Identity
    from tocsin.billing.reconcile.accounts import Left
    from tocsin.billing.reconcile.compare import Mismatch


class Scope(StrEnum):
    """Who is read besides those touched. Stored, so never renamed."""

    RECENT = "recent"
    SAMPLE = "sample"
    FULL = "full"


class Stage(StrEnum):
    """How far it has come. Stored, so never renamed."""

    TOUCHED = "touched"
    LISTING = "listing"
    SAMPLED = "sampled"
    READY = "ready"
    HEALING = "healing"
    STALLED = "stalled"


class State(StrEnum):
    """What became of a mismatch. Stored, so never renamed."""

    OPEN = "open"
    HEALED = "healed"
    ACCEPTED = "accepted"


HOUR = 3_600
UNKNOWN_NAMED = 50
LONGEST_WINDOW = 31 * 24 * HOUR
MOST_NAMED = 200


@dataclass(frozen=True, slots=True)
class Found:
    """A mismatch and what became of it; `note` is the reason, or why healing did not help.

    `approver` is who approved that it be healed, empty where nobody had to.
    """

    mismatch: Mismatch
    state: State = State.OPEN
    by: str = ""
    note: str = ""
    at: int = 0
    approver: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """A workspace that was read: its subscriptions, `<identity>#<id>`, and what stayed unknown."""

    workspace: str
    subscriptions: tuple[str, ...]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """A reconciliation added up. `unresolved` counts what is neither healed nor accepted."""

    workspaces: int = 0
    subscriptions: int = 0
    unknown: int = 0
    found: int = 0
    healed: int = 0
    accepted: int = 0
    unresolved: Mapping[str, int] = field(default_factory=dict)

    @property
    def open(self) -> int:
        return sum(self.unresolved.values())


@dataclass(frozen=True, slots=True)
class Tally:
    """A reconciliation as it was last added up, kept with its cursor: a look reads one item.

    Exact once it is ready. On the way it counts as it goes, and what a driver had compared when it
    died, before it could write that down, is not in it. `unknown` are the first of those that could
    not be compared, `digest` is over what is open.
    """

    standing: Standing = Standing()
    unknown: tuple[str, ...] = ()
    digest: str = ""

    def met(self, workspaces: int, subscriptions: int, mismatches: int) -> Tally:
        """With what one more step has compared and found."""
        before = self.standing
        after = replace(
            before,
            workspaces=before.workspaces + workspaces,
            subscriptions=before.subscriptions + subscriptions,
            found=before.found + mismatches,
        )
        return replace(self, standing=after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """A reconciliation. `ver` is the version of the stored one it was read from.

    `account`, `at` and `after` are the position in the stage: which of `identities`, the hour or
    the number, and the last one taken. `full` tells that everything is read, asked for or because
    the sample held a mismatch (`escalated`). `heal_*` are what healing was approved for: `heal`
    names mismatches, none for all. `told` is the standing that the incident was told last, `asked`
    the digest of the request that started it. `tally` is None where it was begun before there were
    any. `left` are the accounts that are not compared. `listed` is how many subscriptions each
    account has listed. `heal_keys` has every key that healing was asked for with, and for what.
    """

    id: str
    identities: tuple[Identity, ...]
    scope: Scope
    start: int
    end: int
    seed: str
    started_at: int
    started_by: str
    workspaces: tuple[str, ...] = ()
    asked: str = ""
    dry_run: bool = False
    incident: str | None = None
    stage: Stage = Stage.TOUCHED
    stalled_in: Stage | None = None
    problem: str = ""
    ver: int = 0
    account: int = 0
    at: int = 0
    after: str | None = None
    page: int = 0
    full: bool = False
    escalated: bool = False
    population: int = 0
    drawn: int = 0
    calls: int = 0
    updated_at: int = 0
    waiting_since: int | None = None
    heal: tuple[str, ...] = ()
    heal_by: str = ""
    heal_key: str = ""
    heal_approver: str = ""
    signed_off_by: str | None = None
    signed_off_at: int | None = None
    told: str = ""
    tally: Tally | None = None
    left: tuple[Left, ...] = ()
    listed: Mapping[str, int] = field(default_factory=dict)
    heal_keys: Mapping[str, str] = field(default_factory=dict)

    def agrees(self, standing: Standing) -> bool | None:
        """Whether all that gives access was seen and is right, or settled; None: not yet known.

        What a sign-off names counts as settled. `standing` is what it came to.
        """
        if self.stage is not Stage.READY:
            return False if self.stage is Stage.STALLED else None
        unseen = self.signed_off_by is None and any(each.unknown for each in self.left)
        return not (standing.open or standing.unknown or unseen)

    @property
    def idle(self) -> bool:
        """Nothing is to be driven until somebody wants something."""
        return self.stage in {Stage.READY, Stage.STALLED}

    def to(self, stage: Stage) -> Cursor:
        """At the beginning of another stage."""
        return replace(self, stage=stage, account=0, at=0, after=None, waiting_since=None)


def stalled(cursor: Cursor, problem: str) -> Cursor:
    """Given up for now; what was read so far is kept."""
    return replace(cursor, stage=Stage.STALLED, stalled_in=cursor.stage, problem=problem)


def resumed(cursor: Cursor) -> Cursor:
    """On from where it stalled; unchanged if it did not."""
    if cursor.stage is not Stage.STALLED or cursor.stalled_in is None:
        return cursor
    return replace(cursor, stage=cursor.stalled_in, stalled_in=None, problem="", waiting_since=None)


def stands(compared: Iterable[Compared], found: Iterable[Found]) -> Standing:
    """Adds up as it reads: nothing is held but counts."""
    workspaces = subscriptions = unknown = 0
    for each in compared:
        workspaces += 1
        subscriptions += len(each.subscriptions)
        unknown += len(each.unknown)
    states: Counter[State] = Counter()
    unresolved: Counter[str] = Counter()
    for one in found:
        states[one.state] += 1
        if one.state is State.OPEN:
            unresolved[one.mismatch.kind.value] += 1
    return Standing(
        workspaces,
        subscriptions,
        unknown,
        states.total(),
        states[State.HEALED],
        states[State.ACCEPTED],
        dict(sorted(unresolved.items())),
    )


def add_up(compared: Iterable[Compared], found: Iterable[Found]) -> Tally:
    """The exact tally; both are given in the order of their names, and read once."""
    unknown: list[str] = []
    open_ids: list[str] = []

    def read() -> Iterable[Compared]:
        for each in compared:
            unknown.extend(each.unknown[: UNKNOWN_NAMED - len(unknown)])
            yield each

    def met() -> Iterable[Found]:
        for one in found:
            if one.state is State.OPEN:
                open_ids.append(one.mismatch.id)
            yield one

    standing = stands(read(), met())
    return Tally(standing, tuple(unknown), digest_of(open_ids) if open_ids else "")


def digest_of(mismatches: Iterable[str]) -> str:
    """What an approval of healing exactly these is bound to, whatever their order."""
    return hashlib.sha256("\0".join(sorted(mismatches)).encode()).hexdigest()[:32]
