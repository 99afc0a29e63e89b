"""From a stored event to what the projector decides by.

Read here and not at ingest: what a shape means can be improved and every stored event read again,
while what was answered to a provider cannot. Something missing is a problem that is named and
counted, and the event then makes the projector ask; it is never skipped over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.billing.event import EventClass, Problem
from tocsin.billing.projection.told import BillingEvent
from tocsin.billing.subscription import Status
from tocsin.errors import MalformedPayload, UnreadableShape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from tocsin.billing.projection.ledger_key import LedgerRecord
    from tocsin.billing.subscription import Subscription
    from tocsin.ports.billing.projection import ObjectReader


def billing_event(
    record: LedgerRecord,
    *,
    reader: ObjectReader,
    unpack: Callable[[bytes], dict[str, Any]],
) -> BillingEvent:
    """The event in a ledger record.

    Raises:
        MalformedPayload: the event concerns a subscription but does not say which, or its stored
            body is damaged.
    """
    envelope = record.envelope
    concerned = envelope.event_class in {EventClass.SNAPSHOT, EventClass.HINT}
    if concerned and envelope.subscription is None:
        raise MalformedPayload("The event names no subscription.")
    document: Mapping[str, Any]
    problem: str | None
    snapshot, problem, invoices, given_back = None, None, None, None
    if envelope.event_class is not EventClass.IRRELEVANT:
        try:
            document = unpack(record.body)
        except MalformedPayload:
            if envelope.event_class is not EventClass.HINT:
                raise
            # What it concerns is known without its body, and the provider is asked anyway.
            document, problem = {}, Problem.UNREADABLE_SHAPE
        if envelope.event_class is EventClass.SNAPSHOT:
            snapshot, problem = _snapshot(document, envelope.created, reader)
        if concerned:
            invoices = reader.invoice_told(document)
        else:
            given_back = reader.given_back(document)
    return BillingEvent(
        identity=record.identity,
        id=envelope.id,
        type=envelope.type,
        event_class=EventClass.HINT if problem else envelope.event_class,
        created=envelope.created,
        subscription=envelope.subscription,
        snapshot=snapshot,
        problem=problem,
        invoices=invoices,
        given_back=given_back,
    )


def _snapshot(
    document: Mapping[str, Any], created: int | None, reader: ObjectReader
) -> tuple[Subscription | None, str | None]:
    """The snapshot, or the reason why there is none."""
    if created is None:
        return None, Problem.NO_CREATED
    try:
        shape = reader.snapshot_in(document)
        snapshot = reader.subscription(shape, as_of=created)
    except UnreadableShape:
        return None, Problem.UNREADABLE_SHAPE
    if snapshot.status is Status.UNKNOWN:
        return None, Problem.UNKNOWN_STATUS
    return snapshot, None
