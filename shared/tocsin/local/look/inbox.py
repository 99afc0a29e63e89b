"""The local inbox: every page and mail that people would have received.

Nothing in the emulator leads to a telephone or a mailbox, so the topics that lead to people also
feed one queue. Reading drains that queue into a file, one JSON object per line: reading twice
shows the same messages, and a message is never shown without having been kept first.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tocsin.local.look import chat, personal
from tocsin.local.machine.locks import held

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tocsin.local.look.clients import Clients

_BATCH = 10
_LOCK_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Message:
    """One message as a person would have got it.

    `to` is a person's id, or the audience of a message that goes to many. `sent_at` is the real
    time of publishing, RFC 3339 in UTC; incident time is in the text where it matters.
    `attributes` are the message's own, for filters. `channel` is how it came: by a topic, in the
    chat room, or by text message or mail to that person; then `topic` is the number or address.
    What is in the room is to `room`, or to the person it mentions.
    """

    sent_at: str
    topic: str
    to: str
    kind: str
    severity: str
    incident: str
    message_id: str
    subject: str
    text: str
    attributes: Mapping[str, str]
    channel: str = "topic"


@dataclass(frozen=True, slots=True)
class Inbox:
    """The queue and the file it is drained into; `phones_and_mail` looks at what people have."""

    clients: Clients
    queue_url: str
    kept: Path
    phones_and_mail: Callable[[str], list[personal.Sent]] = personal.sent

    def read(self) -> list[Message]:
        """Every message since the last clear, oldest first; drains the queue first."""
        self._drain()
        if not self.kept.is_file():
            return []
        lines = self.kept.read_text(encoding="utf-8").splitlines()
        return [Message(**json.loads(line)) for line in lines]

    def wait(self, expected: int, *, seconds: float) -> list[Message]:
        """Like `read`, after waiting until there are `expected` messages or the time is over."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.read()
            if len(found) >= expected or time.monotonic() > deadline:
                return found
            time.sleep(0.1)

    def clear(self) -> int:
        """Forgets every message, also those still in the queue; how many there were."""
        count = len(self.read())
        self.kept.unlink(missing_ok=True)
        return count

    def _drain(self) -> None:
        with held(self.kept.with_suffix(".lock"), seconds=_LOCK_SECONDS, what="the inbox"):
            while batch := self._receive():
                with self.kept.open("a", encoding="utf-8") as file:
                    for message in batch:
                        line = json.dumps(asdict(parse(message["Body"])), ensure_ascii=False)
                        file.write(line + "\n")
                for message in batch:
                    self.clients.sqs.delete_message(
                        QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"]
                    )
            self._take_personal()

    def _take_personal(self) -> None:
        """What went to telephones and mailboxes, which the emulator keeps and never gives up."""
        seen_file = self.kept.with_suffix(".seen")
        seen = set(seen_file.read_text(encoding="utf-8").split()) if seen_file.is_file() else set()
        fresh = [one for one in self.phones_and_mail(self.clients.endpoint) if one.id not in seen]
        if not fresh:
            return
        with self.kept.open("a", encoding="utf-8") as file:
            for one in fresh:
                line = json.dumps(asdict(_personal(one)), ensure_ascii=False)
                file.write(line + "\n")
        with seen_file.open("a", encoding="utf-8") as file:
            file.writelines(f"{one.id}\n" for one in fresh)

    def _receive(self) -> list[Any]:
        answer = self.clients.sqs.receive_message(
            QueueUrl=self.queue_url, MaxNumberOfMessages=_BATCH
        )
        return list(answer.get("Messages", []))


def _personal(sent: personal.Sent) -> Message:
    """A message from what the emulator kept of it; an SMS has no subject, its text is one.

    What is about no incident says no id of its own: then the channel's tells it from others.
    """
    return Message(
        sent_at=sent.at,
        topic=sent.to,
        to=sent.attributes.get("person", ""),
        kind=sent.attributes.get("kind", ""),
        severity=sent.attributes.get("severity", ""),
        incident=sent.attributes.get("incident", ""),
        message_id=sent.attributes.get("message_id") or sent.id,
        subject=sent.subject or sent.text,
        text=sent.text,
        attributes=sent.attributes,
        channel=sent.channel,
    )


def parse(body: str) -> Message:
    """A message from the envelope SNS puts around it."""
    envelope = json.loads(body)
    attributes = {
        name: str(one.get("Value", ""))
        for name, one in (envelope.get("MessageAttributes") or {}).items()
    }
    topic = str(envelope.get("TopicArn", "")).rsplit(":", 1)[-1]
    if (posted := chat.posted(envelope)) is not None:
        return Message(sent_at=envelope.get("Timestamp", ""), topic=topic, **posted)
    return Message(
        sent_at=envelope.get("Timestamp", ""),
        topic=topic,
        to=attributes.get("person", "").removeprefix("audience:") or topic.rsplit("-", 1)[-1],
        kind=attributes.get("kind", ""),
        severity=attributes.get("severity", ""),
        incident=attributes.get("incident", ""),
        message_id=attributes.get("message_id", ""),
        subject=envelope.get("Subject") or "",
        text=envelope.get("Message", ""),
        attributes=attributes,
    )
