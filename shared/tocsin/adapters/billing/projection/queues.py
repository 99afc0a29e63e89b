"""Work of the projection, on SQS: delayed questions, and events that a replay found missing.

A message to the workers that insert events carries whole ledger items, packed as they will be
stored: the worker needs no provider and no second list call. Personal data is gone by then, for
items are made as ingest makes them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tocsin.adapters.billing.projection.ledger import item_of
from tocsin.errors import UNREADABLE, MalformedPayload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tocsin.adapters.aws.call import AwsCall
    from tocsin.billing.projection.ledger_key import LedgerRecord
    from tocsin.billing.projection.refetch import LedgerReplay, RefetchRequest


class SqsRefetchQueue:
    """Implements `ports.billing.projection.RefetchQueue`. Standard queue: order does not matter."""

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


FORMAT = 1

EVENTS_PER_MESSAGE = 25

MAX_MESSAGE = 200_000

"""Bytes of one message; SQS takes 262,144."""


class SqsRestoreQueue:
    """Implements `ports.billing.replay.RestoreQueue`. `wake` wakes a worker for what was sent."""

    def __init__(self, aws: AwsCall, queue_url: str, *, wake: Callable[[], None]) -> None:
        self._aws, self._queue_url, self._wake = aws, queue_url, wake

    def send(self, replay: str, records: Sequence[LedgerRecord]) -> None:
        bodies = list(_messages(replay, records))
        for body in bodies:
            self._aws.call("SendMessage", {"QueueUrl": self._queue_url, "MessageBody": body})
        if bodies:
            self._wake()


def read_items(text: str) -> tuple[str, list[dict[str, Any]]]:
    """The replay and the ledger items of one message.

    Raises:
        MalformedPayload: this is no such message, or of a format this code does not know.
    """
    try:
        document = json.loads(text)
        if document["v"] != FORMAT:
            raise MalformedPayload("The message is of an unknown format.")
        return str(document["replay"]), list(document["items"])
    except UNREADABLE as error:
        raise MalformedPayload("The message carries no events to restore.") from error


def _messages(replay: str, records: Sequence[LedgerRecord]) -> Iterator[str]:
    """As many events a message as fit; a single huge one goes alone."""
    head = json.dumps({"v": FORMAT, "replay": replay}, separators=(",", ":"))[:-1] + ',"items":['
    items: list[str] = []
    size = 0
    for record in records:
        text = json.dumps(item_of(record), separators=(",", ":"))
        if items and (len(items) == EVENTS_PER_MESSAGE or size + len(text) > MAX_MESSAGE):
            yield f"{head}{','.join(items)}]}}"
            items, size = [], 0
        items.append(text)
        size += len(text)
    if items:
        yield f"{head}{','.join(items)}]}}"


_THERE, _TAKEN = "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"


class SqsDepths:
    """How many messages lie in a queue, and how many of it somebody works on; approximate."""

    def __init__(self, aws: AwsCall) -> None:
        self._aws = aws

    def of(self, url: str) -> tuple[int, int]:
        asked = {"QueueUrl": url, "AttributeNames": [_THERE, _TAKEN]}
        found = self._aws.call("GetQueueAttributes", asked)["Attributes"]
        return int(found[_THERE]), int(found[_TAKEN])
