"""What wakes the notifier: the table's stream, or a list of items that are overdue.

The stream is the fast path and carries only keys here; everything else is read from the item, so
a stream record that comes late or twice does no harm. A failure of one message stays with that
message. Only what the store could not answer fails the whole batch, which is then delivered again.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tocsin.application.incidents.deliver import Result
from tocsin.errors import UNREADABLE, MalformedPayload
from tocsin.incidents.model.outbox import OutboxKey
from tocsin.notes import Event, Metric
from tocsin.runtime.batch import failures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.application.incidents.deliver import Delivery

_INCIDENT = "INC#"
_OUTBOX = "OUT#"


def take(event: Mapping[str, Any], *, delivery: Delivery, owner: str) -> dict[str, Any]:
    """Delivers what a stream batch or a redrive names.

    Returns:
        For the stream, the records whose messages can never be written or sent as they are; for
        a redrive, how many items had which result.

    Raises:
        StoreUnavailable: the store did not answer; the batch must be delivered again.
    """
    if "redrive" in event:
        return _redrive(event, delivery, owner)
    failed: list[str] = []
    for record in event["Records"]:
        sequence = record["dynamodb"]["SequenceNumber"]
        try:
            key = _inserted(record)
        except MalformedPayload as error:
            delivery.notes.refused(Event.RECORD_FAILED, error, record=sequence)
            failed.append(sequence)
            continue
        if key and delivery.deliver(key, owner=owner) is Result.UNREADABLE:
            failed.append(sequence)
    return failures(failed)


def _redrive(event: Mapping[str, Any], delivery: Delivery, owner: str) -> dict[str, Any]:
    keys = [OutboxKey(incident=item["incident"], sk=item["sk"]) for item in event["redrive"]]
    results = Counter(delivery.deliver(key, owner=owner) for key in keys)
    delivery.bundle(owner=owner)
    delivery.notes.count(Metric.OUTBOX_REDRIVEN, len(keys))
    return {str(result): results[result] for result in Result}


def _inserted(record: Mapping[str, Any]) -> OutboxKey | None:
    """The outbox item a record announces; None for everything else on the stream."""
    try:
        pk, sk = (str(record["dynamodb"]["Keys"][name]["S"]) for name in ("PK", "SK"))
    except UNREADABLE as error:
        raise MalformedPayload("a stream record without the table's keys") from error
    if record.get("eventName") != "INSERT" or not sk.startswith(_OUTBOX):
        return None
    if not pk.startswith(_INCIDENT):
        raise MalformedPayload("an outbox item outside an incident")
    return OutboxKey(incident=pk.removeprefix(_INCIDENT), sk=sk)
