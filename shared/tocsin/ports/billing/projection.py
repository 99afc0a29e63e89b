"""What billing asks of the outside world: the ledger, the projection, the provider, a queue.

They speak in billing's words only; adapters implement them in pairs, one on DynamoDB and one in
memory, under one contract test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from tocsin.billing.projection.paid import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.billing.event import Envelope, GivenBack
    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.ledger_key import LedgerRecord
    from tocsin.billing.projection.ordering import Answer, Change, Row
    from tocsin.billing.projection.paid import Paid
    from tocsin.billing.projection.quarantine import Poison
    from tocsin.billing.projection.refetch import LedgerReplay, RefetchRequest
    from tocsin.billing.projection.told import BillingEvent
    from tocsin.billing.subscription import Subscription


class WebhookReader(Protocol):
    """A provider's `webhook` module: the hot path. Header names are lower-case."""

    def verify(
        self, headers: Mapping[str, str], body: bytes, *, secrets: Sequence[bytes], now: int
    ) -> None: ...

    def read(self, headers: Mapping[str, str], body: bytes) -> tuple[Envelope, dict[str, Any]]: ...


class ObjectReader(Protocol):
    """A provider's `objects` module: its objects' shapes and where to ask for them."""

    def snapshot_in(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """The subscription object that a snapshot event's document carries."""
        ...

    def subscription(self, shape: Mapping[str, Any], *, as_of: int) -> Subscription:
        """Reads one subscription object of any API version.

        Raises:
            UnreadableShape: a field is missing that every version carries.
        """
        ...

    def path(self, subscription: str) -> str:
        """The path of one subscription under the provider's API base."""
        ...

    def rest(self, shape: Mapping[str, Any]) -> str | None:
        """Where the rest of an object is that its answer leaves out; None: it is whole."""
        ...

    def joined(self, shape: Mapping[str, Any], page: Mapping[str, Any]) -> dict[str, Any]:
        """The object with one more page of what was left out.

        Raises:
            KeyError, TypeError, ValueError: this is no such page.
        """
        ...

    def invoice_told(self, document: Mapping[str, Any]) -> Paid | None:
        """What an event's document tells of payment besides its snapshot; None: nothing."""
        ...

    def given_back(self, document: Mapping[str, Any]) -> GivenBack | None:
        """What an event of class GIVEN_BACK names; None: nothing was given back in full."""
        ...

    def invoices_path(self, subscription: str) -> str:
        """The path and query of a subscription's invoices, the newest first."""
        ...

    def paid_in(self, page: Mapping[str, Any]) -> Paid:
        """What a page of invoices tells of payment.

        Raises:
            KeyError, TypeError, ValueError: this is no page of invoices.
        """
        ...

    def trace(self, given_back: GivenBack) -> str | None:
        """Where to ask next for the invoice of what was given back; None: it has none."""
        ...

    def traced(self, given_back: GivenBack, shape: Mapping[str, Any]) -> GivenBack | Refunded:
        """What the answer tells: more to ask for, or what it was for."""
        ...

    def headers(self, key: str, identity: Identity) -> dict[str, str]:
        """The headers that authorise a request for this identity."""
        ...

    def is_gone(self, status: int, shape: Mapping[str, Any]) -> bool:
        """Whether an answer of this HTTP status says that there is no such subscription."""
        ...


class SubscriptionListing(Protocol):
    """A provider's `subscriptions` module: where they are listed, ended ones too."""

    def path(self, after: str | None) -> str:
        """The path and query of the page behind `after`."""
        ...

    def entries(
        self, document: Mapping[str, Any], after: str | None
    ) -> tuple[list[Any], str | None]:
        """The objects of a page, and what the next one begins behind; None at the end.

        Raises:
            KeyError, TypeError, ValueError: this is no page of subscriptions.
        """
        ...


class Ledger(Protocol):
    """Every event ever accepted, once."""

    def put(self, record: LedgerRecord) -> bool:
        """Stores the record if nothing is under its key; False if something is (a duplicate).

        Raises:
            StoreUnavailable: not known to be stored.
        """
        ...


@dataclass(frozen=True, slots=True)
class Applied:
    """What the fast path did: `done`, or the row that stood in its way (None: there is none)."""

    done: bool
    row: Row | None


class Projection(Protocol):
    """One row per subscription. Every write is conditional; False means the condition failed."""

    def read(self, identity: Identity, subscription: str) -> Row | None: ...

    def apply(self, event: BillingEvent, *, now: int) -> Applied:
        """The one-call fast path: writes the event's snapshot if the row allows it as it is."""
        ...

    def write(self, identity: Identity, subscription: str, change: Change) -> bool:
        """Writes `change` if the row's `ver` is still the one the change was computed from."""
        ...


class WorkspaceRows(Protocol):
    """The projections of one workspace, a moment old: for entitlements, not for decisions."""

    def of_workspace(self, workspace: str) -> list[tuple[Identity, Row]]:
        """Its rows as far as an entitlement needs them; `ver`, `seen` and the like are not read."""
        ...


class SeenAccounts(Protocol):
    """The accounts of which an event ever came, whether or not there is an API key for them."""

    def note(self, identity: Identity, *, now: int) -> None:
        """Remembers it for good; the time is of the first.

        Raises:
            StoreUnavailable: it is not known; note it again with the next event.
        """
        ...

    def every(self) -> Sequence[Identity]:
        """All that were noted."""
        ...


class OpenIncidents(Protocol):
    """Billing's only question to incident response."""

    def billing(self) -> tuple[str, ...]:
        """Ids of the open billing incidents, drills excluded, the newest first; a moment old.

        Raises:
            StoreUnavailable: it cannot be known.
        """
        ...


class ProviderClient(Protocol):
    """The provider's own word on one subscription."""

    def fetch(self, identity: Identity, subscription: str) -> Answer:
        """Asks now; never raises for what a provider answers or fails to answer."""
        ...


@dataclass(frozen=True, slots=True)
class Refunded:
    """What a payment given back was for; `subscription` is None where it was for none."""

    subscription: str | None = None
    told: Paid = NOTHING


class InvoiceSource(Protocol):
    """What a provider knows to be paid."""

    def paid(self, identity: Identity, subscription: str) -> Paid | None:
        """The paid invoices of one subscription; None: no answer, ask again later."""
        ...

    def given_back(self, identity: Identity, given_back: GivenBack) -> Refunded | None:
        """Which subscription's invoice it was; None: no answer, ask again later."""
        ...


class RefetchQueue(Protocol):
    """Requests to ask a provider later, and events to be read again."""

    def send(self, request: RefetchRequest | LedgerReplay, *, delay: int) -> None:
        """Queues one request; `delay` in seconds, 900 at most.

        Raises:
            QueueUnavailable: not known to be queued.
        """
        ...


class Quarantine(Protocol):
    """What cannot be handled, with the reason, until a person has looked."""

    def put(self, poison: Poison) -> None:
        """Keeps it; the same event again only refreshes its reason.

        Raises:
            StoreUnavailable: not known to be kept.
        """
        ...
