"""What people ask of replays: plan one, start it, look at it, go on with it, end it."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.billing.outage.recovery import doubts
from tocsin.billing.provider import provider
from tocsin.billing.replay.cursor import Cursor, Kind, Window, begin
from tocsin.billing.replay.rebuild import step_done
from tocsin.billing.replay.stops import at_rest, cancelled, resumed
from tocsin.errors import (
    CommandRepeated,
    GroupRequired,
    IdempotencyKeyReused,
    MissingReason,
    RecoveryNotConfirmed,
    UnknownName,
    VersionConflict,
)
from tocsin.incidents.vocabulary import BECOME_COMMANDER, Group

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.billing.identity import Identity
    from tocsin.ports.billing.outage import ProbeLog
    from tocsin.ports.billing.replay import ReplayStore


MAY_REPLAY = frozenset({Group.RESPONDER, Group.COMMANDER, Group.SECURITY})

MOST_WORKSPACES = 200

_TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A replay somebody wants.

    `override` is the commander's reason to start without proof of recovery. `facts` are those the
    window was found by, empty where a person named it.
    """

    identity: Identity
    window: Window
    person: str
    groups: frozenset[Group]
    dry_run: bool
    incident: str | None = None
    override: str = ""
    facts: str = ""
    kind: Kind = Kind.EVENTS


@dataclass(frozen=True, slots=True)
class Breakdown:
    """What was found by type and by workspace: (expected, missing), and missing alone.

    `others` counts what is missing in workspaces beyond the first 200 named, and `unnamed` what
    names none.
    """

    types: Mapping[str, tuple[int, int]]
    workspaces: Mapping[str, int]
    others: int
    unnamed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayDesk:
    """The desk over its ports.

    `wake` starts a driver; where it raises, the replay stands, and `resume` or the same request
    again starts one. `known` says
    whether there is an API key for an account. `new_id` names a replay, `now` is the
    real time in epoch seconds.
    """

    store: ReplayStore
    wake: Callable[[str], None]
    probes: ProbeLog
    breaker_closed: Callable[[Identity], bool]
    known: Callable[[Identity], bool]
    new_id: Callable[[], str]
    now: Callable[[], int]

    def start(self, wish: Wish, *, key: str = "") -> tuple[Cursor, bool]:
        """A new replay, and whether it is new; the same person's same key gives the first one.

        Raises:
            GroupRequired: a viewer asks, or somebody but the commander overrides.
            BadInput, WindowExpired: the window cannot be listed.
            UnknownName: there is no such account here.
            RecoveryNotConfirmed: the provider is not known to have recovered.
            ReplayRunning: another one of the account has not ended.
            IdempotencyKeyReused: the key stood for another wish.
        """
        if not wish.groups & MAY_REPLAY:
            raise GroupRequired(f"{wish.person} may look but not act")
        wish.window.check(now=self.now(), asked=provider(wish.identity.provider))
        if not self.known(wish.identity):
            raise UnknownName(f"no account {wish.identity} is registered here", kind="account")
        name = f"RPL-{_digest(wish.person, key)}" if key else self.new_id()
        if key and (before := self.store.load(name)) is not None:
            return self._repeated(before, wish, key), False
        if not wish.dry_run:
            self._require_recovery(wish)
        cursor = begin(
            Cursor(
                id=name,
                identity=wish.identity,
                window=wish.window,
                started_at=self.now(),
                started_by=wish.person,
                dry_run=wish.dry_run,
                incident=wish.incident,
                override=wish.override.strip(),
                facts=wish.facts,
                kind=wish.kind,
            )
        )
        try:
            self.store.create(cursor)
        except CommandRepeated:
            found = self.store.load(name)
            return (cursor if found is None else self._repeated(found, wish, key)), False
        self.wake(name)
        return self.show(name), True

    def started(self, person: str, key: str) -> Cursor | None:
        """What this person's key has started, if anything."""
        return self.store.load(f"RPL-{_digest(person, key)}") if key else None

    def again(self, replay: str) -> Cursor:
        """One that was started before; its first driver may never have been woken."""
        self._wake_again(before := self.show(replay))
        return before

    def show(self, replay: str) -> Cursor:
        """How far it has come.

        Raises:
            UnknownName: there is none of that id.
        """
        if (found := self.store.load(replay)) is None:
            raise UnknownName(f"there is no replay {replay[:64]}", kind="replay")
        return found

    def breakdown(self, replay: str) -> Breakdown:
        """What the first pass found, added up page by page."""
        cursor = self.show(replay)
        expected: Counter[str] = Counter()
        missing: Counter[str] = Counter()
        workspaces: Counter[str] = Counter()
        others = unnamed = 0
        for page in self.store.pages(replay):
            if cursor.first_pages and page.number >= cursor.first_pages:
                break
            expected.update(page.types)
            for each in page.missing:
                missing[each.type] += 1
                if each.workspace is None:
                    unnamed += 1
                elif each.workspace in workspaces or len(workspaces) < MOST_WORKSPACES:
                    workspaces[each.workspace] += 1
                else:
                    others += 1
        types = {name: (expected[name], missing[name]) for name in sorted(expected)}
        return Breakdown(types, dict(workspaces.most_common()), others, unnamed)

    def resume(self, replay: str, *, person: str, groups: frozenset[Group]) -> Cursor:
        """On from where it stands; also for one whose driver is lost."""
        cursor = self._mine(replay, person, groups)
        after = self.store.save(resumed(cursor))
        self.wake(replay)
        return after

    def cancel(self, replay: str, *, person: str, groups: frozenset[Group], reason: str) -> Cursor:
        """Ends it; what it inserted stays. A driver tells its incident, if it has one."""
        if not reason.strip():
            raise MissingReason("say why: the reason is part of the record")
        before = self._mine(replay, person, groups)
        after = cancelled(before, person, reason.strip())
        if after is not before:
            after = self.store.save(after)
        self._wake_again(after)
        return after

    def done(self, replay: str, step: str, *, person: str, groups: frozenset[Group]) -> Cursor:
        """A step by hand of a rebuild is done, by this person.

        Raises:
            UnknownName: there is no such replay, or no such step in it.
            VersionConflict: it was moved on again and again meanwhile; try again.
        """
        for attempt in range(_TRIES):
            before = self._mine(replay, person, groups)
            after = step_done(before, step, by=person, at=self.now())
            if after is before:
                return before
            try:
                saved = self.store.save(after)
            except VersionConflict:
                if attempt == _TRIES - 1:
                    raise
                continue
            self._wake_again(saved)  # its driver may have lost against this write, and left
            return saved
        raise AssertionError("unreachable")

    def _mine(self, replay: str, person: str, groups: frozenset[Group]) -> Cursor:
        if not groups & MAY_REPLAY:
            raise GroupRequired(f"{person} may look but not act")
        return self.show(replay)

    def _require_recovery(self, wish: Wish) -> None:
        if wish.override.strip():
            if Group.COMMANDER not in wish.groups:
                raise GroupRequired(
                    "only commanders start a replay without proof of recovery: " + BECOME_COMMANDER
                )
            return
        now = self.now()
        found = doubts(
            self.probes.probes(wish.identity, since=now - 1800),
            breaker_closed=self.breaker_closed(wish.identity),
            now=now,
        )
        if found:
            raise RecoveryNotConfirmed(
                "the provider is not known to have recovered: "
                + "; ".join(doubt.sentence for doubt in found)
                + ". A commander may start it all the same, with a reason (`--override`)",
                unmet=",".join(found),
            )

    def _repeated(self, before: Cursor, wish: Wish, key: str) -> Cursor:
        """A window that was found by facts may be another one by now: it is not compared."""
        same = (before.identity, before.dry_run, before.incident) == (
            wish.identity,
            wish.dry_run,
            wish.incident,
        )
        if not same or (not wish.facts and before.window != wish.window):
            raise IdempotencyKeyReused("this key was used for another request", key=key)
        self._wake_again(before)
        return before

    def _wake_again(self, cursor: Cursor) -> None:
        """Whoever wrote it may have died before a driver was woken; two drivers are no harm."""
        if not at_rest(cursor):
            self.wake(cursor.id)


def _digest(person: str, key: str) -> str:
    """One wish of one person is one id, however often it is sent."""
    return hashlib.sha256(f"{person}\0{key}".encode()).hexdigest()[:26].upper()
