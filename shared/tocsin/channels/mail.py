"""Personal mail by SES: plain text, one recipient, the message's id in a header of its own.

SES has no token that would make a second send harmless, so a repeat is recognised by the reader:
`X-Tocsin-Message-Id` and the last line of the text are the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.channels.aws_send import handed_over, service
from tocsin.errors import MessageRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.adapters.aws.call import AwsCall
    from tocsin.people.ways import Way
    from tocsin.ports.messages import Message

SUBJECT_LIMIT = 100
_HEADERS = {
    "X-Tocsin-Message-Id": "message_id",
    "X-Tocsin-Incident": "incident",
    "X-Tocsin-Severity": "severity",
    "X-Tocsin-Kind": "kind",
}
_UTF8 = "UTF-8"


class MailChannel:
    """A `WaySender` to mailboxes."""

    def __init__(self, sender: str, *, aws: AwsCall | None = None) -> None:
        self._from = sender
        self._aws = aws

    def send(self, way: Way, message: Message) -> str:
        if len(message.subject) >= SUBJECT_LIMIT or not message.subject.isprintable():
            raise MessageRefused("a subject is one line of fewer than 100 characters")
        request = {
            "FromEmailAddress": self._from,
            "Destination": {"ToAddresses": [way.address]},
            "Content": {
                "Simple": {
                    "Subject": {"Data": message.subject, "Charset": _UTF8},
                    "Body": {"Text": {"Data": message.text, "Charset": _UTF8}},
                    "Headers": [
                        {"Name": header, "Value": message.attributes[name]}
                        for header, name in _HEADERS.items()
                        if message.attributes.get(name)
                    ],
                }
            },
        }
        return handed_over(self._aws or service("sesv2"), "SendEmail", request)


def open_ways(settings: Mapping[str, str]) -> MailChannel:
    """The channel behind a registry entry; `MAIL_FROM` is a verified identity's address."""
    return MailChannel(settings["MAIL_FROM"])
