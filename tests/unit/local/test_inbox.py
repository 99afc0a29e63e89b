"""What people would have received, over a stand-in for the queue."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from tocsin.local.look.inbox import Inbox, Message, parse
from tocsin.local.look.personal import Sent

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def envelope(number: int, **attributes: str) -> str:
    return json.dumps(
        {
            "Type": "Notification",
            "TopicArn": "arn:aws:sns:us-east-1:000000000000:tocsin-local-pages",
            "Subject": f"page {number}",
            "Message": "Customers cannot pay.",
            "Timestamp": "2026-09-04T21:50:00.000Z",
            "MessageAttributes": {
                name: {"Type": "String", "Value": value} for name, value in attributes.items()
            },
        }
    )


class Queue:
    """Hands out ten at a time and counts what was really taken out."""

    def __init__(self, *bodies: str) -> None:
        self.bodies = dict(enumerate(bodies))
        self.fail_deletes = False

    def receive_message(self, *, MaxNumberOfMessages: int, **_: object) -> Any:  # noqa: N803 -- boto3's
        batch = list(self.bodies.items())[:MaxNumberOfMessages]
        return {"Messages": [{"Body": body, "ReceiptHandle": str(key)} for key, body in batch]}

    def delete_message(self, *, ReceiptHandle: str, **_: object) -> None:  # noqa: N803 -- boto3's
        del self.bodies[int(ReceiptHandle)]


def inbox(queue: Queue, folder: Path, *sent: Sent) -> Inbox:
    clients = cast("Any", SimpleNamespace(sqs=queue, endpoint="http://emulator"))
    phones = list(sent)
    return Inbox(clients, "http://queue", folder / "inbox.jsonl", lambda _endpoint: phones)


def test_a_page_shows_who_it_was_for_and_why() -> None:
    message = parse(
        envelope(
            1,
            person="commander-primary",
            kind="page",
            severity="critical",
            incident="INC-1",
            message_id="INC-1/2/page",
        )
    )

    assert (message.to, message.kind, message.severity) == ("commander-primary", "page", "critical")
    assert (message.incident, message.message_id) == ("INC-1", "INC-1/2/page")
    assert (message.topic, message.subject) == ("tocsin-local-pages", "page 1")
    assert message.text == "Customers cannot pay."


def test_mail_to_an_audience_is_to_that_audience() -> None:
    assert parse(envelope(1, person="audience:stakeholders")).to == "stakeholders"


def test_a_message_without_attributes_is_to_its_topics_readers() -> None:
    assert parse(envelope(1)).to == "pages"


def test_reading_takes_everything_out_of_the_queue_and_keeps_it(tmp_path: Path) -> None:
    queue = Queue(*(envelope(number) for number in range(25)))
    box = inbox(queue, tmp_path)

    assert [one.subject for one in box.read()] == [f"page {number}" for number in range(25)]
    assert queue.bodies == {}
    assert len(box.read()) == 25


def test_waiting_ends_with_the_expected_number(tmp_path: Path) -> None:
    box = inbox(Queue(envelope(1), envelope(2)), tmp_path)

    assert len(box.wait(2, seconds=60)) == 2


def test_waiting_ends_with_the_time_too(tmp_path: Path) -> None:
    box = inbox(Queue(envelope(1)), tmp_path)

    assert len(box.wait(2, seconds=0)) == 1


def test_clearing_forgets_what_was_kept_and_what_was_queued(tmp_path: Path) -> None:
    queue = Queue(envelope(1))
    box = inbox(queue, tmp_path)
    box.read()
    queue.bodies[7] = envelope(2)

    assert box.clear() == 2
    assert box.read() == []


def test_a_kept_message_reads_back_as_it_was(tmp_path: Path) -> None:
    body = envelope(1, person="responder", kind="page")
    box = inbox(Queue(body), tmp_path)
    box.read()

    assert box.read() == [parse(body)]
    assert isinstance(box.read()[0], Message)


def test_a_text_message_is_read_once_and_names_its_channel(tmp_path: Path) -> None:
    about = {"person": "kim", "kind": "page", "message_id": "INC-1/2/page"}
    text = Sent("m-1", "sms", "2026-09-04T21:50:00Z", "+12025550100", "", "CRITICAL INC-1", about)
    box = inbox(Queue(), tmp_path, text)

    (message,) = box.read()
    assert (message.channel, message.to, message.subject) == ("sms", "kim", "CRITICAL INC-1")
    assert len(box.read()) == 1
    assert box.clear() == 1
    assert box.read() == [], "the emulator still has it; it was read already"


def posted(notification: Mapping[str, Any]) -> Message:
    topic = "arn:aws:sns:us-east-1:000000000000:tocsin-local-chat"
    body = {"TopicArn": topic, "Message": json.dumps(notification), "Timestamp": "t"}
    return parse(json.dumps(body))


NOTICE: dict[str, Any] = {
    "version": "1.0",
    "source": "custom",
    "id": "INC-1/7/chat/room",
    "content": {"title": "opened", "description": "checkout", "nextSteps": ["look"]},
    "metadata": {
        "threadId": "INC-1",
        "eventType": "opened",
        "additionalContext": {"severity": "high"},
    },
}


def test_two_mails_about_no_incident_are_told_apart(tmp_path: Path) -> None:
    about = {"person": "kim", "kind": "contact"}
    mails = [
        Sent(f"ses-{number}", "mail", "2026-09-04T21:50:00Z", "kim@example.com", "s", "t", about)
        for number in (1, 2)
    ]
    assert [one.message_id for one in inbox(Queue(), tmp_path, *mails).read()] == ["ses-1", "ses-2"]


def test_what_stands_in_the_chat_room_is_shown_as_it_stands_there() -> None:
    message = posted(NOTICE)
    assert (message.to, message.kind, message.incident) == ("room", "chat", "INC-1")
    assert (message.severity, message.channel) == ("high", "chat")
    assert (message.subject, message.text) == ("opened", "checkout\nlook")
    assert message.attributes["thread"] == "INC-1"


def test_a_mention_in_the_room_is_to_whom_it_mentions() -> None:
    message = posted(NOTICE | {"id": "INC-1/2/page/person:kim"})
    assert (message.to, message.kind, message.incident) == ("kim", "page", "INC-1")
    code = posted(NOTICE | {"id": "contact/w1/3"})
    assert (code.to, code.kind, code.incident) == ("chat", "contact", "")
