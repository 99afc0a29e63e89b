"""What wakes the reconciler: a message that names a reconciliation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tocsin.errors import MalformedPayload

if TYPE_CHECKING:
    from tocsin.adapters.aws_call import AwsCall

FORMAT = 1


class SqsReconcileDrive:
    """Starts a driver for a reconciliation; called with its id."""

    def __init__(self, aws: AwsCall, queue_url: str) -> None:
        self._aws, self._queue_url = aws, queue_url

    def __call__(self, name: str) -> None:
        body = json.dumps({"v": FORMAT, "reconciliation": name}, separators=(",", ":"))
        self._aws.call("SendMessage", {"QueueUrl": self._queue_url, "MessageBody": body})


def read_drive(text: str) -> str:
    """The reconciliation a message names.

    Raises:
        MalformedPayload: this is no such message.
    """
    try:
        document = json.loads(text)
        if document["v"] != FORMAT:
            raise MalformedPayload("The message is of an unknown format.")
        return str(document["reconciliation"])
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedPayload("The message names no reconciliation.") from error
