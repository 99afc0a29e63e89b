"""Chat by Amazon Q Developer's custom notifications, in Slack or Teams: one thread an incident.

News goes to the room as it is; a page to somebody whose way is chat is a mention there. The room is
shared, so what is posted carries no link that acts for anybody, and what came from outside can
mention nobody. Schema:
https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html (version 1.0, source
`custom`, `threadId` groups by thread; a title takes 250 characters, a description 8,000).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tocsin.channels.aws_send import handed_over, service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.adapters.aws.call import AwsCall
    from tocsin.people.ways import Way
    from tocsin.ports.messages import Message

_TITLE, _DESCRIPTION = 250, 8_000
_KEYWORDS = ("severity", "category", "service", "environment")
_CONTEXT = ("severity", "state", "category", "service", "environment")
_RESTRICTED = "restricted"


class _Room:
    """The topic that the room's configuration reads."""

    def __init__(self, topic_arn: str, *, aws: AwsCall | None = None) -> None:
        self._topic_arn = topic_arn
        self._aws = aws

    def _post(self, notification: Mapping[str, Any]) -> str:
        request = {"TopicArn": self._topic_arn, "Message": json.dumps(notification)}
        return handed_over(self._aws or service("sns"), "Publish", request)


class ChatChannel(_Room):
    """A `WaySender` of mentions."""

    def send(self, way: Way, message: Message) -> str:
        return self._post(notification(way, message))


class RoomChannel(_Room):
    """A `Sender` of news to everybody in the room."""

    def send(self, message: Message) -> str:
        return self._post(news(message))


def notification(way: Way, message: Message) -> dict[str, Any]:
    """The custom notification of a message that mentions somebody."""
    attributes = message.attributes
    return _custom(
        message,
        {"description": f"<@{way.address}>\n{_plain(message.text)}"[:_DESCRIPTION]},
        event=attributes.get("kind", "message"),
        context={"severity": attributes.get("severity", "")},
    )


def news(message: Message) -> dict[str, Any]:
    """The custom notification of news for the room.

    A restricted incident's has nothing but severity, id and the word in it.
    """
    attributes = message.attributes
    content: dict[str, Any] = {"description": _plain(message.text)[:_DESCRIPTION]}
    if message.next_steps:
        content["nextSteps"] = [f"`{step}`" for step in message.next_steps]
    content["keywords"] = _known(_KEYWORDS, attributes)
    context = {name: attributes[name] for name in _CONTEXT if attributes.get(name)}
    return _custom(message, content, event=attributes.get("news", _RESTRICTED), context=context)


def _custom(
    message: Message, content: Mapping[str, Any], *, event: str, context: Mapping[str, str]
) -> dict[str, Any]:
    attributes = message.attributes
    incident = attributes.get("incident", "")
    title = _plain(message.subject)[:_TITLE]
    return {
        "version": "1.0",
        "source": "custom",
        "id": attributes["message_id"],
        "content": {"textType": "client-markdown", "title": title, **content},
        "metadata": {
            "threadId": incident or attributes["message_id"],
            "summary": title,
            "eventType": event,
            "relatedResources": [incident] if incident else [],
            "additionalContext": dict(context),
        },
    }


def _known(names: tuple[str, ...], attributes: Mapping[str, str]) -> list[str]:
    return list(dict.fromkeys(attributes[name] for name in names if attributes.get(name)))


def _plain(text: str) -> str:
    """The text without what chat takes for a mention of everybody or a link of another name.

    Slack's own links are in angle brackets; those of Markdown are brackets that touch.
    """
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _TOUCHING.sub("] ", text)


_TOUCHING = re.compile(r"\](?=[(\[:])")


def open_channel(address: str) -> RoomChannel:
    """The sender behind a registry entry; `address` is the topic's ARN."""
    return RoomChannel(address)


def open_ways(settings: Mapping[str, str]) -> ChatChannel:
    """The channel behind a registry entry; `CHAT_TOPIC_ARN` is what the room's channel reads."""
    return ChatChannel(settings["CHAT_TOPIC_ARN"])
