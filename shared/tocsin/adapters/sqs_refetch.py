"""Delayed work for the projector, on SQS."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tocsin.adapters.aws_call import AwsCall
    from tocsin.billing.projection.refetch import LedgerReplay, RefetchRequest


class SqsRefetchQueue:
    """Implements `billing.ports.RefetchQueue`. Standard queue: order does not matter here."""

    def __init__(self, aws: AwsCall, queue_url: str) -> None:
        self._aws, self._queue_url = aws, queue_url

    def send(self, request: RefetchRequest | LedgerReplay, *, delay: int) -> None:
        self._aws.call(
            "SendMessage",
            {
                "QueueUrl": self._queue_url,
                "MessageBody": request.to_json(),
                "DelaySeconds": delay,
            },
        )
