"""What wakes the planner: a message that names a replay."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tocsin.errors import MalformedPayload

if TYPE_CHECKING:
    from tocsin.adapters.aws_call import AwsCall

FORMAT = 1


class SqsReplayDrive:
    """Starts a driver for a replay; called with the replay's id."""

    def __init__(self, aws: AwsCall, queue_url: str) -> None:
        self._aws, self._queue_url = aws, queue_url

    def __call__(self, replay: str) -> None:
        body = json.dumps({"v": FORMAT, "replay": replay}, separators=(",", ":"))
        self._aws.call("SendMessage", {"QueueUrl": self._queue_url, "MessageBody": body})


def read_drive(text: str) -> str:
    """The replay a message names.

    Raises:
        MalformedPayload: this is no such message.
    """
    try:
        document = json.loads(text)
        if document["v"] != FORMAT:
            raise MalformedPayload("The message is of an unknown format.")
        return str(document["replay"])
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedPayload("The message names no replay.") from error
