"""Money given back: an event that names a payment, from which its subscription has to be found.

The provider is asked, step by step. What it says is evidence like any other and may come in any
order; a provider that does not answer is asked again by having the event read once more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tocsin.application.billing.projection.outcome import Outcome, Projected
from tocsin.billing.event import Problem
from tocsin.billing.projection import learning
from tocsin.billing.projection.ledger_key import key_of
from tocsin.billing.projection.ordering import EMPTY
from tocsin.billing.projection.quarantine import Poison
from tocsin.billing.projection.refetch import LedgerReplay, Reason

if TYPE_CHECKING:
    from tocsin.billing.projection.told import BillingEvent
    from tocsin.ports.billing.projection import (
        InvoiceSource,
        Projection,
        Quarantine,
        RefetchQueue,
    )

MAX_RACES = 3
DELAY = 900
GIVE_UP_AFTER = 3 * 86_400
"""How long an event is read again: for about as long as a provider tries. Seconds."""


@dataclass(frozen=True, slots=True)
class GivingBack:
    """Handles such events over its ports; without `invoices` nothing can be found."""

    projection: Projection
    invoices: InvoiceSource | None
    queue: RefetchQueue
    quarantine: Quarantine

    def take(self, event: BillingEvent, *, now: int) -> Projected:
        """Finds the subscription that a refunded payment was for, and takes its end away."""
        if self.invoices is None or event.given_back is None:
            return Projected(Outcome.IRRELEVANT)
        found = self.invoices.given_back(event.identity, event.given_back)
        asked = Projected(Outcome.APPLIED, about_payment=1)
        if found is None:
            return replace(self._later(event, now=now), about_payment=1)
        if found.subscription is None:
            return replace(asked, outcome=Outcome.IRRELEVANT)
        for _ in range(MAX_RACES):
            row = self.projection.read(event.identity, found.subscription)
            if row is None:
                row = EMPTY
            change = learning.learn(row, found.told)
            if change is None:
                return replace(asked, outcome=Outcome.DONE)
            if self.projection.write(event.identity, found.subscription, change):
                return replace(asked, rev_changed=change.row.rev != row.rev)
        return replace(self._later(event, now=now), about_payment=1)

    def _later(self, event: BillingEvent, *, now: int) -> Projected:
        """The event is read again from the ledger, for about as long as a provider tries."""
        at = key_of(event.identity, event.id, event.created)
        if now - _second(event, now) > GIVE_UP_AFTER:
            self.quarantine.put(
                Poison(
                    provider=event.identity.provider,
                    id=event.id,
                    reason=Problem.PROVIDER_UNREACHABLE,
                    detail="what was given back could not be asked for",
                    first_seen=_second(event, now),
                    ledger_pk=at.pk,
                    identity=str(event.identity),
                )
            )
            return Projected(Outcome.QUARANTINED, problem=Problem.PROVIDER_UNREACHABLE)
        self.queue.send(LedgerReplay(at.pk, at.sk), delay=DELAY)
        return Projected(Outcome.DEFERRED, problem=Reason.FAILED)


def _second(event: BillingEvent, now: int) -> int:
    return now if event.created is None else event.created
