"""An event as the projector sees it: whose, and all that it tells.

Apart from `billing.event`, for ingest files events and knows nothing of pictures and payment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.billing.projection.paid import NOTHING, told_by

if TYPE_CHECKING:
    from tocsin.billing.event import EventClass, GivenBack
    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.paid import Paid
    from tocsin.billing.subscription import Subscription


@dataclass(frozen=True, slots=True)
class BillingEvent:
    """One event as the projector sees it.

    `snapshot` is there for class SNAPSHOT only. `problem` says why something that should have
    been a snapshot is none: it is counted, for a silent gap is how projections go wrong. `invoices`
    is what its invoice tells of payment, `given_back` is there for class GIVEN_BACK.
    """

    identity: Identity
    id: str
    type: str
    event_class: EventClass
    created: int | None
    subscription: str | None
    snapshot: Subscription | None = None
    problem: str | None = None
    invoices: Paid | None = None
    given_back: GivenBack | None = None

    @property
    def told(self) -> Paid:
        """All that the event tells of payment, its snapshot included."""
        told = self.invoices or NOTHING
        if self.snapshot is None or self.created is None:
            return told
        return told.with_(told_by(self.snapshot, at=self.created))
