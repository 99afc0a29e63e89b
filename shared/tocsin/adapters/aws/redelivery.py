"""What failed comes back soon, and not when a whole batch could have been worked off.

A queue hides a message for six times as long as its function may run, as Lambda asks for. That is
right for what is being worked on, and minutes too long for an alarm whose write met one transient
failure. The function that failed knows that it is done with the message, and says so.
"""

from __future__ import annotations

from itertools import batched
from typing import TYPE_CHECKING, Any

from tocsin.errors import QueueUnavailable
from tocsin.notes import Event

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.adapters.aws.call import AwsCall
    from tocsin.notes import Notes

SOON = 15
"""Seconds until a failed message is delivered again."""

PER_CALL = 10


class SqsRedelivery:
    """Shortens how long the failed messages of a batch stay hidden."""

    def __init__(self, aws: AwsCall, queue_url: str, *, notes: Notes) -> None:
        self._aws, self._queue_url, self._notes = aws, queue_url, notes

    def soon(self, event: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """`event` is a batch of the queue and `answer` the function's; anything else is left alone.

        Where it cannot be done the messages come back all the same, when the queue's own time is
        over; that is logged.
        """
        failed = {each["itemIdentifier"] for each in answer.get("batchItemFailures", ())}
        receipts = [
            record["receiptHandle"]
            for record in event.get("Records", ())
            if record.get("messageId") in failed and "receiptHandle" in record
        ]
        for part in batched(receipts, PER_CALL, strict=False):
            try:
                self._hide(part)
            except QueueUnavailable as error:
                self._notes.refused(Event.REDELIVERY_SLOW, error, messages=len(part))

    def _hide(self, receipts: tuple[str, ...]) -> None:
        entries = [
            {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": SOON}
            for number, receipt in enumerate(receipts)
        ]
        payload = {"QueueUrl": self._queue_url, "Entries": entries}
        answer = self._aws.call("ChangeMessageVisibilityBatch", payload)
        if refused := answer.get("Failed"):
            raise QueueUnavailable("some are hidden for longer", reason=str(refused[0].get("Code")))
