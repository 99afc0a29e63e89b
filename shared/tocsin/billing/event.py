"""A provider's event, reduced to what ingest and projection need to know.

Three classes, by what an event may do to a projection:

- SNAPSHOT carries a full picture of one subscription and the second it was made in. Only it may
  be applied as it is.
- HINT concerns a subscription without being such a picture (an invoice, a checkout, a thin event,
  a snapshot with something missing). It makes the projector ask the provider.
- GIVEN_BACK tells that a payment was given back (a refund, a dispute lost). It names no
  subscription: which one it was for the provider is asked.
- IRRELEVANT is stored and counted, and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tocsin.billing.projection.paid import NOTHING, told_by

if TYPE_CHECKING:
    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.paid import Paid
    from tocsin.billing.subscription import Subscription


class EventClass(StrEnum):
    """What an event may do to a projection. The values are stored."""

    SNAPSHOT = "S"
    HINT = "H"
    GIVEN_BACK = "R"
    IRRELEVANT = "-"


class Problem(StrEnum):
    """Why something that concerns a projection cannot be taken as it is; a metric's dimension."""

    NO_CREATED = "no_created"
    UNKNOWN_STATUS = "unknown_status"
    UNREADABLE_SHAPE = "unreadable_shape"
    PROVIDER_MISSING = "provider_missing"
    PROVIDER_UNREACHABLE = "provider_unreachable"


class IdSource(StrEnum):
    """Where an event's id comes from: the provider, or the hash of a body that has none."""

    PROVIDER = "provider"
    HASH = "hash"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What ingest reads of a verified body: enough to file it, nothing to judge it by.

    `created` is in whole epoch seconds, None when the body has no usable time. `account` and
    `live` are what the body claims, only ever compared. `subscription` names the one concerned.
    `body_hash` is the body's SHA-256 in hex, where the id was not signed with the body.
    """

    id: str
    id_source: IdSource
    type: str
    event_class: EventClass
    created: int | None
    object_type: str | None
    object_id: str | None
    subscription: str | None
    api_version: str | None
    account: str | None
    live: bool | None
    body_hash: str | None = None


@dataclass(frozen=True, slots=True)
class GivenBack:
    """What was given back in full, by what the event names: an invoice, a payment, a charge."""

    invoice: str | None = None
    payment: str | None = None
    charge: str | None = None


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
