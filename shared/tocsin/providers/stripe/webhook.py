"""A Stripe delivery: is it Stripe's, and what does it concern.

Light on purpose, for it is on the ingest path: the snapshot itself is read later, by the
projector (`stripe.subscription`). Every shape is recognised by what is in the body, never by a
configured API version: events of other versions arrive through pinned endpoints too.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from tocsin.billing.event import Envelope, EventClass, IdSource
from tocsin.billing.identity import is_object_id
from tocsin.billing.projection.ledger_key import usable_time
from tocsin.errors import MalformedPayload
from tocsin.providers.foreign_json import flag, load_object, object_id, reference, section, text
from tocsin.providers.stripe import signature

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SIGNATURE_HEADER = "stripe-signature"
MAX_ID = 255

HINT_TYPES = frozenset(
    {
        "checkout.session.async_payment_failed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.completed",
        "invoice.marked_uncollectible",
        "invoice.paid",
        "invoice.payment_action_required",
        "invoice.payment_failed",
        "invoice.payment_succeeded",
        "invoice.voided",
        "subscription_schedule.aborted",
        "subscription_schedule.canceled",
        "subscription_schedule.completed",
        "subscription_schedule.released",
        "subscription_schedule.updated",
    }
)
"""Events that often come with a change of a subscription, and name it."""


GIVEN_BACK_TYPES = {
    "charge.refunded": ("refunded", True),
    "charge.dispute.closed": ("status", "lost"),
}
"""Events of a payment given back in full, by what their object then says."""


def verify(headers: Mapping[str, str], body: bytes, *, secrets: Sequence[bytes], now: int) -> None:
    """Returns if the delivery is Stripe's; raises as `stripe.signature.verify` does."""
    signature.verify(headers.get(SIGNATURE_HEADER), body, secrets=secrets, now=now)


def read(headers: Mapping[str, str], body: bytes) -> tuple[Envelope, dict[str, Any]]:
    """The envelope of a verified body, and its document.

    Raises:
        MalformedPayload: not a JSON object, or without the id and type every event has.
    """
    del headers  # Razorpay needs them; here everything is in the body
    document = load_object(body)
    event_id, event_type = text(document, "id"), text(document, "type")
    if event_id is None or event_type is None or len(event_id) > MAX_ID:
        raise MalformedPayload("The body is no Stripe event: it has no id or no type.")
    thin = text(document, "object") == "v2.core.event"
    if thin:
        # The list of events has the snapshot, under its own id: a replay has to find this one.
        event_id = object_id(document, "snapshot_event") or event_id
    subject = section(document, "related_object") if thin else section(document, "data", "object")
    event_class, subscription = _concern(event_type, subject, thin=thin)
    return Envelope(
        id=event_id,
        id_source=IdSource.PROVIDER,
        type=event_type[:MAX_ID],
        event_class=event_class,
        created=_created(document),
        object_type=text(subject, "type" if thin else "object"),
        object_id=(text(subject, "id") or "")[:MAX_ID] or None,
        subscription=subscription,
        api_version=text(document, "api_version"),
        account=_account(document),
        live=flag(document, "livemode"),
    ), document


def subscription_of(subject: Mapping[str, Any]) -> str | None:
    """The subscription that an invoice, a checkout or a schedule belongs to, in any version."""
    return (
        reference(subject, "subscription")
        or reference(section(subject, "parent", "subscription_details"), "subscription")
        or reference(subject, "released_subscription")
    )


def _concern(
    event_type: str, subject: Mapping[str, Any], *, thin: bool
) -> tuple[EventClass, str | None]:
    kind = text(subject, "type" if thin else "object")
    if kind == "subscription":
        return (EventClass.HINT if thin else EventClass.SNAPSHOT), object_id(subject, "id")
    if event_type.startswith("customer.subscription."):
        return EventClass.HINT, object_id(subject, "id")
    if event_type in HINT_TYPES and (named := subscription_of(subject)):
        return EventClass.HINT, named if is_object_id(named) else None
    if event_type in GIVEN_BACK_TYPES and not thin:
        key, value = GIVEN_BACK_TYPES[event_type]
        if subject.get(key) == value:
            return EventClass.GIVEN_BACK, None
    return EventClass.IRRELEVANT, None


def _created(document: Mapping[str, Any]) -> int | None:
    """Whole seconds; a thin event writes its time as RFC 3339 text."""
    written = text(document, "created")
    if written is None:
        return usable_time(document.get("created"))
    try:
        moment = datetime.fromisoformat(written)
        return usable_time(int(moment.timestamp())) if moment.tzinfo else None
    except (ValueError, OverflowError, OSError):
        return None


def _account(document: Mapping[str, Any]) -> str | None:
    """The connected account: `account` of a snapshot event, the last of a thin one's `context`."""
    claimed = document.get("account")
    if claimed is not None:
        return str(claimed)
    context = text(document, "context")
    return context.rpartition("/")[2] if context else None
