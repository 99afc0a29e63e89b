"""Rebuilding from a provider that lists no events: its objects say how things are now.

Razorpay keeps no list of events. What it keeps are subscriptions, payments, invoices and refunds.
So every subscription whose listed state differs from the projection is asked for once more and
written as any answer is, and so is every one that a payment of the window was for. No event is
made up: what was lost stays lost, and is named here by its kind.

Its dashboard can send again what was not acknowledged. That brings real events back, so it comes
first: by hand, within seven days, five times a day.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tocsin.billing.provider import provider
from tocsin.billing.replay.cursor import Counts, Cursor, Kind, Stage
from tocsin.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE = 100
"""Objects a list call returns at most."""

SUBSCRIPTIONS, PAYMENTS, REFUNDS = "subscriptions", "payments", "refunds"
SOURCES = (SUBSCRIPTIONS, PAYMENTS, REFUNDS)
"""What the first pass walks; the second one compares the subscriptions again."""

DIFFERS, PAID = "differs", "paid"
"""Why an object is fetched: its listed state is not the projection's, or a payment was for it."""

COUNTED = (
    "payment.authorized",
    "payment.captured",
    "payment.failed",
    "invoice.paid",
    "subscription.charged",
    "refund.created",
    "refund.processed",
)
"""Kinds of events whose number the objects of a window still tell."""

UNCOUNTED = (
    "subscription.authenticated",
    "subscription.activated",
    "subscription.updated",
    "subscription.pending",
    "subscription.halted",
    "subscription.paused",
    "subscription.resumed",
    "subscription.cancelled",
    "subscription.completed",
    "subscription.expired",
    "invoice.partially_paid",
    "invoice.expired",
    "refund.failed",
    "refund.speed_changed",
    "payment_link.paid",
    "payment_link.partially_paid",
    "payment_link.cancelled",
    "payment_link.expired",
    "payment.downtime.started",
    "payment.downtime.updated",
    "payment.downtime.resolved",
)
"""Kinds that leave no trace once they are over: nobody can say how many of them were lost."""

_TOOK_MONEY = frozenset({"captured", "refunded"})


@dataclass(frozen=True, slots=True)
class Lost:
    """Events of one kind that no rebuild brings back.

    `expected` is how many the provider's objects speak of, None where they do not tell; `stored`
    is how many of the window the ledger has.
    """

    kind: str
    expected: int | None
    stored: int

    @property
    def lost(self) -> int | None:
        """How many are gone; None: it cannot be said."""
        return None if self.expected is None else max(0, self.expected - self.stored)


def payment_events(payment: Mapping[str, Any], invoice: Mapping[str, Any] | None) -> Counter[str]:
    """The events that must have been made for a payment, by what it and its invoice are now."""
    found: Counter[str] = Counter()
    status = payment.get("status")
    if status == "failed":
        found["payment.failed"] += 1
    elif status in _TOOK_MONEY:
        found.update(("payment.authorized", "payment.captured"))
    elif status == "authorized":
        found["payment.authorized"] += 1
    if invoice and invoice.get("payment_id") == payment.get("id") and status in _TOOK_MONEY:
        found.update(("invoice.paid", "subscription.charged"))
    return found


def refund_events(refund: Mapping[str, Any]) -> Counter[str]:
    """The events that must have been made for a refund."""
    found = Counter({"refund.created": 1})
    if refund.get("status") == "processed":
        found["refund.processed"] += 1
    return found


def losses(cursor: Cursor) -> tuple[Lost, ...]:
    """What cannot be recovered, by kind: first what can be counted, then what cannot."""
    if cursor.kind is not Kind.OBJECTS:
        return ()
    counted = tuple(Lost(kind, *_pair(cursor.lost.get(kind))) for kind in COUNTED)
    others = sorted({*cursor.lost} - {*COUNTED, *UNCOUNTED})
    rest = (*UNCOUNTED, *others)
    return counted + tuple(Lost(kind, None, _pair(cursor.lost.get(kind))[1]) for kind in rest)


def compared(expected: Mapping[str, int], stored: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """(expected, stored) of every kind that either speaks of."""
    kinds = sorted({*expected, *stored})
    return {kind: (expected.get(kind, 0), stored.get(kind, 0)) for kind in kinds}


def taken(cursor: Cursor, size: int) -> Cursor:
    """The cursor behind a page of so many objects: on in the same list, or in the next one."""
    after = replace(cursor, page=cursor.page + 1)
    if size >= PAGE:
        return replace(after, skip=cursor.skip + PAGE)
    return replace(after, source=cursor.source + 1, skip=0)


def walked(cursor: Cursor) -> bool:
    """Whether the pass has seen all it looks at."""
    return cursor.source >= (1 if cursor.passes else len(SOURCES))


def next_pass(cursor: Cursor) -> Cursor:
    """After a pass: another one, until one has found nothing that differs."""
    passes = cursor.passes + 1
    first_pages = cursor.page if passes == 1 else cursor.first_pages
    after = replace(
        cursor, passes=passes, first_pages=first_pages, source=0, skip=0, at=cursor.window.end
    )
    if cursor.dry_run:
        return replace(after, stage=Stage.COMPLETE)
    if passes > 1 and cursor.last.missing == 0:
        return replace(after, stage=Stage.PROVING, summed=0, sum="")
    return replace(
        after, stage=Stage.CHECKING, checked=cursor.page, checksum_after="", last=Counts()
    )


def steps_of(cursor: Cursor) -> Mapping[str, str]:
    """What a person does first, in this order, where the provider lists no events."""
    return provider(cursor.identity.provider).by_hand if cursor.kind is Kind.OBJECTS else {}


def step_done(cursor: Cursor, step: str, *, by: str, at: int) -> Cursor:
    """A step by hand, done by somebody; the first who said so stays.

    Raises:
        UnknownName: there is no such step here.
    """
    if step not in (steps := steps_of(cursor)):
        known = ", ".join(steps) or "none"
        raise UnknownName(f"there is no step {step[:64]!r}; there are: {known}", kind="step")
    if step in cursor.steps:
        return cursor
    return replace(cursor, steps={**cursor.steps, step: (by, at)})


def _pair(found: object) -> tuple[int, int]:
    if not isinstance(found, list | tuple):
        return 0, 0
    expected, stored = found
    return int(expected), int(stored)
