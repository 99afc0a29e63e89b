"""What the billing API answers, field by field: the shape of every document it sends.

Plain dictionaries at run time, as in `incident_api.answers`: times are RFC 3339 in UTC, and a text
that may be null is null when there is nothing to say. A field may be added; one that is renamed,
removed or narrowed breaks callers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from tocsin.billing.access.entitlement import Access, Why
    from tocsin.billing.access.freeze import BillingChange
    from tocsin.billing.checkout.intent import LegState, Remedy
    from tocsin.billing.subscription import Status

type Moment = str
"""A time: RFC 3339, UTC, milliseconds."""


class Entitlement(TypedDict):
    """What a workspace may use at `as_of`.

    `since` and `event` are when and from which event (`provider`: from the provider's own answer)
    the subscription last changed, `rev` how often it did. `incidents` are the open billing
    incidents that were regarded; `double` says that two subscriptions give access at once.
    """

    workspace: str
    access: Access
    plan: str | None
    why: Why
    status: Status | None
    since: Moment | None
    event: str | None
    period_end: Moment | None
    provider: str | None
    subscription: str | None
    corrected_by: str | None
    corrected_until: Moment | None
    double: bool
    incidents: list[str]
    rev: int
    as_of: Moment


class SeenAccess(TypedDict):
    """What a subscription gave at one moment, and whether a correction decided it."""

    status: Status
    access: Access
    corrected: bool


class Correction(TypedDict):
    """One line of the correction log; `status` and `until` are null where one was lifted.

    `approval` is the entry `<incident>:<seq>` by which the commander (`approver`) approved it.
    """

    id: str
    at: Moment
    provider: str
    account: str
    mode: str
    subscription: str
    status: Status | None
    until: Moment | None
    reason: str
    by: str
    approval: str | None
    approver: str | None
    before: SeenAccess
    after: SeenAccess
    base_rev: int


class CorrectionLog(TypedDict):
    """The corrections of a month."""

    month: str
    corrections: list[Correction]


class Checkout(TypedDict):
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


class DoubleLeg(TypedDict):
    """One provider's side of a double; `kept` is the one the customer was sent to."""

    provider: str
    state: LegState
    session: str | None
    subscription: str | None
    kept: bool


class LegDecision(TypedDict):
    """What a person decided about a double: `keep` names a provider."""

    keep: str
    remedy: Remedy
    why: str
    by: str
    at: Moment


class Double(TypedDict):
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
    legs: list[DoubleLeg]
    decision: LegDecision | None


class DoubleList(TypedDict):
    """Doubles, certain and possible, the oldest first."""

    doubles: list[Double]


class Permission(TypedDict):
    """That a change of billing may be made now; otherwise the answer is `billing_frozen`."""

    change: BillingChange
    allowed: bool


class LostSpell(TypedDict):
    """A spell without access; `until` null: it lasts."""

    since: Moment
    until: Moment | None
    seconds: int


class WorkspaceImpact(TypedDict):
    """What one workspace met. Amounts by currency, in its smallest unit.

    `wanted` counts checkouts of which no attempt was answered with a page, `unpaid` is what they
    come to; `failed_over` those that another provider took. `credits` are proposed, never given.
    `amount_unknown` counts late payments and spells of plans whose price is not known: what they
    come to is in none of the amounts.
    """

    workspace: str
    regions: list[str]
    providers: list[str]
    failed_attempts: int
    failed_over: int
    wanted: int
    first_at: Moment | None
    last_at: Moment | None
    late: int
    lost: list[LostSpell]
    doubles: int
    unpaid: dict[str, int]
    late_amounts: dict[str, int]
    double_amounts: dict[str, int]
    credits: dict[str, int]
    amount_unknown: int


class BillingImpact(TypedDict):
    """What a time without a provider did to customers: each total is the sum of its lines.

    `history` is `partial` where late payments and lost access may be more than is told: the time is
    longer than is read at once or older than is kept, or an event of it cannot be read.
    """

    since: Moment
    until: Moment
    history: str
    failed_attempts: int
    failed_over: int
    wanted: int
    late: int
    doubles: int
    unpaid: dict[str, int]
    late_amounts: dict[str, int]
    double_amounts: dict[str, int]
    credits: dict[str, int]
    amount_unknown: int
    workspaces: list[WorkspaceImpact]
