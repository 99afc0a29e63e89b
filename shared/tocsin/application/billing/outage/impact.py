"""What an outage did to customers, over a time: of all, of one provider or of one workspace.

Lines are made of the log of attempts, of doubles, of what the ledger tells of subscriptions in that
time, of what projections say beyond that, and of the log of corrections; the totals are the sums of
the lines and of nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tocsin.application.billing.checkout.settle import every_unsettled
from tocsin.billing.access.corrections import LONGEST_SECONDS, gave_access, month_of
from tocsin.billing.access.entitlement import Access, one_subscription
from tocsin.billing.outage.history import (
    NOTICED_LATE,
    OWING,
    TAKEN_AWAY,
    Told,
    late_payments,
    lost_access,
)
from tocsin.billing.outage.impact import Records, impact
from tocsin.billing.projection.ordering import Row
from tocsin.billing.subscription import Status
from tocsin.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tocsin.application.billing.outage.history import LedgerHistory
    from tocsin.application.billing.projection.open_incidents import Remembered
    from tocsin.billing.access.corrections import Logged
    from tocsin.billing.access.entitlement import AccessPolicy
    from tocsin.billing.checkout.intent import Double
    from tocsin.billing.outage.history import History
    from tocsin.billing.outage.impact import Impact
    from tocsin.billing.subscription import Subscription
    from tocsin.ports.billing.access import CorrectionStore
    from tocsin.ports.billing.checkout import IntentStore, PolicySource
    from tocsin.ports.billing.projection import WorkspaceRows

LONGEST = 31 * 86_400
_SHORTEST_MONTH = 28 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The time, in epoch seconds, and of what: of a provider, of a workspace, or of all.

    `declared`: since when an incident was open; policy kept access from then on.
    """

    since: int
    until: int
    provider: str | None = None
    workspace: str | None = None
    declared: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactDesk:
    """The records that the report is made of; `now` is the real time in epoch seconds."""

    intents: IntentStore
    policies: PolicySource
    history: LedgerHistory
    rows: WorkspaceRows
    corrections: CorrectionStore
    incidents: Remembered
    access: AccessPolicy
    now: Callable[[], int]

    def report(self, asked: Asked) -> tuple[Impact, bool]:
        """The report, and whether all of the time could be read.

        Raises:
            BadInput: the time is longer than 31 days, or ends before it begins.
        """
        since, until = asked.since, asked.until
        if not 0 <= until - since <= LONGEST:
            raise BadInput("`since` must be at most 31 days before `until`", field="since")
        history = self.history.between(since, until, now=self.now())
        doubles = self._doubles(asked)
        attempts = self.intents.attempts(since=since, until=until)
        touched = Records(attempts, doubles=doubles).workspaces | _told_of(history)
        told = tuple(
            each
            for each in (*history.told, *self._from_rows(touched, history, since, until))
            if each.state.workspace and asked.provider in {None, each.provider}
        )
        price = self._prices()
        records = Records(
            attempts=attempts,
            late=late_payments(told, since=since, until=until, price=price),
            lost=lost_access(
                told,
                since=since,
                until=until,
                price=price,
                access=self._given(asked.declared),
                corrected=gave_access(self._corrected(since, until)),
            ),
            doubles=doubles,
        )
        if asked.workspace is not None:
            records = records.of(asked.workspace)
        found = impact(records, since=since, until=until, provider=asked.provider)
        return found, history.complete

    def _doubles(self, asked: Asked) -> tuple[Double, ...]:
        return tuple(
            each.double
            for each in every_unsettled(self.intents)
            if each.double is not None
            and asked.since <= each.created <= asked.until
            and (
                asked.provider is None
                or any(leg.provider == asked.provider for leg in each.double.others)
            )
        )

    def _from_rows(
        self, workspaces: set[str], history: History, since: int, until: int
    ) -> Iterator[Told]:
        """What projections say beyond that: an event may be missing, or the provider was asked."""
        newest: dict[str, Told] = {}
        for each in history.told:
            known = newest.get(each.state.id)
            if known is None or known.made_at <= each.made_at:
                newest[each.state.id] = each
        for workspace in sorted(workspaces):
            for identity, row in self.rows.of_workspace(workspace):
                state, at = row.subscription, row.since
                if state is None or at is None or not since <= at <= until:
                    continue
                told = newest.get(state.id)
                if told is None or (told.state.status is not state.status and told.made_at <= at):
                    yield Told(identity.provider, replace(state, workspace=workspace), at, at)

    def _corrected(self, since: int, until: int) -> Iterator[Logged]:
        """The log of every month in which one was laid down that may have held between the two."""
        first = since - LONGEST_SECONDS
        months = {month_of(at) for at in (*range(first, until, _SHORTEST_MONTH), until)}
        for month in sorted(months):
            yield from self.corrections.month(month)

    def _prices(self) -> Callable[[str], tuple[int, str] | None]:
        prices = {
            name: (price.amount, currency)
            for (_, currency), price in self.policies.policy().prices.items()
            for name in price.ids.values()
        }
        return prices.get

    def _given(self, declared: int | None) -> Callable[[Subscription, int], bool]:
        """Whether a state gives access at a time, as the product is told.

        While a billing incident is open it gives what policy keeps then: from `declared` on, or
        where that is not said, all the time if one is open now.
        """
        if declared is None:
            maybe = self.incidents.billing(self.now())
            declared = 0 if maybe is None or maybe else None

        def given(state: Subscription, at: int) -> bool:
            open_then = declared is not None and declared <= at
            row = Row(ver=1, rev=1, subscription=state)
            found = one_subscription(row, self.access, now=at, incident_open=open_then)
            return found is not None and found.access is not Access.NO

        return given


def _told_of(history: History) -> set[str]:
    """Workspaces of which something was told that may have cost them time or access."""
    return {
        each.state.workspace
        for each in history.told
        if each.state.workspace
        and (
            each.state.status in OWING | TAKEN_AWAY | {Status.PENDING}
            or each.known_at - each.made_at > NOTICED_LATE
        )
    }
