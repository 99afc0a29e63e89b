"""Chat by Amazon Q Developer's custom notifications: a mention, in one thread an incident.

The room is shared, so what is posted there carries no link that acts for anybody. Schema:
https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html (version 1.0, source
`custom`, `threadId` groups by thread; a title takes 250 characters, a description 8,000).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tocsin.channels.aws_send import PATIENCE, handed_over
from tocsin.runtime.aws import client

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_sns.client import SNSClient

    from tocsin.application.ways import Way
    from tocsin.ports import Message

_TITLE, _DESCRIPTION = 250, 8_000


class ChatChannel:
    """A `WaySender` to one room; the client is made with the first message."""

    def __init__(self, topic_arn: str, *, client: SNSClient | None = None) -> None:
        self._topic_arn = topic_arn
        self._client = client

    def send(self, way: Way, message: Message) -> str:
        if self._client is None:
            self._client = client("sns", **PATIENCE)
        return handed_over(
            self._client.publish,
            TopicArn=self._topic_arn,
            Message=json.dumps(notification(way, message)),
        )


def notification(way: Way, message: Message) -> dict[str, Any]:
    """The custom notification of a message."""
    attributes = message.attributes
    incident = attributes.get("incident", "")
    return {
        "version": "1.0",
        "source": "custom",
        "id": attributes["message_id"],
        "content": {
            "textType": "client-markdown",
            "title": message.subject[:_TITLE],
            "description": f"<@{way.address}>\n{message.text}"[:_DESCRIPTION],
        },
        "metadata": {
            "threadId": incident or attributes["message_id"],
            "summary": message.subject[:_TITLE],
            "eventType": attributes.get("kind", "message"),
            "relatedResources": [incident] if incident else [],
            "additionalContext": {"severity": attributes.get("severity", "")},
        },
    }


def open_ways(settings: Mapping[str, str]) -> ChatChannel:
    """The channel behind a registry entry; `CHAT_TOPIC_ARN` is what the room's channel reads."""
    return ChatChannel(settings["CHAT_TOPIC_ARN"])
