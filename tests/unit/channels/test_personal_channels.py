"""Text messages, mail and chat: what each service is asked, and what each can refuse."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from tests.harness.fakes.time import START
from tocsin.channels.chat import ChatChannel, RoomChannel, news, notification
from tocsin.channels.mail import MailChannel
from tocsin.channels.sms import SmsChannel
from tocsin.errors import MessageRefused, SendFailed, Unavailable
from tocsin.incidents.vocabulary import WayKind
from tocsin.people.ways import Way, WayState
from tocsin.ports.messages import Message

MESSAGE = Message(
    subject="[DRILL] [HIGH] DRL-1 checkout - ACK by 10:15 EDT",
    text="long text",
    short="[DRILL] HIGH DRL-1 checkout ACK by 10:15 EDT https://t.example/a/x",
    attributes={
        "person": "kim",
        "incident": "DRL-1",
        "severity": "high",
        "kind": "page",
        "message_id": "DRL-1/2/page/person:kim",
    },
)


class Service:
    """Takes what it is given, or fails as it is told."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[Any] = []
        self._error = error

    def call(self, _operation: str, payload: object) -> dict[str, str]:
        if self._error:
            raise self._error
        self.asked.append(payload)
        return {"MessageId": f"m-{len(self.asked)}"}


def way(kind: WayKind, address: str) -> Way:
    return Way(
        person="kim",
        id="w1",
        kind=kind,
        address=address,
        state=WayState.CONFIRMED,
        added_at=START,
    )


PHONE = way(WayKind.SMS, "+12025550123")
BOX = way(WayKind.MAIL, "kim@example.com")
ROOM = way(WayKind.CHAT, "U012AB3CD")


def channels(service: Any) -> list[tuple[Any, Way]]:
    return [
        (SmsChannel(aws=service), PHONE),
        (MailChannel("tocsin@example.com", aws=service), BOX),
        (ChatChannel("arn:chat", aws=service), ROOM),
    ]


def test_a_text_message_is_the_short_text_to_one_number_at_once() -> None:
    service: Any = Service()
    assert SmsChannel(aws=service).send(PHONE, MESSAGE) == "m-1"
    (asked,) = service.asked
    assert (asked["PhoneNumber"], asked["Message"]) == ("+12025550123", MESSAGE.short)
    assert "TopicArn" not in asked
    kind = asked["MessageAttributes"]["AWS.SNS.SMS.SMSType"]
    assert kind == {"DataType": "String", "StringValue": "Transactional"}


def test_a_mail_is_to_one_person_and_carries_its_id() -> None:
    service: Any = Service()
    MailChannel("tocsin@example.com", aws=service).send(BOX, MESSAGE)
    (asked,) = service.asked
    assert asked["Destination"] == {"ToAddresses": ["kim@example.com"]}
    simple = asked["Content"]["Simple"]
    assert simple["Subject"]["Data"] == MESSAGE.subject
    assert simple["Body"]["Text"]["Data"] == "long text"
    headers = {one["Name"]: one["Value"] for one in simple["Headers"]}
    assert headers["X-Tocsin-Message-Id"] == "DRL-1/2/page/person:kim"


@pytest.mark.parametrize("subject", ["x" * 100, "one\ntwo", "one\rBcc: all@example.com"])
def test_a_subject_that_is_no_short_line_is_not_sent(subject: str) -> None:
    service: Any = Service()
    with pytest.raises(MessageRefused):
        MailChannel("t@example.com", aws=service).send(BOX, replace(MESSAGE, subject=subject))
    assert service.asked == []


def test_chat_is_a_custom_notification_in_the_incidents_thread() -> None:
    service: Any = Service()
    ChatChannel("arn:chat", aws=service).send(ROOM, MESSAGE)
    document = json.loads(service.asked[0]["Message"])
    assert (document["version"], document["source"]) == ("1.0", "custom")
    assert document["id"] == "DRL-1/2/page/person:kim"
    assert document["metadata"]["threadId"] == "DRL-1"
    assert document["content"]["title"].startswith("[DRILL] ")
    assert document["content"]["description"].startswith("<@U012AB3CD>\n")


def test_every_message_of_an_incident_is_in_one_thread_and_fits() -> None:
    long = replace(MESSAGE, subject="s" * 99, text="t" * 20_000)
    threads = {notification(ROOM, each)["metadata"]["threadId"] for each in (MESSAGE, long)}
    assert threads == {"DRL-1"}
    content = notification(ROOM, long)["content"]
    assert len(content["title"]) <= 250
    assert len(content["description"]) <= 8_000


@pytest.mark.parametrize("code", ["Throttling", "ThrottledException", "TooManyRequestsException"])
def test_a_busy_service_is_tried_again(code: str) -> None:
    for channel, to in channels(Service(Unavailable("refused", reason=code))):
        with pytest.raises(SendFailed):
            channel.send(to, MESSAGE)


@pytest.mark.parametrize("code", ["MessageRejected", "InvalidParameter", "OptedOut"])
def test_a_service_that_never_will_is_not_asked_again(code: str) -> None:
    for channel, to in channels(Service(Unavailable("refused", reason=code))):
        with pytest.raises(MessageRefused) as raised:
            channel.send(to, MESSAGE)
        assert to.address not in f"{raised.value.detail}{raised.value.context}"


def test_no_answer_is_no_refusal() -> None:
    for channel, to in channels(Service(Unavailable("silent", reason="TimeoutError"))):
        with pytest.raises(SendFailed):
            channel.send(to, MESSAGE)


NEWS = Message(
    subject="[CRITICAL] INC-1 opened: checkout",
    text="<!channel> & <@U012AB3CD>\nOpened by cloudwatch.",
    short="[CRITICAL] INC-1 opened",
    attributes={
        "person": "room",
        "incident": "INC-1",
        "severity": "critical",
        "kind": "chat",
        "message_id": "INC-1/1/chat/room",
        "urgency": "chat",
        "news": "opened",
        "category": "operational",
        "service": "checkout",
        "environment": "production",
        "state": "open",
    },
    next_steps=("tocsin ack INC-1",),
)


def test_news_is_a_custom_notification_in_the_thread_of_its_incident() -> None:
    service: Any = Service()
    assert RoomChannel("arn:chat", aws=service).send(NEWS) == "m-1"
    (asked,) = service.asked
    assert asked["TopicArn"] == "arn:chat"
    assert json.loads(asked["Message"]) == {
        "version": "1.0",
        "source": "custom",
        "id": "INC-1/1/chat/room",
        "content": {
            "textType": "client-markdown",
            "title": "[CRITICAL] INC-1 opened: checkout",
            "description": "&lt;!channel&gt; &amp; &lt;@U012AB3CD&gt;\nOpened by cloudwatch.",
            "nextSteps": ["`tocsin ack INC-1`"],
            "keywords": ["critical", "operational", "checkout", "production"],
        },
        "metadata": {
            "threadId": "INC-1",
            "summary": "[CRITICAL] INC-1 opened: checkout",
            "eventType": "opened",
            "relatedResources": ["INC-1"],
            "additionalContext": {
                "severity": "critical",
                "state": "open",
                "category": "operational",
                "service": "checkout",
                "environment": "production",
            },
        },
    }


def test_restricted_news_is_severity_id_and_the_word_wherever_one_looks() -> None:
    line = "[HIGH] INC-1 restricted"
    names = ("person", "incident", "severity", "kind", "message_id", "urgency")
    attributes = {name: NEWS.attributes[name] for name in names} | {"severity": "high"}
    posted = news(Message(subject=line, text=line, short=line, attributes=attributes))
    assert posted["content"] == {
        "textType": "client-markdown",
        "title": line,
        "description": line,
        "keywords": ["high"],
    }
    assert posted["metadata"]["eventType"] == "restricted"
    assert posted["metadata"]["additionalContext"] == {"severity": "high"}


def test_news_can_mention_nobody_however_long_it_is() -> None:
    message = replace(NEWS, text="<!here> " * 4_000, subject="<!everyone>" * 40)
    content = news(message)["content"]
    assert (len(content["title"]), len(content["description"])) == (250, 8_000)
    assert "<" not in content["title"] + content["description"]


@pytest.mark.parametrize(
    "text", ["[pay here](https://evil.example)", "[a][1]", "[1]: https://evil.example", "![x](u)"]
)
def test_markdown_in_an_alarm_is_no_link_in_the_room(text: str) -> None:
    """Brackets that touch make a link that says one thing and leads to another."""
    content = news(replace(NEWS, text=text, subject=text))["content"]
    for shown in (content["title"], content["description"]):
        assert not re.search(r"\][(\[:]", shown)
        assert text.replace("](", "] (").replace("][", "] [").replace("]:", "] :") == shown


@pytest.mark.parametrize(
    ("code", "kind"), [("Throttling", SendFailed), ("InvalidParameter", MessageRefused)]
)
def test_a_room_that_refuses_is_told_apart_from_one_that_is_busy(
    code: str, kind: type[Exception]
) -> None:
    service: Any = Service(Unavailable("refused", reason=code))
    with pytest.raises(kind):
        RoomChannel("arn:chat", aws=service).send(NEWS)
