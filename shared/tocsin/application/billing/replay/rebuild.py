"""Driving a rebuild, one page of objects at a time; each step ends in one conditional write.

As in a replay by listing: what has to be fetched is noted first, then fetched, and the cursor moves
last. Each object that is fetched has an audit row of its own, begun before the provider is asked
and ended after the answer is written: it says that the state was fetched and not delivered. Whoever
dies in between is followed by one that finds the note, skips what is ended and asks for the rest
again; an answer that is written twice changes nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tocsin.application.billing.projection.outcome import Outcome
from tocsin.billing.projection.refetch import Reason, RefetchRequest
from tocsin.billing.replay import rebuild
from tocsin.billing.replay.cursor import Counts, plus
from tocsin.billing.replay.rebuild import DIFFERS, PAID, SOURCES
from tocsin.errors import ProviderUnavailable, UnreadableShape
from tocsin.ports.billing.replay import Missing, PageNote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Protocol

    from tocsin.application.billing.projection.outcome import Projected
    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.ordering import Row
    from tocsin.billing.replay.cursor import Cursor
    from tocsin.billing.subscription import Subscription
    from tocsin.ports.billing.replay import (
        EntitySource,
        LedgerTypes,
        ProjectionSums,
        RateLimit,
        RebuildAudit,
        ReplayStore,
    )

    class Rows(Protocol):
        """Projections by key."""

        def read(self, identity: Identity, subscription: str) -> Row | None: ...

        def read_many(
            self, identity: Identity, subscriptions: Sequence[str]
        ) -> Mapping[str, Row]: ...

    class Refetching(Protocol):
        """`Projector.refetch`: asks the provider and writes its answer as any other."""

        def __call__(self, request: RefetchRequest, *, now: int) -> Projected: ...


@dataclass(frozen=True, slots=True)
class _Page:
    """What one page of objects holds: what to fetch, what was made for it, what it concerns."""

    wanted: tuple[Missing, ...] = ()
    events: Mapping[str, int] | None = None
    subscriptions: tuple[str, ...] = ()
    unreadable: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilder:
    """One step of a rebuild over its ports; `read` makes a subscription of a listed object."""

    source: EntitySource
    rows: Rows
    refetch: Refetching
    read: Callable[[Identity, Mapping[str, Any]], Subscription]
    audit: RebuildAudit
    ledger: LedgerTypes
    store: ReplayStore
    sums: ProjectionSums
    rate: RateLimit
    now: Callable[[], int]

    def step(self, cursor: Cursor) -> Cursor:
        """One page: listed, compared, noted, fetched.

        Raises:
            ProviderUnavailable: refused, busy, or no sound answer; nothing is lost, go on later.
            BadInput: the key or the account is refused.
        """
        self.rate.take(cursor.identity)
        found = self.source.page(
            cursor.identity, SOURCES[cursor.source], cursor.window, skip=cursor.skip
        )
        cursor = replace(cursor, waiting_since=None, problem="").met(
            Counts(calls=1, listed=len(found))
        )
        cursor, page = self._looked_at(cursor, found)
        note = PageNote(cursor.page, page.events or {}, page.wanted, page.subscriptions)
        kept = self.store.note(cursor.id, note)
        differing = sum(each.type == DIFFERS for each in kept.missing)
        cursor = cursor.met(
            Counts(
                missing=differing,
                present=len(page.subscriptions) - differing,
                unreadable=page.unreadable,
            )
        )
        if not cursor.dry_run:
            cursor = self._summed(cursor, kept)
            for each in kept.missing:
                cursor = self._fetch(cursor, each.id)
        cursor = rebuild.taken(cursor, len(found))
        if not rebuild.walked(cursor):
            return cursor
        return rebuild.next_pass(cursor if cursor.passes else self._counted(cursor))

    def _looked_at(
        self, cursor: Cursor, found: Sequence[Mapping[str, Any]]
    ) -> tuple[Cursor, _Page]:
        match SOURCES[cursor.source]:
            case rebuild.SUBSCRIPTIONS:
                return cursor, self._subscriptions(cursor, found)
            case rebuild.PAYMENTS:
                return self._payments(cursor, found)
            case _:
                events: Counter[str] = Counter()
                for refund in found:
                    events += rebuild.refund_events(refund)
                return cursor, _Page(events=events)

    def _subscriptions(self, cursor: Cursor, found: Sequence[Mapping[str, Any]]) -> _Page:
        """Those whose listed state is not the projection's, the oldest first."""
        listed: dict[str, Subscription] = {}
        unreadable = 0
        for document in reversed(found):
            try:
                subscription = self.read(cursor.identity, document)
            except UnreadableShape:
                unreadable += 1
            else:
                listed[subscription.id] = subscription
        rows = self.rows.read_many(cursor.identity, tuple(listed))
        wanted = tuple(
            Missing(name, None, DIFFERS, each.workspace)
            for name, each in listed.items()
            if _differs(rows.get(name), each)
        )
        return _Page(wanted, subscriptions=tuple(listed), unreadable=unreadable)

    def _payments(self, cursor: Cursor, found: Sequence[Mapping[str, Any]]) -> tuple[Cursor, _Page]:
        """The subscriptions that payments were for, by way of their invoices."""
        events: Counter[str] = Counter()
        paid: dict[str, Missing] = {}
        for payment in reversed(found):
            invoice = None
            if name := payment.get("invoice_id"):
                self.rate.take(cursor.identity)
                invoice = self.source.invoice(cursor.identity, str(name))
                cursor = cursor.met(Counts(calls=1))
            events += rebuild.payment_events(payment, invoice)
            if invoice and (subscription := invoice.get("subscription_id")):
                paid[str(subscription)] = Missing(str(subscription), None, PAID, None)
        return cursor, _Page(tuple(paid.values()), events)

    def _summed(self, cursor: Cursor, page: PageNote) -> Cursor:
        """Adds the projections as this pass finds them."""
        found = self.sums.of(cursor.identity, page.subscriptions, page=page.number - cursor.checked)
        if cursor.passes:
            return replace(cursor, checksum_after=plus(cursor.checksum_after, found))
        return replace(cursor, checksum_before=plus(cursor.checksum_before, found))

    def _fetch(self, cursor: Cursor, name: str) -> Cursor:
        """Asks for one object, unless this replay has done so in this pass, and writes it down."""
        row = self.rows.read(cursor.identity, name)
        key = name if not cursor.passes else f"{name}#{cursor.passes}"
        if self.audit.begin(cursor.id, key, before=state_of(row), at=self.now()):
            return cursor
        if row is not None and (row.pending_until or 0) > self.now():
            raise ProviderUnavailable(f"a request about {name} is on its way")
        self.rate.take(cursor.identity)
        request = RefetchRequest(cursor.identity, name, Reason.ASKED, cursor.window.end)
        done = self.refetch(request, now=self.now())
        if done.outcome is Outcome.DEFERRED:
            raise ProviderUnavailable(f"no answer about {name}; it will be asked again")
        after = state_of(self.rows.read(cursor.identity, name))
        self.audit.end(cursor.id, key, after=after, outcome=done.outcome, at=self.now())
        return cursor.met(Counts(calls=done.requests, fetched=1, changed=int(done.rev_changed)))

    def _counted(self, cursor: Cursor) -> Cursor:
        """What events there must have been, against those the ledger has."""
        expected: Counter[str] = Counter()
        for page in self.store.pages(cursor.id):
            expected.update(page.types)
        window = cursor.window
        stored = self.ledger.types(cursor.identity, start=window.start, end=window.end)
        return replace(cursor, lost=rebuild.compared(expected, stored))


def state_of(row: Row | None) -> dict[str, str | int | None] | None:
    """What an audit row keeps of a projection: nothing that leads to a person."""
    if row is None or row.subscription is None:
        return None
    known = row.subscription
    return {
        "ver": row.ver,
        "rev": row.rev,
        "status": known.status.value,
        "plan": known.plan,
        "period_end": known.period_end,
    }


def _differs(row: Row | None, listed: Subscription) -> bool:
    known = row.subscription if row else None
    return known is None or known.fingerprint != listed.fingerprint
