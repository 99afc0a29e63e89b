"""What people ask of reconciliations: start one, look at it, have it healed, accept, sign."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tocsin.application.approvals import ACTING, Approvals
from tocsin.billing.reconciliation import (
    HOUR,
    LONGEST_WINDOW,
    MOST_NAMED,
    Cursor,
    Found,
    Scope,
    Stage,
    State,
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
)
from tocsin.errors_billing import MismatchesLeft, StillComparing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tocsin.application.approvals import Person
    from tocsin.billing.identity import Identity
    from tocsin.billing.reconcile_ports import ReconciliationStore
    from tocsin.billing.reconciliation import Standing

ACTION = "billing.heal"
"""What an approval of healing is called."""

MOST_HEALED_BY_NAME = 100
LONGEST_REASON = 2_000
_SHOWN = 500


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

    `wake` starts a driver. `accounts` are those there are keys for; `new_id` names a
    reconciliation, `now` is the real time in epoch seconds.
    """

    store: ReconciliationStore
    wake: Callable[[str], None]
    approvals: Approvals
    accounts: Callable[[], Sequence[Identity]]
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
        cursor = Cursor(
            id=name,
            identities=tuple(self.accounts()),
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

    def standing(self, name: str) -> Standing:
        return stands(self.store.workspaces(name), self.store.found(name))

    def found(self, name: str) -> tuple[list[Found], bool]:
        """The first 500 mismatches, open ones before others, and whether there are more."""
        every = sorted(self.store.found(name), key=lambda each: each.state is not State.OPEN)
        return every[:_SHOWN], len(every) > _SHOWN

    def unknown(self, name: str) -> list[str]:
        """The first 500 that could not be compared, and why."""
        every = (why for each in self.store.workspaces(name) for why in each.unknown)
        return [why for why, _ in zip(every, range(_SHOWN), strict=False)]

    def heal(self, name: str, mismatches: tuple[str, ...], person: Person) -> Cursor:
        """Has what is open put right; all of it, or those named.

        Raises:
            StillComparing: it is not ready.
            BadInput: it was a dry run, or no such mismatch is open.
            TocsinError: as `Approvals.judge`.
        """
        cursor = self.show(name)
        if person.key and cursor.heal_key == f"{person.name}/{person.key}":
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
        lines = self.lines(name, mismatches)
        approval = self.approvals.judge(ACTION, lines, person, what="healing")
        # Named by the request: whoever dies before the next write may send the same one again.
        use = f"{name}/{person.name}/{person.key}" if person.key else f"{name}/{cursor.ver}"
        if approval is not None and not self.store.spend(
            approval.id, by=person.name, at=self.now(), used_for=use
        ):
            raise ApprovalInvalid("this approval was used before", why="used")
        wanted = replace(
            cursor.to(Stage.HEALING),
            heal=mismatches,
            heal_by=person.name,
            heal_key=f"{person.name}/{person.key}" if person.key else "",
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
        every = self._open(name)
        chosen = set(mismatches) or every
        if not chosen or not chosen <= every:
            raise BadInput("there is no such open mismatch", field="mismatches")
        return _lines(name, chosen)

    def to_approve(self, name: str) -> tuple[str, ...]:
        """The same for all that is open just now; () when nothing is."""
        every = self._open(name)
        return _lines(name, every) if every else ()

    def _open(self, name: str) -> set[str]:
        return {each.mismatch.id for each in self.store.found(name) if each.state is State.OPEN}

    def accept(self, name: str, mismatch: str, reason: str, person: Person) -> Found:
        """Leaves a mismatch as it is, by name and with a reason; again it changes nothing.

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
        found = next(
            (each for each in self.store.found(name) if each.mismatch.id == mismatch), None
        )
        if found is None:
            raise UnknownName(f"there is no mismatch {mismatch[:64]}", kind="mismatch")
        if found.state is State.HEALED:
            raise BadInput("it was healed already", field="mismatch")
        if found.state is State.ACCEPTED:
            return found
        settled = replace(
            found, state=State.ACCEPTED, by=person.name, note=reason.strip(), at=self.now()
        )
        self.store.settle(name, settled)
        self.wake(name)
        return settled

    def sign(self, name: str, person: Person) -> Cursor:
        """Stands for it by name; again, by the same person, it changes nothing.

        Raises:
            GroupRequired: a viewer asks.
            StillComparing: it is not ready.
            MismatchesLeft: something is neither healed nor accepted, or could not be compared.
        """
        _acting(person)
        cursor = self.show(name)
        self._ready(cursor)
        if cursor.signed_off_by == person.name:
            return cursor
        left = self.standing(name)
        if left.open or left.unknown:
            raise MismatchesLeft(
                f"{left.open} mismatches are open and {left.unknown} could not be compared",
                unresolved=",".join(f"{kind}:{count}" for kind, count in left.unresolved.items()),
                unknown=left.unknown,
            )
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
            raise StillComparing(f"the reconciliation is {cursor.stage}", stage=cursor.stage)

    def _check(self, wish: Wish) -> None:
        if wish.end < wish.start:
            raise BadInput("the window ends before it starts", field="end")
        if wish.end > self.now() + HOUR:
            raise BadInput("the window reaches into the future", field="end")
        if wish.end - wish.start > LONGEST_WINDOW:
            raise BadInput("a window has at most 31 days", field="start")
        if len(wish.workspaces) > MOST_NAMED:
            raise BadInput(f"name at most {MOST_NAMED} workspaces", field="workspaces")


def _lines(name: str, chosen: set[str]) -> tuple[str, ...]:
    digest = hashlib.sha256("\0".join(sorted(chosen)).encode()).hexdigest()[:32]
    return (f"reconciliation={name}", f"mismatches={len(chosen)}", f"digest={digest}")


def _acting(person: Person) -> None:
    if not person.groups & ACTING:
        raise GroupRequired(f"{person.name} may look but not act")


def _digest(person: str, key: str) -> str:
    """One wish of one person is one id, however often it is sent."""
    return hashlib.sha256(f"{person}\0{key}".encode()).hexdigest()[:26].upper()
