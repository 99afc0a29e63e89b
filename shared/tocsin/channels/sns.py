"""SNS as a channel: one publish is one message to one person or one audience.

The topic decides who hears it: subscriptions filter on the attributes, SMS subscribers get the
short text and all others the long one.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tocsin.channels.aws_send import PATIENCE, handed_over
from tocsin.runtime.aws.client import client

if TYPE_CHECKING:
    from mypy_boto3_sns.client import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

    from tocsin.ports.messages import Message


class SnsSender:
    """A `Sender` to one topic; the client is made with the first message."""

    def __init__(self, topic_arn: str, *, client: SNSClient | None = None) -> None:
        self._topic_arn = topic_arn
        self._client = client

    def send(self, message: Message) -> str:
        if self._client is None:
            self._client = client("sns", **PATIENCE)
        return handed_over(
            self._client.publish,
            TopicArn=self._topic_arn,
            Subject=message.subject,
            Message=json.dumps({"default": message.text, "sms": message.short}),
            MessageStructure="json",
            MessageAttributes=string_attributes(message),
        )


def open_channel(address: str) -> SnsSender:
    """The sender behind a registry entry; `address` is the topic's ARN."""
    return SnsSender(address)


def string_attributes(message: Message) -> dict[str, MessageAttributeValueTypeDef]:
    """The message's attributes as SNS wants them."""
    return {
        name: {"DataType": "String", "StringValue": value}
        for name, value in message.attributes.items()
    }
