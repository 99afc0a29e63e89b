"""What an outage of a billing provider did to customers, workspace by workspace.

A fold over records, so that every total is the sum of lines anybody can add up again. Amounts are
in the currency's smallest unit and are never added across currencies. Where the price of a plan is
not known there is no amount, and the record is counted as one without. A credit is proposed, never
given.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tocsin.billing.checkout.attempts import Attempt
    from tocsin.billing.checkout.intent import Double

MONTH_SECONDS = 30 * 86_400
"""What a plan's amount is taken to pay for where a credit for lost time is proposed."""


@dataclass(frozen=True, slots=True)
class LatePayment:
    """A payment that was due in the outage and came later, or has not come (`paid_at` None).

    `amount` and `currency` are None where the price of the plan is not known.
    """

    workspace: str
    provider: str
    invoice: str
    amount: int | None
    currency: str | None
    due_at: int
    paid_at: int | None


@dataclass(frozen=True, slots=True)
class LostAccess:
    """A spell without access (`until` None: it lasts), and what the time costs a month.

    `amount` and `currency` are None where the price of the plan is not known.
    """

    workspace: str
    since: int
    until: int | None
    amount: int | None
    currency: str | None

    def seconds(self, *, now: int) -> int:
        return max(0, (now if self.until is None else self.until) - self.since)

    def credit(self, *, now: int) -> int | None:
        """The share of a month's charge, rounded up to the smallest unit."""
        if self.amount is None:
            return None
        return -(-self.amount * self.seconds(now=now) // MONTH_SECONDS)


@dataclass(frozen=True, slots=True)
class WorkspaceImpact:
    """One workspace.

    `wanted` counts intents of which no attempt was answered with a page, those that nobody was
    asked for included; `not_tried` how often a provider was not asked for one of them.

    The amounts are what those intents, late payments, doubles and spells without access come to, by
    currency; `amount_unknown` counts late payments and spells that are in none of them.
    """

    workspace: str
    regions: tuple[str, ...]
    providers: tuple[str, ...]
    failed_attempts: int
    not_tried: int
    failed_over: int
    wanted: int
    first_at: int | None
    last_at: int | None
    late: tuple[LatePayment, ...]
    lost: tuple[LostAccess, ...]
    doubles: tuple[Double, ...]
    unpaid: Mapping[str, int]
    late_amounts: Mapping[str, int]
    double_amounts: Mapping[str, int]
    credits: Mapping[str, int]
    amount_unknown: int


@dataclass(frozen=True, slots=True)
class Impact:
    """All workspaces that were touched, and the totals of their lines."""

    since: int
    until: int
    workspaces: tuple[WorkspaceImpact, ...]
    failed_attempts: int = 0
    not_tried: int = 0
    failed_over: int = 0
    wanted: int = 0
    late: int = 0
    doubles: int = 0
    unpaid: Mapping[str, int] = field(default_factory=dict)
    late_amounts: Mapping[str, int] = field(default_factory=dict)
    double_amounts: Mapping[str, int] = field(default_factory=dict)
    credits: Mapping[str, int] = field(default_factory=dict)
    amount_unknown: int = 0


@dataclass(frozen=True, slots=True)
class Records:
    """What the report is made of, one tuple per source."""

    attempts: tuple[Attempt, ...] = ()
    late: tuple[LatePayment, ...] = ()
    lost: tuple[LostAccess, ...] = ()
    doubles: tuple[Double, ...] = ()

    @property
    def workspaces(self) -> set[str]:
        return {
            *(each.workspace for each in self.attempts if each.turned_away),
            *(each.workspace for each in self.late),
            *(each.workspace for each in self.lost),
            *(each.workspace for each in self.doubles),
        }

    def of(self, workspace: str) -> Records:
        return Records(
            tuple(each for each in self.attempts if each.workspace == workspace),
            tuple(each for each in self.late if each.workspace == workspace),
            tuple(each for each in self.lost if each.workspace == workspace),
            tuple(each for each in self.doubles if each.workspace == workspace),
        )


def impact(records: Records, *, since: int, until: int, provider: str | None = None) -> Impact:
    """The report over `since` to `until` (epoch seconds), of one provider's failures or of all.

    An attempt that worked counts whoever made it work: that is what failover is for.
    """
    attempts = tuple(
        each
        for each in records.attempts
        if since <= each.second <= until
        and (not each.turned_away or provider is None or each.provider == provider)
    )
    records = Records(attempts, records.late, records.lost, records.doubles)
    lines = tuple(_line(name, records.of(name), until) for name in sorted(records.workspaces))
    return Impact(
        since,
        until,
        lines,
        failed_attempts=sum(line.failed_attempts for line in lines),
        not_tried=sum(line.not_tried for line in lines),
        failed_over=sum(line.failed_over for line in lines),
        wanted=sum(line.wanted for line in lines),
        late=sum(len(line.late) for line in lines),
        doubles=sum(len(line.doubles) for line in lines),
        unpaid=_sum(line.unpaid for line in lines),
        late_amounts=_sum(line.late_amounts for line in lines),
        double_amounts=_sum(line.double_amounts for line in lines),
        credits=_sum(line.credits for line in lines),
        amount_unknown=sum(line.amount_unknown for line in lines),
    )


def _line(name: str, records: Records, now: int) -> WorkspaceImpact:
    met = [each for each in records.attempts if each.turned_away]
    served = {each.intent for each in records.attempts if each.worked}
    intents = {each.intent: each for each in met}
    lost_sales = [each for intent, each in intents.items() if intent not in served]
    return WorkspaceImpact(
        workspace=name,
        regions=tuple(sorted({each.region for each in met})),
        providers=tuple(sorted({each.provider for each in met})),
        failed_attempts=sum(each.failed for each in met),
        not_tried=sum(not each.failed for each in met),
        failed_over=len(intents) - len(lost_sales),
        wanted=len(lost_sales),
        first_at=min((each.second for each in met), default=None),
        last_at=max((each.second for each in met), default=None),
        late=records.late,
        lost=records.lost,
        doubles=records.doubles,
        unpaid=_sum({each.currency: each.amount} for each in lost_sales),
        late_amounts=_sum(_amount(each.currency, each.amount) for each in records.late),
        double_amounts=_sum({each.currency: each.amount} for each in records.doubles),
        credits=_sum(_amount(each.currency, each.credit(now=now)) for each in records.lost),
        amount_unknown=sum(each.amount is None for each in records.late)
        + sum(each.amount is None for each in records.lost),
    )


def _amount(currency: str | None, amount: int | None) -> dict[str, int]:
    return {} if currency is None or amount is None else {currency: amount}


def _sum(amounts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for each in amounts:
        total.update(each)
    return {currency: total[currency] for currency in sorted(total)}
