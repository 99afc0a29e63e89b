"""SNS as a channel: one publish is one message to one person or one audience.

The topic decides who hears it: subscriptions filter on the attributes, SMS subscribers get the
short text and all others the long one.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tocsin.channels.aws_send import handed_over, service

if TYPE_CHECKING:
    from tocsin.adapters.aws.call import AwsCall
    from tocsin.ports.messages import Message


class SnsSender:
    """A `Sender` to one topic."""

    def __init__(self, topic_arn: str, *, aws: AwsCall | None = None) -> None:
        self._topic_arn = topic_arn
        self._aws = aws

    def send(self, message: Message) -> str:
        request = {
            "TopicArn": self._topic_arn,
            "Subject": message.subject,
            "Message": json.dumps({"default": message.text, "sms": message.short}),
            "MessageStructure": "json",
            "MessageAttributes": string_attributes(message),
        }
        return handed_over(self._aws or service("sns"), "Publish", request)


def open_channel(address: str) -> SnsSender:
    """The sender behind a registry entry; `address` is the topic's ARN."""
    return SnsSender(address)


def string_attributes(message: Message) -> dict[str, dict[str, str]]:
    """The message's attributes as SNS wants them."""
    return {
        name: {"DataType": "String", "StringValue": value}
        for name, value in message.attributes.items()
    }
