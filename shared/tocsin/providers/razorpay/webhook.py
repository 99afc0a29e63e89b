"""A Razorpay delivery: is it Razorpay's, and what does it concern.

The body has no id: it is in the header `x-razorpay-event-id`, and where that is missing the hash
of the body stands in. The header is not signed, so the hash is kept beside the id: the same id with
another body is another event. `created_at` is at the top or inside `payload`, `account_id` is
sometimes absent, `notes` is an object or an empty list, and `contains` does not always name
everything.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from tocsin.billing.event import Envelope, EventClass, IdSource
from tocsin.billing.projection.ledger_key import usable_time
from tocsin.errors import MalformedPayload
from tocsin.providers.foreign_json import load_object, object_id, section, text
from tocsin.providers.razorpay import signature

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SIGNATURE_HEADER = "x-razorpay-signature"
EVENT_ID_HEADER = "x-razorpay-event-id"
MAX_ID = 255

HINT_TYPES = frozenset({"invoice.paid", "invoice.partially_paid", "invoice.expired"})
"""Events that name a subscription without carrying it."""

GIVEN_BACK_TYPES = frozenset({"refund.processed", "payment.dispute.lost"})
"""Events of money given back, with the payment it was taken by. (razorpay.com/docs/webhooks/
payloads/refunds and .../disputes)"""


def verify(headers: Mapping[str, str], body: bytes, *, secrets: Sequence[bytes], now: int) -> None:
    """Returns if the delivery is Razorpay's; raises as `razorpay.signature.verify` does."""
    del now  # nothing that is signed has a time
    signature.verify(headers.get(SIGNATURE_HEADER), body, secrets=secrets)


def read(headers: Mapping[str, str], body: bytes) -> tuple[Envelope, dict[str, Any]]:
    """The envelope of a verified body, and its document.

    Raises:
        MalformedPayload: not a JSON object, or without the `event` every event has.
    """
    document = load_object(body)
    event_type = text(document, "event")
    if event_type is None:
        raise MalformedPayload("The body is no Razorpay event: it does not name one.")
    event_id, id_source = _event_id(headers, body)
    payload = section(document, "payload")
    kind, entity = _subject(event_type, payload)
    event_class, subscription = _concern(event_type, payload)
    return Envelope(
        id=event_id,
        id_source=id_source,
        type=event_type[:MAX_ID],
        event_class=event_class,
        created=_created(document),
        object_type=kind,
        object_id=(text(entity, "id") or "")[:MAX_ID] or None,
        subscription=subscription,
        api_version=None,
        account=_account(document),
        live=None,
        body_hash=hashlib.sha256(body).hexdigest() if id_source is IdSource.PROVIDER else None,
    ), document


def _event_id(headers: Mapping[str, str], body: bytes) -> tuple[str, IdSource]:
    given = (headers.get(EVENT_ID_HEADER) or "").strip()
    if given and given.isascii() and given.isprintable() and len(given) <= MAX_ID:
        return given, IdSource.PROVIDER
    return "sha256:" + hashlib.sha256(body).hexdigest(), IdSource.HASH


def _subject(event_type: str, payload: Mapping[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """The entity an event is about: the one its type begins with, else the first one there is."""
    family = event_type.partition(".")[0]
    for kind in (family, *payload):
        if entity := section(payload, kind, "entity"):
            return kind, entity
    return None, {}


def _concern(event_type: str, payload: Mapping[str, Any]) -> tuple[EventClass, str | None]:
    if entity := section(payload, "subscription", "entity"):
        return EventClass.SNAPSHOT, object_id(entity, "id")
    if event_type.startswith("subscription."):
        return EventClass.HINT, None
    invoice = section(payload, "invoice", "entity")
    if event_type in HINT_TYPES and text(invoice, "subscription_id"):
        return EventClass.HINT, object_id(invoice, "subscription_id")
    if event_type in GIVEN_BACK_TYPES and text(section(payload, "payment", "entity"), "invoice_id"):
        return EventClass.GIVEN_BACK, None
    return EventClass.IRRELEVANT, None


def _created(document: Mapping[str, Any]) -> int | None:
    created = usable_time(document.get("created_at"))
    if created is not None:
        return created
    return usable_time(section(document, "payload").get("created_at"))


def _account(document: Mapping[str, Any]) -> str | None:
    claimed = document.get("account_id")
    return None if claimed is None else str(claimed)
