"""What wakes the driver of a long work: a message that names it.

`work` is what the message calls it, `replay` or `reconciliation`: one kind to a queue.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tocsin.errors import MalformedPayload

if TYPE_CHECKING:
    from tocsin.adapters.aws.call import AwsCall

FORMAT = 1
LOOK_AGAIN = 300
"""Seconds after which a driver that left to another looks whether that one is alive."""


class SqsDrive:
    """Starts a driver, `after` so many seconds; called with the id of what is to be driven."""

    def __init__(self, aws: AwsCall, queue_url: str, *, work: str, after: int = 0) -> None:
        self._aws, self._queue_url, self._work = aws, queue_url, work
        self._delay = {"DelaySeconds": after} if after else {}

    def __call__(self, name: str) -> None:
        body = json.dumps({"v": FORMAT, self._work: name}, separators=(",", ":"))
        request = {"QueueUrl": self._queue_url, "MessageBody": body, **self._delay}
        self._aws.call("SendMessage", request)


def read_drive(text: str, *, work: str) -> str:
    """The id a message names.

    Raises:
        MalformedPayload: this is no such message.
    """
    try:
        document = json.loads(text)
        if document["v"] != FORMAT:
            raise MalformedPayload("The message is of an unknown format.")
        return str(document[work])
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedPayload(f"The message names no {work}.") from error
