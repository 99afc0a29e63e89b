"""What people ask of reconciliations: start one, look at it, have it healed, accept, sign."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from tocsin.application.billing.access.approvals import ACTING, Approvals
from tocsin.billing.errors import AccountsNotNamed, MismatchesLeft, StillComparing
from tocsin.billing.reconcile.work import (
    HOUR,
    LONGEST_WINDOW,
    MOST_NAMED,
    Cursor,
    Found,
    Scope,
    Stage,
    State,
    Tally,
    add_up,
    digest_of,
    resumed,
    stands,
)
from tocsin.errors import (
    ApprovalInvalid,
    BadInput,
    CommandRepeated,
    GroupRequired,
    IdempotencyKeyReused,
    MissingReason,
    PayloadTooLarge,
    UnknownName,
    VersionConflict,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from tocsin.application.billing.access.approvals import Person
    from tocsin.billing.reconcile.accounts import Accounts
    from tocsin.ports.billing.reconcile import ReconciliationStore

ACTION = "billing.heal"
"""What an approval of healing is called."""

MOST_HEALED_BY_NAME = 100
MOST_KEPT = 1_000
"""Ids that are kept with an approval of all; beyond, all is what is open when healing begins, which
nothing adds to before it ends."""
LONGEST_REASON = 2_000
LONGEST_ID = 1_024
"""Of a key in the store, with what goes before a mismatch's id in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A reconciliation somebody wants; no `seed` lets the id be it.

    `asked` is equal for two requests for the same.
    """

    scope: Scope
    start: int
    end: int
    workspaces: tuple[str, ...] = ()
    incident: str | None = None
    dry_run: bool = False
    seed: str = ""
    asked: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileDesk:
    """The desk over its ports.

    `wake` starts a driver. `accounts` are those there are, divided; `new_id` names a
    reconciliation, `now` is the real time in epoch seconds.
    """

    store: ReconciliationStore
    wake: Callable[[str], None]
    approvals: Approvals
    accounts: Callable[[], Accounts]
    new_id: Callable[[], str]
    now: Callable[[], int]

    def start(self, wish: Wish, person: Person) -> tuple[Cursor, bool]:
        """A new one, and whether it is new; the same person's same key gives the first one.

        Raises:
            GroupRequired: a viewer asks.
            BadInput: no such window, or too many workspaces.
            IdempotencyKeyReused: the key stood for another wish.
        """
        _acting(person)
        self._check(wish)
        name = f"REC-{_digest(person.name, person.key)}" if person.key else self.new_id()
        accounts = self.accounts()
        cursor = Cursor(
            id=name,
            identities=accounts.compared,
            left=accounts.left,
            scope=wish.scope,
            start=wish.start,
            end=wish.end,
            seed=wish.seed or name,
            started_at=self.now(),
            started_by=person.name,
            workspaces=wish.workspaces,
            asked=wish.asked,
            dry_run=wish.dry_run,
            incident=wish.incident,
            tally=Tally(),
        )
        try:
            self.store.create(cursor)
        except CommandRepeated:
            before = self.show(name)
            if before.asked != wish.asked:
                raise IdempotencyKeyReused(
                    "this key was used for another request", key=person.key
                ) from None
            self._wake_again(before)
            return before, False
        self.wake(name)
        return self.show(name), True

    def show(self, name: str) -> Cursor:
        """How far it has come.

        Raises:
            UnknownName: there is none of that id.
        """
        if (found := self.store.load(name)) is None:
            raise UnknownName(f"there is no reconciliation {name[:64]}", kind="reconciliation")
        return found

    def tally(self, cursor: Cursor) -> Tally:
        """As it was last added up."""
        if (kept := cursor.tally) is not None:
            return kept
        return add_up(self.store.workspaces(cursor.id), self.store.found(cursor.id))

    def unknown(self, name: str, *, limit: int) -> list[str]:
        """The first of those that could not be compared, and why."""
        every = (why for each in self.store.workspaces(name) for why in each.unknown)
        return list(islice(every, limit))

    def page(self, name: str, *, after: str, limit: int) -> tuple[list[Found], str | None]:
        """So many mismatches behind the id `after`, by their id, and what the next page is behind.

        Raises:
            BadInput: that is no id of a mismatch.
        """
        if len(after) > LONGEST_ID:
            raise BadInput("this cursor was not given out here", field="cursor")
        every = list(islice(self.store.found(name, after=after), limit + 1))
        page = every[:limit]
        return page, page[-1].mismatch.id if len(every) > limit else None

    def heal(self, name: str, mismatches: tuple[str, ...], person: Person) -> Cursor:
        """Has what is open put right; all of it, or those named.

        "All" is what was open when it was approved. A key that was used before, however long ago,
        heals nothing more.

        Raises:
            IdempotencyKeyReused: the key stood for other mismatches.
            StillComparing: it is not ready.
            BadInput: it was a dry run, or no such mismatch is open.
            TocsinError: as `Approvals.judge`.
        """
        cursor = self.show(name)
        mine = f"{person.name}/{person.key}" if person.key else ""
        asked = digest_of(mismatches) if mismatches else "all"
        if mine and (mine in cursor.heal_keys or mine == cursor.heal_key):
            if cursor.heal_keys.get(mine, asked) != asked:
                raise IdempotencyKeyReused("this key healed other mismatches", key=person.key)
            self._wake_again(cursor)
            return cursor
        _acting(person)
        if cursor.dry_run:
            raise BadInput("a dry run heals nothing: start one that is none", field="dry_run")
        self._ready(cursor)
        if len(mismatches) > MOST_HEALED_BY_NAME:
            raise PayloadTooLarge(
                f"name at most {MOST_HEALED_BY_NAME}, or none for all", field="mismatches"
            )
        chosen = self._chosen(name, mismatches)
        lines = _lines(name, len(chosen), digest_of(chosen))
        approval = self.approvals.judge(ACTION, lines, person, what="healing")
        # Named by the request: whoever dies before the next write may send the same one again.
        use = f"{name}/{person.name}/{person.key}" if person.key else f"{name}/{cursor.ver}"
        if approval is not None and not self.store.spend(
            approval.id, by=person.name, at=self.now(), used_for=use
        ):
            raise ApprovalInvalid("this approval was used before", why="used")
        wanted = replace(
            cursor.to(Stage.HEALING),
            heal=tuple(sorted(chosen)) if len(chosen) <= MOST_KEPT else (),
            heal_by=person.name,
            heal_key=mine,
            heal_keys={**cursor.heal_keys, mine: asked} if mine else cursor.heal_keys,
            heal_approver=approval.approver if approval else "",
        )
        after = self.store.save(wanted)
        self.wake(name)
        return after

    def lines(self, name: str, mismatches: tuple[str, ...]) -> tuple[str, ...]:
        """What an approval of healing these is bound to: the very mismatches, by a digest.

        Raises:
            BadInput: nothing is open, or one that is named is not.
        """
        chosen = self._chosen(name, mismatches)
        return _lines(name, len(chosen), digest_of(chosen))

    def _chosen(self, name: str, mismatches: tuple[str, ...]) -> set[str]:
        every = self._open(name)
        chosen = set(mismatches) or every
        if not chosen or not chosen <= every:
            raise BadInput("there is no such open mismatch", field="mismatches")
        return chosen

    def to_approve(self, cursor: Cursor) -> tuple[str, ...]:
        """The same for all that is open; () when nothing is, or while that is being found out."""
        tally = self.tally(cursor)
        if cursor.stage is not Stage.READY or not tally.digest:
            return ()
        return _lines(cursor.id, tally.standing.open, tally.digest)

    def _open(self, name: str) -> set[str]:
        return {each.mismatch.id for each in self.store.found(name) if each.state is State.OPEN}

    def accept(self, name: str, mismatch: str, reason: str, person: Person) -> Found:
        """Leaves a mismatch as it is, by name and with a reason; again it only wakes a driver.

        Raises:
            GroupRequired: a viewer asks.
            MissingReason: there is none.
            UnknownName: there is no such mismatch.
            BadInput: it was healed already.
        """
        _acting(person)
        if not reason.strip():
            raise MissingReason("say why: the reason is part of the record")
        if len(reason) > LONGEST_REASON:
            raise PayloadTooLarge("the reason is too long", field="reason", limit=LONGEST_REASON)
        cursor = self.show(name)
        self._ready(cursor)
        if (found := self.store.mismatch(name, mismatch)) is None:
            raise UnknownName(f"there is no mismatch {mismatch[:64]}", kind="mismatch")
        if found.state is State.HEALED:
            raise BadInput("it was healed already", field="mismatch")
        if found.state is State.OPEN:
            now = self.now()
            found = replace(
                found,
                state=State.ACCEPTED,
                by=person.name,
                note=reason.strip(),
                at=now,
                approver="",
            )
            if not self.store.settle(name, found):
                present = self.store.mismatch(name, mismatch)
                if present is None or present.state is State.HEALED:
                    raise BadInput("it was healed meanwhile", field="mismatch")
                found = present
        self._added_up_again(cursor)
        self.wake(name)
        return found

    def _added_up_again(self, cursor: Cursor) -> None:
        """So that the next look is of now; where others write meanwhile a driver does it."""
        tally = add_up(self.store.workspaces(cursor.id), self.store.found(cursor.id))
        if tally != cursor.tally:
            with suppress(VersionConflict):
                self.store.save(replace(cursor, tally=tally))

    def sign(self, name: str, person: Person, *, without: Collection[str] = ()) -> Cursor:
        """Stands for it by name; again, by the same person, it changes nothing.

        `without` names the accounts that were not compared: who signs is to know of each.

        Raises:
            GroupRequired: a viewer asks.
            StillComparing: it is not ready.
            MismatchesLeft: something is neither healed nor accepted, or could not be compared.
            AccountsNotNamed: `without` is not what was left out.
        """
        _acting(person)
        cursor = self.show(name)
        self._ready(cursor)
        if cursor.signed_off_by == person.name:
            return cursor
        left = stands(self.store.workspaces(name), self.store.found(name))
        if left.open or left.unknown:
            raise MismatchesLeft(
                f"{left.open} mismatches are open: heal or accept each; {left.unknown} could not be"
                " compared: find out why, and reconcile again",
                unresolved=",".join(f"{kind}:{count}" for kind, count in left.unresolved.items()),
                unknown=left.unknown,
            )
        _all_named(cursor, without)
        signed = replace(cursor, signed_off_by=person.name, signed_off_at=self.now())
        after = self.store.save(signed)
        self.wake(name)
        return after

    def resume(self, name: str, person: Person) -> Cursor:
        """On from where it stands, with a new driver."""
        _acting(person)
        after = self.store.save(resumed(self.show(name)))
        self.wake(name)
        return after

    def _wake_again(self, cursor: Cursor) -> None:
        """Repeated, a wish may be one whose driver was never woken; two drivers are no harm."""
        if not cursor.idle:
            self.wake(cursor.id)

    def _ready(self, cursor: Cursor) -> None:
        if cursor.stage is not Stage.READY:
            raise StillComparing(
                f"the reconciliation is still at work ({cursor.stage}): wait until it is ready,"
                f" `tocsin billing reconcile watch {cursor.id}`",
                stage=cursor.stage,
            )

    def _check(self, wish: Wish) -> None:
        if wish.end < wish.start:
            raise BadInput("the window ends before it starts", field="end")
        if wish.end > self.now() + HOUR:
            raise BadInput("the window reaches into the future", field="end")
        if wish.end - wish.start > LONGEST_WINDOW:
            raise BadInput("a window has at most 31 days", field="start")
        if len(wish.workspaces) > MOST_NAMED:
            raise BadInput(f"name at most {MOST_NAMED} workspaces", field="workspaces")


def _all_named(cursor: Cursor, without: Collection[str]) -> None:
    left = {each.account: each.sentence for each in cursor.left}
    if strange := sorted(set(without) - left.keys()):
        raise AccountsNotNamed(f"no account was left out as {', '.join(strange)[:500]}")
    if missing := [sentence for name, sentence in left.items() if name not in without]:
        raise AccountsNotNamed(
            f"not compared: {'; '.join(missing)}. Name each in your sign-off (`--without`)",
            accounts=",".join(name for name in left if name not in without),
        )


def _lines(name: str, count: int, digest: str) -> tuple[str, ...]:
    return (f"reconciliation={name}", f"mismatches={count}", f"digest={digest}")


def _acting(person: Person) -> None:
    if not person.groups & ACTING:
        raise GroupRequired(f"{person.name} may look but not act")


def _digest(person: str, key: str) -> str:
    """One wish of one person is one id, however often it is sent."""
    return hashlib.sha256(f"{person}\0{key}".encode()).hexdigest()[:26].upper()
