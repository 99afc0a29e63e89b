"""What the billing API answers where that is not the engine's own value, field by field.

Times are RFC 3339 in UTC, and a text that may be null is null when there is nothing to say. A field
may be added; one that is renamed, removed or narrowed breaks callers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tocsin.billing.access.entitlement import Access, Why
    from tocsin.billing.access.freeze import BillingChange
    from tocsin.billing.checkout.decision import Remedy
    from tocsin.billing.checkout.leg import LegState
    from tocsin.billing.subscription import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemGiven:
    """One thing of a subscription whose items end at different times; `until` is its own end."""

    plan: str
    quantity: int | None
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitlement:
    """What a workspace may use at `as_of`.

    `since` and `event` are when and from which event (`provider`: from the provider's own answer)
    the subscription last changed, `rev` how often it did. `incidents` are the open billing
    incidents that were regarded; `double` says that two subscriptions give access at once.
    `account` and `mode` are whose the subscription is at the provider. `paid_until` is the end of
    what is known to be paid, `until` when the access given ends unless something changes.
    `ends_at` is when the subscription ends by what was decided already: null is "not told" where
    `end_told` is false. With `collection_paused` nothing is charged while the status stays.
    `items` are there where they end at different times: `plan` and `quantity` are of those that
    still give, each until its own end. `asked` says that a provider has just been asked about one
    that is not active yet, since the news of it may be lost: look again in a few seconds.
    """

    workspace: str
    access: Access
    plan: str | None
    why: Why
    status: Status | None
    since: datetime | None
    event: str | None
    period_end: datetime | None
    quantity: int | None
    items: tuple[ItemGiven, ...]
    paid_until: datetime | None
    until: datetime | None
    ends_at: datetime | None
    end_told: bool
    collection_paused: bool
    provider: str | None
    account: str | None
    mode: str | None
    subscription: str | None
    corrected_by: str | None
    corrected_until: datetime | None
    double: bool
    asked: bool
    incidents: tuple[str, ...]
    rev: int
    as_of: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenAccess:
    """What a subscription gave at one moment; `corrected`: a correction decided it.

    `until` is when that access ends unless something changes; null where nothing says so.
    """

    status: Status
    access: Access
    corrected: bool
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """One line of the correction log; `status` and `until` are null where one was lifted.

    `access_until` is until when a status without access leaves what was paid, null: not at all.
    `approval` is the entry `<incident>:<seq>` by which the commander (`approver`) approved it.
    """

    id: str
    at: datetime
    provider: str
    account: str
    mode: str
    subscription: str
    status: Status | None
    until: datetime | None
    access_until: datetime | None
    reason: str
    by: str
    approval: str | None
    approver: str | None
    before: SeenAccess
    after: SeenAccess
    base_rev: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionLog:
    """The corrections of a month."""

    month: str
    corrections: tuple[Correction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """Where the customer pays. `amount` in the currency's smallest unit, a period's charge.

    `failed_over`: not at the provider that policy prefers for them.
    """

    intent: str
    provider: str
    url: str
    session: str
    amount: int
    currency: str
    failed_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubleLeg:
    """One provider's side of a double; `kept` is the one the customer was sent to."""

    provider: str
    state: LegState
    session: str | None
    subscription: str | None
    kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LegDecision:
    """What a person decided about a double: `keep` names a provider."""

    keep: str
    remedy: Remedy
    why: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Double:
    """What may be charged twice for one wish. `certain`: two subscriptions run.

    `amount` is what the legs beside the kept one come to; `proposal` is `refund` or `cancel`, for a
    person to decide: nothing that runs is ended by itself. `decision` is null until one has; after
    that the double is listed until the providers say that one subscription runs.
    """

    intent: str
    workspace: str
    certain: bool
    amount: int
    currency: str
    proposal: str
    legs: tuple[DoubleLeg, ...]
    decision: LegDecision | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningSubscription:
    """One of several that run: what it is called at its provider, and when its period ends."""

    provider: str
    account: str
    mode: str
    subscription: str
    status: Status
    plan: str
    since: datetime | None
    period_end: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningTwice:
    """A workspace of which several subscriptions run that are no add-ons, by whatever keys."""

    workspace: str
    subscriptions: tuple[RunningSubscription, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubleList:
    """Doubles, certain and possible, the oldest first; `more` counts those that are not shown.

    They are asked for with `after`, the newest intent that is shown. `running` are workspaces, by
    name, that pay twice as their subscriptions tell, whatever checkouts these came from; at most
    `running_more` others follow, with `running_next` as `from_workspace`.
    """

    doubles: tuple[Double, ...]
    more: int
    running: tuple[RunningTwice, ...]
    running_more: int
    running_next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """That a change of billing may be made now; otherwise the answer is `billing_frozen`."""

    change: BillingChange
    allowed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LostSpell:
    """A spell without access; `until` null: it lasts."""

    since: datetime
    until: datetime | None
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceImpact:
    """What one workspace met. Amounts by currency, in its smallest unit.

    `wanted` counts checkouts of which no attempt was answered with a page, `unpaid` is what they
    come to; `not_tried` how often a provider was not asked for one of them, since it was known to
    fail; `failed_over` those that another provider took. `credits` are proposed, never given.
    `amount_unknown` counts late payments and spells of plans whose price is not known: what they
    come to is in none of the amounts.
    """

    workspace: str
    regions: tuple[str, ...]
    providers: tuple[str, ...]
    failed_attempts: int
    not_tried: int
    failed_over: int
    wanted: int
    first_at: datetime | None
    last_at: datetime | None
    late: int
    lost: tuple[LostSpell, ...]
    doubles: int
    unpaid: Mapping[str, int]
    late_amounts: Mapping[str, int]
    double_amounts: Mapping[str, int]
    credits: Mapping[str, int]
    amount_unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingImpact:
    """What a time without a provider did to customers: each total is the sum of its lines.

    `history` is `partial` where late payments and lost access may be more than is told: the time is
    longer than is read at once or older than is kept, or an event of it cannot be read.
    """

    since: datetime
    until: datetime
    failed_attempts: int
    not_tried: int
    failed_over: int
    wanted: int
    late: int
    doubles: int
    unpaid: Mapping[str, int]
    late_amounts: Mapping[str, int]
    double_amounts: Mapping[str, int]
    credits: Mapping[str, int]
    amount_unknown: int
    history: str
    workspaces: tuple[WorkspaceImpact, ...]
