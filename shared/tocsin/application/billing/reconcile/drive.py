"""Driving a reconciliation: what one step of it is; `application.billing.driving` takes them.

A workspace is compared as a whole and then noted; mismatches are kept under an id that follows from
object and class. Whoever dies in the middle is followed by somebody who compares the same again and
keeps the same. What a list shows is only ever a hint: before anything is called a mismatch, the row
is read consistently and the provider is asked about that very subscription.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tocsin.application.billing.driving import Driving
from tocsin.application.billing.reconcile.compare import Comparing, Look
from tocsin.application.billing.reconcile.heal import LAID_SINCE
from tocsin.billing.identity import Identity, is_object_id, placed
from tocsin.billing.reconcile.compare import Healing
from tocsin.billing.reconcile.sampling import Draw
from tocsin.billing.reconcile.work import HOUR, Cursor, Scope, Stage, State, Tally, add_up, stalled
from tocsin.errors import BadInput
from tocsin.ports.billing.reconcile import Listed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from tocsin.billing.access.entitlement import AccessPolicy
    from tocsin.billing.reconcile.compare import Mismatch
    from tocsin.billing.reconcile.sampling import Sampling
    from tocsin.billing.reconcile.work import Found
    from tocsin.billing.subscription import Subscription
    from tocsin.ports.billing.access import SeenTwice
    from tocsin.ports.billing.projection import ProviderClient, SeenAccounts
    from tocsin.ports.billing.reconcile import (
        Concerned,
        ReconciliationStore,
        Rows,
        SubscriptionSource,
    )
    from tocsin.ports.billing.replay import RateLimit

    type Key = tuple[Identity, str]

AT_ONCE = 25
RESERVE_MS = 60_000
"""Kept for the step that is under way: a few workspaces, each asked for at the provider."""

_LOOKED_BACK, _EARLIER = 500, 5
"""Ids that are looked through for reconciliations that listed an account, and how many count."""

_LISTS_NOTHING = f"REC-{Scope.RECENT}-"

_CHOSEN = 500_000
"""Notes from this number on hold who was drawn; a list has fewer pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciler:
    """Compares over its ports. `heal` tries one mismatch; `sleep` waits, in seconds.

    `incident_open` says whether a billing incident is open; where that cannot be known it says so.
    `tell` is given every one that is ready, and tells what nobody was told yet. `add_ons`
    are plans bought on top of another.
    """

    store: ReconciliationStore
    source: SubscriptionSource
    concerned: Concerned
    rows: Rows
    client: ProviderClient
    rate: RateLimit
    access: AccessPolicy
    sampling: Sampling
    incident_open: Callable[[], bool]
    heal: Callable[[Mismatch, Cursor], str]
    tell: Callable[[Cursor], Cursor]
    now: Callable[[], int]
    sleep: Callable[[float], None]
    accounts: SeenAccounts
    twice: SeenTwice
    add_ons: frozenset[str] = frozenset()

    @property
    def _comparing(self) -> Comparing:
        return Comparing(
            store=self.store,
            rows=self.rows,
            client=self.client,
            rate=self.rate,
            access=self.access,
            incident_open=self.incident_open,
            now=self.now,
            accounts=self.accounts,
            twice=self.twice,
            add_ons=self.add_ons,
        )

    def run(self, name: str, *, go_on: Callable[[], bool]) -> Cursor:
        """Steps until it is ready, stalled, or `go_on` says that time is up; as `Driving.run`.

        One that is ready is added up again, for a person may have decided about a mismatch.
        """
        driving = Driving[Cursor](
            load=self._loaded,
            save=self._saved,
            step=self._stepped,
            stalled=stalled,
            tell=self._told,
            now=self.now,
            sleep=self.sleep,
        )
        return driving.run(name, go_on=go_on)

    def _loaded(self, name: str) -> Cursor:
        if (cursor := self.store.load(name)) is None:
            raise BadInput(f"there is no reconciliation {name}")
        if cursor.stage is not Stage.READY:
            return cursor
        tally = self._added_up(cursor)
        return cursor if tally == cursor.tally else self.store.save(replace(cursor, tally=tally))

    def _saved(self, cursor: Cursor) -> Cursor:
        return self.store.save(replace(cursor, updated_at=self.now()))

    def _told(self, cursor: Cursor) -> Cursor:
        return self.tell(cursor) if cursor.stage is Stage.READY else cursor

    def _added_up(self, cursor: Cursor) -> Tally:
        return add_up(self.store.workspaces(cursor.id), self.store.found(cursor.id))

    def _stepped(self, cursor: Cursor) -> Cursor:
        """One step; the write that makes it ready tells what it came to."""
        after = replace(self._step(cursor), waiting_since=None, problem="")
        if after.stage is Stage.READY:
            after = replace(after, tally=self._added_up(after))
        return after

    def _step(self, cursor: Cursor) -> Cursor:
        match cursor.stage:
            case Stage.TOUCHED:
                return self._touched(cursor)
            case Stage.LISTING:
                return self._list(cursor)
            case Stage.SAMPLED:
                return self._sampled(cursor)
            case _:
                return self._heal(cursor)

    def _touched(self, cursor: Cursor) -> Cursor:
        """Those named, then hour by hour those that the ledger's events are about."""
        look = Look(self._comparing, cursor)
        if cursor.page < len(cursor.workspaces):
            some = cursor.workspaces[cursor.page : cursor.page + AT_ONCE]
            for workspace in some:
                look.workspace(workspace)
            return replace(_met(cursor, look), page=cursor.page + len(some))
        hour = cursor.at or cursor.start - cursor.start % HOUR
        if cursor.account >= len(cursor.identities) or cursor.start >= cursor.end:
            return self._after_touched(cursor)
        identity = cursor.identities[cursor.account]
        events = self.concerned.concerned(identity, hour)
        left = [each for each in sorted(events) if each > (cursor.after or "")][:AT_ONCE]
        rows = self.rows.read_many(identity, [each for each in left if is_object_id(each)])
        for each in left:
            row = rows.get(each)
            whose = row.subscription.workspace if row and row.subscription else None
            look.newest[identity, each] = events[each]
            if whose is None:
                look.loose(identity, each)
            else:
                look.workspace(whose, also=[(identity, each)])
        after = replace(_met(cursor, look), at=hour)
        if left:
            return replace(after, after=left[-1])
        if hour + HOUR < cursor.end:
            return replace(after, at=hour + HOUR, after=None)
        return replace(after, account=cursor.account + 1, at=0, after=None)

    def _after_touched(self, cursor: Cursor) -> Cursor:
        if cursor.scope is Scope.RECENT:
            return cursor.to(Stage.READY)
        full = cursor.scope is Scope.FULL
        return replace(cursor.to(Stage.LISTING), page=0, full=full, listed={})

    def _list(self, cursor: Cursor) -> Cursor:
        """One page of a provider's subscriptions: compared if all are read, noted if some are."""
        if cursor.account >= len(cursor.identities):
            return cursor.to(Stage.READY) if cursor.full else self._draw(cursor)
        identity = cursor.identities[cursor.account]
        self.rate.take(identity)
        look = Look(self._comparing, cursor)
        look.calls += 1
        try:
            page = self.source.page(identity, cursor.after)
        except BadInput as error:  # a key that was revoked, an account no longer connected
            look.not_listed(identity, f"{identity}: {error}")
            return replace(_met(cursor, look), account=cursor.account + 1, after=None)
        if not page.subscriptions and not page.unreadable and cursor.after is None:
            self._nothing_listed(cursor, identity, look)
        for each in page.unreadable:
            look.loose(identity, each)
        owned: dict[str, dict[Key, Subscription]] = defaultdict(dict)
        for one in page.subscriptions:
            if one.workspace is None:
                look.listed[identity, one.id] = one
                look.loose(identity, one.id)
            else:
                owned[one.workspace][identity, one.id] = one
        if cursor.full:
            for workspace, subscriptions in owned.items():
                look.listed |= subscriptions
                look.workspace(workspace, also=subscriptions)
        else:
            listed = [
                Listed(workspace, str(identity), name, one.status.value, one.plan)
                for workspace, subscriptions in owned.items()
                for (_, name), one in subscriptions.items()
            ]
            self.store.note(cursor.id, cursor.page, listed)
        whose, seen = str(identity), len(page.subscriptions) + len(page.unreadable)
        counts = {**cursor.listed, whose: cursor.listed.get(whose, 0) + seen}
        after = replace(_met(cursor, look), page=cursor.page + 1, listed=counts)
        if page.next is None:
            self._whole(cursor, identity, counts[whose], look)
            return replace(after, account=cursor.account + 1, after=None)
        return replace(after, after=page.next)

    def _whole(self, cursor: Cursor, identity: Identity, listed: int, look: Look) -> None:
        """Notes a list that is shorter than an earlier one, of which some was cut off."""
        before = max(self._listed_before(cursor, str(identity)), default=0)
        if 0 < listed < before:
            look.shrunk(identity, listed, before)

    def _nothing_listed(self, cursor: Cursor, identity: Identity, look: Look) -> None:
        """Agreement where an earlier one listed nothing either, and nothing of it was ever met."""
        whose = str(identity)
        before = self._listed_before(cursor, whose)
        met = any(
            placed(name)[0] == identity
            for each in self.store.workspaces(cursor.id)
            for name in each.subscriptions
        )
        if met or not before or max(before):
            look.nothing_listed(identity)

    def _listed_before(self, cursor: Cursor, whose: str) -> list[int]:
        """How many the account has listed in the last few reconciliations that listed it."""
        counts: list[int] = []
        for name in self.store.latest(limit=_LOOKED_BACK):
            if name == cursor.id or name.startswith(_LISTS_NOTHING):
                continue
            earlier = self.store.load(name)
            if earlier is not None and earlier.stage is Stage.READY and whose in earlier.listed:
                counts.append(earlier.listed[whose])
            if len(counts) == _EARLIER:
                break
        return counts

    def _draw(self, cursor: Cursor) -> Cursor:
        """Decides who is read besides those touched, and keeps that."""
        touched = {each.workspace for each in self.store.workspaces(cursor.id)}
        draw = Draw(cursor.seed, self.sampling)
        for note in self.store.notes(cursor.id):
            for each in note:
                if each.workspace not in touched:
                    draw.add(each.workspace, [(each.status, each.plan)])
        chosen = draw.drawn()
        theirs: dict[str, list[Listed]] = {each: [] for each in chosen}
        for note in self.store.notes(cursor.id):
            for each in note:
                if each.workspace in theirs:
                    theirs[each.workspace].append(each)
        for start in range(0, len(chosen), AT_ONCE):
            some = [one for each in chosen[start : start + AT_ONCE] for one in theirs[each]]
            self.store.note(cursor.id, _CHOSEN + start // AT_ONCE, some)
        drawn = replace(cursor, population=draw.population, drawn=len(chosen))
        return drawn.to(Stage.SAMPLED)

    def _sampled(self, cursor: Cursor) -> Cursor:
        """One note of those drawn; a mismatch among them, and everything is read."""
        note = next(iter(self.store.notes(cursor.id, first=_CHOSEN + cursor.at)), None)
        if note is None:
            return cursor.to(Stage.READY)
        look = Look(self._comparing, cursor)
        owned: dict[str, list[Key]] = defaultdict(list)
        for each in note:
            owned[each.workspace].append((Identity.parse(each.identity), each.subscription))
        for workspace, subscriptions in owned.items():
            look.workspace(workspace, also=subscriptions)
        after = replace(_met(cursor, look), at=cursor.at + 1)
        if self._wrong(cursor, owned.keys()):
            again = after.to(Stage.LISTING)
            return replace(again, full=True, escalated=True, page=0, listed={})
        return after

    def _wrong(self, cursor: Cursor, workspaces: Collection[str]) -> bool:
        """By what is kept: whoever compared them first may have died before the next write.

        What was met in comparing them counts whosever it turned out to be, as does what is nobody's
        as far as is known.
        """
        read = {
            name
            for each in workspaces
            if (compared := self.store.compared(cursor.id, each)) is not None
            for name in compared.subscriptions
        }
        for each in self.store.found(cursor.id):
            mismatch = each.mismatch
            if mismatch.workspace is None or mismatch.workspace in workspaces:
                return True
            if f"{mismatch.identity}#{mismatch.subscription}" in read:
                return True
        return False

    def _heal(self, cursor: Cursor) -> Cursor:
        """A few of the mismatches that healing was approved for, each read again afterwards."""
        taken, wanted = 0, frozenset(cursor.heal)
        for each in self.store.found(cursor.id):
            name = each.mismatch.id
            if name <= (cursor.after or "") or (wanted and name not in wanted):
                continue
            if taken >= AT_ONCE:
                return cursor
            cursor, taken = replace(cursor, after=name), taken + 1
            if each.state is State.OPEN:
                self.store.settle(cursor.id, self._healed(each, cursor))
        return replace(cursor.to(Stage.READY), heal=(), signed_off_by=None, signed_off_at=None)

    def _healed(self, each: Found, cursor: Cursor) -> Found:
        """One mismatch after it was tried to put it right; each question is of the budget."""
        for identity in _asked_in_healing(each.mismatch):
            self.rate.take(identity)
        note = self.heal(each.mismatch, cursor)
        left = self._comparing.again(each.mismatch)
        return replace(
            each,
            state=State.HEALED if left is None else State.OPEN,
            by=cursor.heal_by,
            approver=cursor.heal_approver,
            note=note if note == LAID_SINCE else left or note,
            at=self.now(),
        )


def _asked_in_healing(mismatch: Mismatch) -> tuple[Identity, ...]:
    """Whose provider is asked, once for each time; taking a correction away asks nobody."""
    if mismatch.healing is Healing.LIFT:
        return ()
    return tuple(placed(each)[0] for each in mismatch.others) or (mismatch.identity,)


def _met(cursor: Cursor, look: Look) -> Cursor:
    """The cursor with what one look has compared and asked."""
    before = cursor.tally or Tally()
    tally = before.met(look.workspaces, look.subscriptions, look.mismatches)
    return replace(cursor, calls=cursor.calls + look.calls, tally=tally)
