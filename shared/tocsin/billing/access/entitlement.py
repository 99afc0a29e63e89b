"""What a workspace may use, and why: computed from its projections, never stored.

A correction by a person decides while it lasts, over all that the projection says: no paid period,
no grace, no pause and no incident plays a part. One to a status without access leaves none at once,
or, where it says until when, what was paid until then. The projection keeps tracking the provider
underneath, so nothing has to be undone when it ends.

While a billing incident is open, nobody loses access because an event is missing or late: what
would take access away for want of a payment becomes grace until the incident is closed. What the
provider says has ended has ended.

A status gives access for as long as was paid, never for as long as the provider's period runs: both
providers move the period on before it is paid (`billing.projection.paid`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from tocsin.billing.projection.paid import paid_until
from tocsin.billing.provider import PROVIDERS
from tocsin.billing.subscription import RUNNING, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.ordering import Overlay, Row
    from tocsin.billing.subscription import Subscription, SubscriptionItem

DAY = 86_400

FORMERLY_UNTIL_PERIOD_END = frozenset({Status.CANCELLED, Status.COMPLETED})
"""Of a row stored before payment was kept nothing is known: there these go on as they did."""


class Why(StrEnum):
    """From what the answer follows."""

    STATUS = "status"
    COLLECTION_PAUSED = "collection_paused"
    PAID_PERIOD = "paid_period"
    GRACE_OVER = "grace_over"
    INCIDENT = "incident"
    CORRECTION = "correction"
    NO_SUBSCRIPTION = "no_subscription"


class Access(StrEnum):
    """The answer. Grace is access, with a reason to show."""

    YES = "yes"
    GRACE = "grace"
    NO = "no"

    @property
    def rank(self) -> int:
        """0 gives most."""
        return list(Access).index(self)


@dataclass(frozen=True, slots=True)
class AccessRule:
    """What one status gives, and what while a billing incident is open (never less).

    With `until_period_end` a period that was paid for is used up first. With `grace_days` grace
    ends that long after what was paid (or the trial) ended, and then there is no access.
    `collection_paused` is given in its place while the provider takes no money though the status
    stays; None: the status alone decides.
    """

    access: Access
    in_incident: Access
    until_period_end: bool = False
    grace_days: int | None = None
    collection_paused: Access | None = None


type AccessPolicy = Mapping[Status, AccessRule]
"""The rule of every status; the runbook's section `billing.access`, compiled."""


@dataclass(frozen=True, slots=True)
class Entitlement:
    """One answer. Times are epoch seconds.

    `since` and `source` are when and from what event the projection last changed.
    `corrected_by` and `corrected_until` are set while a person's correction decides. `double` tells
    that more than one running subscription gives access: somebody may be paying twice. `paid_until`
    is the end of what is known to be paid, None where that is nothing or unknown; `until` is when
    the access given ends unless something changes. `ends_at` is when the subscription ends by what
    was decided already; with `end_told` false its provider does not tell. `items` are those that
    still give, each until its own period ends, where these end at different times: `plan` and
    `quantity` are then theirs.
    """

    access: Access
    why: Why
    as_of: int
    status: Status | None = None
    plan: str | None = None
    provider: str | None = None
    account: str | None = None
    mode: str | None = None
    subscription: str | None = None
    period_end: int | None = None
    since: int | None = None
    source: str | None = None
    rev: int = 0
    corrected_by: str | None = None
    corrected_until: int | None = None
    double: bool = False
    paid_until: int | None = None
    until: int | None = None
    quantity: int | None = None
    collection_paused: bool = False
    ends_at: int | None = None
    end_told: bool = True
    items: tuple[SubscriptionItem, ...] = ()


def entitlement(
    rows: Sequence[tuple[Identity, Row]],
    policy: AccessPolicy,
    *,
    now: int,
    incident_open: bool,
    add_ons: frozenset[str] = frozenset(),
) -> Entitlement:
    """The best that a workspace's subscriptions give it at `now`.

    Between equal access the one that is running says what the customer has bought. `add_ons` are
    plans that are bought on top of another.
    """
    known = [
        replace(
            answer,
            provider=identity.provider,
            account=identity.account,
            mode=identity.mode,
            end_told=_tells_end(identity.provider),
        )
        for identity, row in rows
        if (answer := one_subscription(row, policy, now=now, incident_open=incident_open))
    ]
    if not known:
        return Entitlement(Access.NO, Why.NO_SUBSCRIPTION, now)
    best = min(known, key=_rank)
    giving = [
        answer.plan or ""
        for answer in known
        if answer.access is not Access.NO and answer.status in RUNNING
    ]
    return replace(best, double=may_be_double(giving, add_ons))


def may_be_double(plans: Iterable[str], add_ons: frozenset[str]) -> bool:
    """Whether running subscriptions to these plans may be one thing paid twice.

    One of whose plans every one is an add-on comes on top of another and is none.
    """
    return sum(not add_ons.issuperset(plan.split("+")) for plan in plans) > 1


def one_subscription(
    row: Row, policy: AccessPolicy, *, now: int, incident_open: bool
) -> Entitlement | None:
    """What one row gives; None where nothing is known but that the provider has been asked."""
    subscription = row.subscription
    if subscription is None:
        return None
    overlay = row.overlay if row.overlay is not None and now < row.overlay.until else None
    status = overlay.status if overlay else subscription.status
    rule = policy[status]
    if overlay:
        access, until = _corrected(row, subscription, overlay, rule, now=now)
        why = Why.CORRECTION
    elif _long_over(subscription, policy, now=now):
        access, why, until = Access.NO, Why.GRACE_OVER, None
    else:
        access, why, until = _by_rule(row, subscription, rule, now=now)
    if incident_open and not overlay and rule.in_incident.rank < access.rank:
        access, why = rule.in_incident, Why.INCIDENT
    cut = until if overlay and access is Access.YES and rule.access is Access.NO else None
    items = _items_left(row, subscription, rule, access, why, now=now, cut=cut)
    return Entitlement(
        access=access,
        why=why,
        as_of=now,
        status=status,
        plan="+".join(sorted({each.plan for each in items})) or subscription.plan,
        subscription=subscription.id,
        period_end=subscription.period_end,
        since=row.since,
        source=row.source,
        rev=row.rev,
        corrected_by=overlay.by if overlay else None,
        corrected_until=overlay.until if overlay else None,
        paid_until=paid_until(row.paid, subscription),
        until=until,
        quantity=_together(items) if items else subscription.quantity,
        items=items,
        collection_paused=subscription.collection_paused,
        ends_at=subscription.planned_end,
    )


def _items_left(
    row: Row,
    subscription: Subscription,
    rule: AccessRule,
    access: Access,
    why: Why,
    *,
    now: int,
    cut: int | None,
) -> tuple[SubscriptionItem, ...]:
    """Where items end apart, those that still give: with the end of what was paid of each.

    In grace each has its own; while it runs each has the end of its period. `cut` is when a
    correction ends what was paid of all of them.
    """
    in_grace = access is Access.GRACE and why is Why.STATUS
    by_paid = why is Why.PAID_PERIOD or cut is not None
    if not by_paid and not (in_grace and rule.grace_days is not None):
        return subscription.items
    grace = (rule.grace_days or 0) * DAY if in_grace else 0
    ends = [row.paid.item_until(each.end) + grace for each in subscription.items]
    ends = [end if cut is None else min(end, cut) for end in ends]
    left = (each._replace(end=end) for each, end in zip(subscription.items, ends, strict=True))
    return tuple(each for each in left if now < each.end) or subscription.items


def _together(items: Iterable[SubscriptionItem]) -> int | None:
    known = [each.quantity for each in items if each.quantity is not None]
    return sum(known) if known else None


def _corrected(
    row: Row, subscription: Subscription, overlay: Overlay, rule: AccessRule, *, now: int
) -> tuple[Access, int]:
    """What a correction gives and when that ends: never more than was paid, where it takes away."""
    if rule.access is not Access.NO or overlay.access_until is None:
        return rule.access, overlay.until
    ends = min(overlay.access_until, overlay.until, _used_up_at(row, subscription) or 0)
    return (Access.YES, ends) if now < ends else (Access.NO, overlay.until)


def _by_rule(
    row: Row, subscription: Subscription, rule: AccessRule, *, now: int
) -> tuple[Access, Why, int | None]:
    """What the rule of its own status gives, from what that follows, and when it ends."""
    if rule.access is Access.NO and rule.until_period_end:
        known = row.paid.known or subscription.status in FORMERLY_UNTIL_PERIOD_END
        paid_end = _used_up_at(row, subscription) if known else None
        if now < (paid_end or 0):
            return Access.YES, Why.PAID_PERIOD, paid_end
    if subscription.collection_paused and rule.collection_paused is not None:
        return rule.collection_paused, Why.COLLECTION_PAUSED, None
    if rule.access is Access.GRACE and rule.grace_days is not None:
        until = _grace_ends(row, subscription, rule.grace_days)
        if until is not None and now >= until:
            return Access.NO, Why.GRACE_OVER, None
        return Access.GRACE, Why.STATUS, until
    return rule.access, Why.STATUS, None


def _long_over(subscription: Subscription, policy: AccessPolicy, *, now: int) -> bool:
    """Whether it is still running for us though its end was announced, and is past by the grace.

    Then it is the event of its end that is missing. A policy without an end of grace has none here.
    """
    end, days = subscription.planned_end, policy[Status.PAST_DUE].grace_days
    running = subscription.status in RUNNING
    return running and end is not None and days is not None and now >= end + days * DAY


def _tells_end(provider: str) -> bool:
    return provider in PROVIDERS and PROVIDERS[provider].tells_end


def _used_up_at(row: Row, subscription: Subscription) -> int | None:
    """When what was paid is used up. Where nothing is known of payment its status has to do."""
    if row.paid.known:
        return paid_until(row.paid, subscription)
    paid = subscription.status in FORMERLY_UNTIL_PERIOD_END | {Status.ACTIVE}
    return subscription.period_end if paid else None


def _grace_ends(row: Row, subscription: Subscription, days: int) -> int | None:
    """From the end of what was paid, or of the trial; else of the period, which may be unpaid."""
    trial = row.paid.trial.end if row.paid.trial else None
    ends = [end for end in (paid_until(row.paid, subscription), trial) if end is not None]
    end = max(ends, default=subscription.period_end)
    return None if end is None else end + days * DAY


def _rank(answer: Entitlement) -> tuple[int, bool, int]:
    ended = answer.status not in RUNNING
    return answer.access.rank, ended, -(answer.period_end or 0)
