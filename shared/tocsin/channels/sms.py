"""Text messages: one publish by SNS to one telephone number, in as few parts as it takes.

A page is transactional: carriers must not hold it back with advertising. The message's attributes
go along; SNS ignores those it does not know, and whoever looks finds the message's id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.channels.aws_send import handed_over, service
from tocsin.channels.sns import string_attributes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.adapters.aws.call import AwsCall
    from tocsin.people.ways import Way
    from tocsin.ports.messages import Message


class SmsChannel:
    """A `WaySender` to telephones."""

    def __init__(self, *, aws: AwsCall | None = None) -> None:
        self._aws = aws

    def send(self, way: Way, message: Message) -> str:
        kind = {"DataType": "String", "StringValue": "Transactional"}
        request = {
            "PhoneNumber": way.address,
            "Message": message.short,
            "MessageAttributes": string_attributes(message) | {"AWS.SNS.SMS.SMSType": kind},
        }
        return handed_over(self._aws or service("sns"), "Publish", request)


def open_ways(_settings: Mapping[str, str]) -> SmsChannel:
    """The channel behind a registry entry; a telephone number is all it needs."""
    return SmsChannel()
