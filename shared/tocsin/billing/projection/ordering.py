"""Which of two facts about a subscription is the newer one, when order cannot be trusted.

Events come in any order, twice, and late; `created` has whole seconds, several changes share one,
and inside about two seconds it need not even be the order in which they happened. So a snapshot is
applied only if it is provably newer than all that the row knows. Where that cannot be proved the
provider is asked, and the answer is written only if nothing else was written in between.

Two marks say how new a row is: `applied` is the `created` of the newest applied snapshot; `fetched`
is a second at which the provider's own answer was certainly not older. Seconds are epoch seconds.

    apply   no row yet and the event is younger than 5 minutes; or the row is not terminal, its
            `applied` is more than 2 s and its `fetched` more than 5 s older than the event
    done    the event was handled before
    stale   `applied` is more than 2 s, or `fetched` at least 5 s, newer than the event
    fetch   everything else, and an end that looks stale by up to 3 s

Additions to that rule, each closing a way to be wrong:

- A row whose last answer could not be dated (`undated`) knows more than its marks say, so nothing
  is applied to it until a dated answer has come.
- A row without `applied` was made by an answer; with `fetched` it can be compared, without not.
- An event from the future (over a minute) is fetched, or it would make all others stale.

What an event tells of payment is another matter: it is true whenever it comes, so it is kept from
every event, the stale ones too (`billing.projection.learning`, `billing.projection.paid`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from tocsin.billing.event import EventClass, Problem
from tocsin.billing.projection.paid import NOTHING, USES_UP, Paid, paid_until, told_by
from tocsin.billing.subscription import Status

if TYPE_CHECKING:
    from tocsin.billing.projection.told import BillingEvent
    from tocsin.billing.subscription import Subscription

NEW_ROW_WINDOW = 300
"""An older event on an absent row may be one of a subscription long gone: ask, do not revive."""

CREATED_JITTER = 2
END_JITTER = 3
FETCH_MARGIN = 5
FUTURE_TOLERANCE = 60
CLOCK_TOLERANCE = 60
CONFIRM_WITHIN = 60
CONFIRM_DELAY = 300
SEEN = 8


class Decision(StrEnum):
    """What to do with an event, given the row as it is."""

    APPLY = "apply"
    DONE = "done"
    STALE = "stale"
    FETCH = "fetch"


@dataclass(frozen=True, slots=True)
class Overlay:
    """A person's correction, beside the projection and never in its way.

    `log` names the line of the correction log that put it there. `access_until` is until when a
    status without access still leaves what was paid; None: it leaves nothing.
    """

    status: Status
    until: int
    approval: str
    by: str
    base_rev: int
    log: str = ""
    access_until: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One projection. `ver` rises with every write, `rev` only when what is promised changes.

    `subscription` is None while nothing is known but that a request to the provider is pending.
    `seen` are the last event ids. `since` and `source` are when and from what the subscription
    last changed. `confirm_at` and `pending_until` tell that one delayed request is on its way.
    `paid` is what is known of payment, from all events and answers.
    """

    ver: int = 0
    rev: int = 0
    subscription: Subscription | None = None
    applied: int | None = None
    fetched: int | None = None
    undated: bool = False
    seen: tuple[str, ...] = ()
    since: int | None = None
    source: str | None = None
    confirm_at: int | None = None
    pending_until: int | None = None
    erased: bool = False
    overlay: Overlay | None = None
    paid: Paid = NOTHING

    @property
    def terminal(self) -> bool:
        return self.subscription is not None and self.subscription.terminal


EMPTY = Row()


@dataclass(frozen=True, slots=True)
class Change:
    """A row to write, on condition that the stored one still has `expected_ver` (0: none)."""

    expected_ver: int
    row: Row


class Verdict(StrEnum):
    """What became of a request to a provider."""

    FOUND = "found"
    MISSING = Problem.PROVIDER_MISSING.value
    UNREADABLE = Problem.UNREADABLE_SHAPE.value
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Answer:
    """A provider's word on one subscription, and what tells how old it may be.

    `date` and `aged` are its `Date` and whether it had an `Age` header; `elapsed` is in seconds
    on a monotonic clock, from before the request was sent.
    """

    verdict: Verdict
    subscription: Subscription | None = None
    date: int | None = None
    aged: bool = False
    elapsed: float = 0.0
    http_status: int = 0
    detail: str = ""

    def stamp(self, now: int) -> int | None:
        """A second at which this was certainly read or not yet read: never a later one.

        None where it cannot be told: no date, an answer from a cache, or clocks over a minute
        apart. A slow answer is dated when it left, but may have been read when it was asked for.
        """
        if self.date is None or self.aged or abs(self.date - now) > CLOCK_TOLERANCE:
            return None
        return self.date - math.ceil(self.elapsed) - 1


@dataclass(frozen=True, slots=True)
class Question:
    """Why a provider is asked: the event (None once delayed) and the second it is about.

    `ledger_pk` is where the event is kept; `confirming` marks the one later request that checks
    an early answer.
    """

    about: int
    event_id: str | None = None
    ledger_pk: str | None = None
    confirming: bool = False


def decide(event: BillingEvent, row: Row | None, *, now: int) -> Decision:
    """The rule above. `row` is None or EMPTY where there is none; `now` is the wall clock."""
    row = row or EMPTY
    if event.id in row.seen:
        return Decision.DONE
    created = event.created
    if created is not None and _older(created, row):
        return Decision.FETCH if _ends_out_of_order(event, created, row) else Decision.STALE
    if event.event_class is EventClass.SNAPSHOT and created is not None and event.snapshot:
        may_apply = (
            created > now - NEW_ROW_WINDOW if row.subscription is None else _newer(created, row)
        )
        if may_apply and created <= now + FUTURE_TOLERANCE:
            return Decision.APPLY
    return Decision.FETCH


def _older(created: int, row: Row) -> bool:
    by_event = row.applied is not None and created < row.applied - CREATED_JITTER
    by_answer = row.fetched is not None and created <= row.fetched - FETCH_MARGIN
    return by_event or by_answer


def _ends_out_of_order(event: BillingEvent, created: int, row: Row) -> bool:
    """Whether an event of the end looks stale by a second or so only, and would be lost.

    Nothing follows the end of a subscription, so there would be no later event to mend it; once
    asked about, its id is known. Providers were seen to be up to 3 s out of order.
    """
    ended = event.snapshot is not None and event.snapshot.terminal
    by_answer = row.fetched is not None and created <= row.fetched - FETCH_MARGIN
    late = row.applied is not None and created >= row.applied - END_JITTER
    return ended and late and not by_answer and not row.terminal


def _newer(created: int, row: Row) -> bool:
    if row.terminal or row.undated or (row.applied is None and row.fetched is None):
        return False
    after_event = row.applied is None or row.applied < created - CREATED_JITTER
    after_answer = row.fetched is None or row.fetched < created - FETCH_MARGIN
    return after_event and after_answer


def fast_path(event: BillingEvent, row: Row | None, *, now: int) -> bool:
    """Whether one conditional write may apply the event without reading the row first.

    That write raises `rev` blindly, so it is for changes only; and it would write a workspace,
    so it leaves erased rows to the path that reads first.
    """
    if event.snapshot is None or decide(event, row, now=now) is not Decision.APPLY:
        return False
    if row is None:
        return True
    known = row.subscription
    return known is not None and not row.erased and known.fingerprint != event.snapshot.fingerprint


def apply(event: BillingEvent, row: Row | None) -> Change:
    """The row after an event that `decide` said to apply.

    The ids seen before are forgotten: their events are stale now, or are harmless to ask about.
    """
    row = row or EMPTY
    if event.snapshot is None or event.created is None:
        raise ValueError("only a snapshot with a time can be applied")
    told = event.told
    changed = _changed(row, event.snapshot, told, at=event.created, source=event.id)
    return Change(row.ver, replace(changed, applied=event.created, seen=(event.id,)))


def record_answer(
    row: Row | None,
    answer: Answer,
    question: Question,
    *,
    now: int,
    confirm: bool,
    told: Paid = NOTHING,
) -> Change:
    """The row after a provider's answer to a request sent when the row was as given.

    `told` is what the event tells of payment that made us ask.

    With `confirm` (a switch per provider), an answer that came within a minute of the newest
    thing known leaves a wish for another one, later: it may have come from a lagging replica.
    """
    row = row or EMPTY
    if answer.subscription is None:
        raise ValueError("only a found subscription can be recorded")
    stamp = answer.stamp(now)
    if stamp is not None:
        told = told.with_(told_by(answer.subscription, at=stamp))
    source = question.event_id or "provider"
    changed = _changed(row, answer.subscription, told, at=now, source=source)
    confirm_at = None if question.confirming else row.confirm_at
    if confirm and _is_early(row, question, answer, now=now):
        confirm_at = now + CONFIRM_DELAY
    return Change(
        row.ver,
        replace(
            changed,
            fetched=row.fetched if stamp is None else max(stamp, row.fetched or 0),
            undated=stamp is None,
            seen=_seen(row, question.event_id) if question.event_id else row.seen,
            pending_until=None,
            confirm_at=confirm_at,
        ),
    )


def _is_early(row: Row, question: Question, answer: Answer, *, now: int) -> bool:
    """Whether the answer came so soon after what we know that a replica may not have known it.

    That is what was asked about, and also the newest applied event: a confirming answer, too, may
    come from a replica that has not heard of a change that was applied a second ago.
    """
    read_at = now if answer.date is None else answer.date
    return read_at - max(question.about, row.applied or 0) < CONFIRM_WITHIN


def leaves_terminal(row: Row | None, answer: Answer) -> bool:
    """Whether the provider says that something ended is running again: allowed, and alarming."""
    new = answer.subscription
    return bool(row and row.terminal and new and not new.terminal)


def erase(row: Row) -> Change:
    """The row without what leads to a person: a tombstone that goes on following the provider.

    It is never deleted, or an old event would make it again. Nothing promised changes by it.
    """
    known = row.subscription and replace(row.subscription, workspace=None)
    return Change(row.ver, replace(row, ver=row.ver + 1, erased=True, subscription=known))


def promised(before: Row, after: Row) -> Row:
    """The row with `rev` raised if what was learnt of payment changes what is promised.

    It does where the status gives access for as long as was paid. `source` stays: it names what
    the status, plan and period come from.
    """
    known = after.subscription
    if known is None or known.status not in USES_UP:
        return after
    if _lasting(before.paid, known) == _lasting(after.paid, known):
        return after
    return replace(after, rev=after.rev + 1)


def _lasting(paid: Paid, known: Subscription) -> tuple[bool, int | None]:
    return paid.known, paid_until(paid, known)


def _changed(row: Row, new: Subscription, told: Paid, *, at: int, source: str) -> Row:
    """The row with the new subscription; an unknown status keeps the last known one."""
    paid = row.paid.with_(told)
    known = row.subscription
    if known is not None:
        status = known.status if new.status is Status.UNKNOWN else new.status
        new = replace(new, status=status, workspace=new.workspace or known.workspace)
    if row.erased:
        new = replace(new, workspace=None)
    if known is not None and known.fingerprint == new.fingerprint:
        return promised(row, replace(row, ver=row.ver + 1, subscription=new, paid=paid))
    return replace(
        row,
        ver=row.ver + 1,
        rev=row.rev + 1,
        subscription=new,
        since=at,
        source=source,
        paid=paid,
    )


def _seen(row: Row, event_id: str) -> tuple[str, ...]:
    return (*row.seen, event_id)[-SEEN:]
