"""SNS as a channel: one publish is one message to one person or one audience.

The topic decides who hears it: subscriptions filter on the attributes, SMS subscribers get the
short text and all others the long one. What SNS refuses for good is told apart from what it did
not answer, because the first must be seen by a person and the second is simply sent again.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from tocsin.errors import MessageRefused, SendFailed
from tocsin.runtime.aws import client

if TYPE_CHECKING:
    from mypy_boto3_sns.client import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

    from tocsin.ports import Message

_NEVER = frozenset({"InvalidParameter", "InvalidParameterValue", "ParameterValueInvalid"})
_CONNECT_SECONDS = 2
_READ_SECONDS = 5
_ATTEMPTS = 3


class SnsSender:
    """A `Sender` to one topic; the client is made with the first message."""

    def __init__(self, topic_arn: str, *, client: SNSClient | None = None) -> None:
        self._topic_arn = topic_arn
        self._client = client

    def send(self, message: Message) -> str:
        attributes: dict[str, MessageAttributeValueTypeDef] = {
            name: {"DataType": "String", "StringValue": value}
            for name, value in message.attributes.items()
        }
        try:
            answer = self._connected().publish(
                TopicArn=self._topic_arn,
                Subject=message.subject,
                Message=json.dumps({"default": message.text, "sms": message.short}),
                MessageStructure="json",
                MessageAttributes=attributes,
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            kind = MessageRefused if code in _NEVER else SendFailed
            raise kind("SNS refused the message", reason=code) from error
        except BotoCoreError as error:
            raise SendFailed("SNS did not answer", reason=type(error).__name__) from error
        return answer["MessageId"]

    def _connected(self) -> SNSClient:
        if self._client is None:
            self._client = _client()
        return self._client


def open_channel(address: str) -> SnsSender:
    """The sender behind a registry entry; `address` is the topic's ARN."""
    return SnsSender(address)


def _client() -> SNSClient:
    made: SNSClient = client(
        "sns", connect_seconds=_CONNECT_SECONDS, read_seconds=_READ_SECONDS, attempts=_ATTEMPTS
    )
    return made
