"""Until when a subscription is known to be paid, whatever its status says.

Both providers move the period on before it is paid: the end in a snapshot is the end of a cycle
somebody may never pay. So what is known to be paid is kept beside the snapshot, as maxima over all
that ever told of it, deliveries that are stale as snapshots included: the same evidence in another
order is the same value. `paid_until` follows from it.

    paid     invoices and cycles that were paid: their id and the end of what they pay for
    back     of these, the ones given back in full: refunded, or a dispute lost
    running  the newest picture of the subscription as active, and the end of its period then
    unpaid   the newest picture of it as failing to pay, and the end of the period it failed for
    trial    the newest picture of it in a trial, and the trial's end
    asked    when the provider was asked for its paid invoices, and the period's end then

A paid invoice is proof. To be active is only a sign, for a renewal is active until its invoice is
finalised; it counts where nothing speaks against it: no failure since, nothing given back, and no
list of paid invoices read since. Times are epoch seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from tocsin.billing.subscription import Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.billing.subscription import Subscription

KEPT = 6
"""Of paid and given back invoices those that end last; earlier ones have long run out."""

ENDED = frozenset({Status.CANCELLED, Status.COMPLETED, Status.SUSPENDED})
"""No more is taken: what is left is what was paid, so what was paid has to be known."""

ASKED_ABOUT = ENDED | {Status.PAST_DUE}
"""Where it may have to be asked what was paid."""

USES_UP = ENDED | {Status.PAUSED}
"""What gives access until `paid_until` and not beyond."""

NOT_PAID = frozenset({Status.PENDING, Status.PAST_DUE, Status.SUSPENDED})


class Mark(NamedTuple):
    """Something seen at one second about a period that ends at another."""

    at: int
    end: int


class Invoice(NamedTuple):
    """An invoice by its provider's id, and the end of the latest period it is for."""

    end: int
    id: str


@dataclass(frozen=True, slots=True)
class Paid:
    """All evidence of payment there is of one subscription; also what one event adds to it."""

    paid: tuple[Invoice, ...] = ()
    back: tuple[Invoice, ...] = ()
    running: Mark | None = None
    unpaid: Mark | None = None
    trial: Mark | None = None
    asked: Mark | None = None

    @property
    def known(self) -> bool:
        """Whether `until` can be relied on: of a row stored before there was evidence it cannot.

        A failed payment alone says nothing of what was paid before.
        """
        return replace(self, unpaid=None) != NOTHING

    @property
    def proven(self) -> int | None:
        """The end of what was paid by an invoice that was not given back."""
        return max(self._proven_ends(), default=None)

    def _proven_ends(self) -> set[int]:
        back = {invoice.id for invoice in self.back}
        return {invoice.end for invoice in self.paid if invoice.id not in back}

    def item_until(self, end: int) -> int:
        """Until when an item is paid whose own period ends then, where others end later.

        Its own end while that it runs is the newest that is known. Else the last end up to its own
        that an invoice was paid for; where none is known, one from before ends were kept item by
        item may have paid for it: then its own end.
        """
        if self._running_end() is not None:
            return end
        return max((one for one in self._proven_ends() if one <= end), default=end)

    @property
    def until(self) -> int | None:
        """`paid_until`: None where nothing was paid, as far as is known."""
        ends = [end for end in (self.proven, self._running_end()) if end is not None]
        return max(ends, default=None)

    def _running_end(self) -> int | None:
        running = self.running
        if running is None or any(invoice.end == running.end for invoice in self.back):
            return None
        failed = self.unpaid
        if failed is not None and failed.at >= running.at and failed.end >= running.end:
            return None
        return running.end

    def with_(self, more: Paid) -> Paid:
        """With other evidence: the same whatever came first, and however often.

        Signs from before the provider was asked are left out: its list says more.
        """
        asked = _newest(self.asked, more.asked)
        return Paid(
            paid=_latest((*self.paid, *more.paid)),
            back=_latest((*self.back, *more.back)),
            running=_since(asked, _newest(self.running, more.running)),
            unpaid=_since(asked, _newest(self.unpaid, more.unpaid)),
            trial=_newest(self.trial, more.trial),
            asked=asked,
        )

    def has_to_be_asked(self, subscription: Subscription, *, now: int) -> bool:
        """Whether access hangs on a payment of which nothing is proven.

        That is where a subscription has ended, or is suspended, inside of a period: whether that
        one was paid its snapshot does not tell. And where one fails to pay, for grace counts from
        the end of what was: that is where the failing period starts, if the one before was paid.
        Of items that end apart each has to be proven. It is asked once, and again only after it
        was seen active since.
        """
        end, proven = self._in_question(subscription), self._proven_ends()
        items = any(item.end > now and item.end not in proven for item in subscription.items)
        if subscription.status in ENDED:
            if end <= now or ((self.proven or 0) >= end and not items):
                return False
        elif subscription.status is Status.PAST_DUE:
            tried = self.trial.end if self.trial else 0
            if max(self.proven or 0, tried) >= (subscription.period_start or 0) and not items:
                return False
        else:
            return False
        return self.asked is None or self.asked.end < end or self.running is not None

    def asked_about(self, subscription: Subscription, *, at: int) -> Paid:
        """That the provider was asked at that second for what was paid of this subscription."""
        return Paid(asked=Mark(at, self._in_question(subscription)))

    def _in_question(self, subscription: Subscription) -> int:
        """The end until which access may have been paid; 0: there is none.

        A subscription may have no period when it ends: then it is the one it was seen active in.
        """
        seen = self.running.end if self.running else 0
        return subscription.period_end or seen


NOTHING = Paid()


def told_by(subscription: Subscription, *, at: int) -> Paid:
    """What a snapshot made at that second tells of payment."""
    end = subscription.period_end
    if end is None:
        return NOTHING
    mark = Mark(at, end)
    if subscription.status is Status.ACTIVE:
        return Paid(running=mark)
    if subscription.status is Status.TRIALING:
        return Paid(trial=mark)
    if subscription.status in NOT_PAID:
        return Paid(unpaid=mark)
    return NOTHING


def paid_until(paid: Paid, subscription: Subscription) -> int | None:
    """The end of what is paid, never behind the end of the last period the provider names."""
    until, end = paid.until, subscription.period_end
    if until is None or end is None:
        return until
    return min(until, end)


def _latest(invoices: Iterable[Invoice]) -> tuple[Invoice, ...]:
    return tuple(sorted(set(invoices), reverse=True)[:KEPT])


def _newest(one: Mark | None, other: Mark | None) -> Mark | None:
    if one is None or other is None:
        return one or other
    return max(one, other)


def _since(asked: Mark | None, mark: Mark | None) -> Mark | None:
    return None if mark is not None and asked is not None and mark.at <= asked.at else mark
