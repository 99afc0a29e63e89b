"""Ids of due incidents that one sweep cannot do in its time, on SQS, many to a message."""

from __future__ import annotations

import json
from itertools import batched
from typing import TYPE_CHECKING, Any

from tocsin.errors import UNREADABLE, MalformedPayload, QueueUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.adapters.aws.call import AwsCall

PER_MESSAGE = 25
PER_CALL = 10


class SqsDueQueue:
    """Implements `ports.incidents.DueQueue`. Standard queue: a tick acts on nothing twice."""

    def __init__(self, aws: AwsCall, queue_url: str) -> None:
        self._aws, self._queue_url = aws, queue_url

    def send(self, incidents: Sequence[str]) -> None:
        bodies = [body_of(part) for part in batched(incidents, PER_MESSAGE, strict=False)]
        for part in batched(bodies, PER_CALL, strict=False):
            entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(part)]
            answer = self._aws.call(
                "SendMessageBatch", {"QueueUrl": self._queue_url, "Entries": entries}
            )
            if answer.get("Failed"):
                raise QueueUnavailable(
                    f"the queue took {len(part) - len(answer['Failed'])} messages"
                )


def body_of(incidents: Sequence[str]) -> str:
    """The message for some incidents."""
    return json.dumps({"incidents": list(incidents)})


def incidents_of(body: str) -> tuple[str, ...]:
    """The inverse of `body_of`.

    Raises:
        MalformedPayload: not a message of this queue.
    """
    try:
        found: Any = json.loads(body)["incidents"]
    except UNREADABLE as error:
        raise MalformedPayload("not a message with due incidents") from error
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise MalformedPayload("due incidents are a list of ids")
    return tuple(found)
