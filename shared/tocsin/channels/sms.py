"""Text messages: one publish by SNS to one telephone number, in one part of 160 septets.

A page is transactional: carriers must not hold it back with advertising. The message's attributes
go along; SNS ignores those it does not know, and whoever looks finds the message's id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.channels.aws_send import PATIENCE, handed_over
from tocsin.channels.sns import string_attributes
from tocsin.runtime.aws.client import client

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_sns.client import SNSClient

    from tocsin.people.ways import Way
    from tocsin.ports.messages import Message


class SmsChannel:
    """A `WaySender` to telephones; the client is made with the first message."""

    def __init__(self, *, client: SNSClient | None = None) -> None:
        self._client = client

    def send(self, way: Way, message: Message) -> str:
        if self._client is None:
            self._client = client("sns", **PATIENCE)
        kind = {"DataType": "String", "StringValue": "Transactional"}
        return handed_over(
            self._client.publish,
            PhoneNumber=way.address,
            Message=message.short,
            MessageAttributes=string_attributes(message) | {"AWS.SNS.SMS.SMSType": kind},
        )


def open_ways(_settings: Mapping[str, str]) -> SmsChannel:
    """The channel behind a registry entry; a telephone number is all it needs."""
    return SmsChannel()
