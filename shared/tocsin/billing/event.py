"""A provider's event, reduced to what ingest needs to know of it.

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
    """What was given back, by what the event names: an invoice, a payment, a charge.

    All of it, but for a dispute: that may be about a part. `amount` is then what was lost, in the
    smallest unit of `currency`; whether that is all its charge tells.
    """

    invoice: str | None = None
    payment: str | None = None
    charge: str | None = None
    amount: int | None = None
    currency: str | None = None
