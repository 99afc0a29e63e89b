"""Text messages and personal mail, as the emulator keeps them instead of sending them.

A text message keeps its attributes. Of a mail the emulator shows sender, recipient, subject and
text, so what it is about is read from the line that names the message's id.
"""

from __future__ import annotations

import json
import re
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SECONDS = 10
_ID = re.compile(
    r"^Message (?P<id>(?P<incident>[^/\s]+)/\d+/(?P<kind>\w+)/(?P<target>\S+)): ", re.MULTILINE
)
_SEVERITY = re.compile(r"\[(CRITICAL|HIGH|MEDIUM|LOW)\]")


@dataclass(frozen=True, slots=True)
class Sent:
    """One message; `id` is the emulator's own, `to` the number or address, `at` real time."""

    id: str
    channel: str
    at: str
    to: str
    subject: str
    text: str
    attributes: Mapping[str, str]


def sent(endpoint: str) -> list[Sent]:
    """Everything that went to telephones and mailboxes since the emulator started."""
    return [*_texts(endpoint), *_mails(endpoint)]


def _texts(endpoint: str) -> Iterator[Sent]:
    found = _get(f"{endpoint}/_ministack/sns/sms-messages")["sms_messages"]
    now = datetime.now(UTC).isoformat(timespec="milliseconds")  # the emulator keeps no time
    for number, records in found.items():
        for record in records:
            attributes = {
                name: str(one.get("Value") or one.get("StringValue") or "")
                for name, one in (record.get("MessageAttributes") or {}).items()
            }
            text = str(record["Message"])
            yield Sent(record["MessageId"], "sms", now, number, "", text, attributes)


def _mails(endpoint: str) -> Iterator[Sent]:
    for records in _get(f"{endpoint}/_ministack/ses/messages")["messages"].values():
        for record in records:
            subject, text = str(record["Subject"]), str(record["BodyText"])
            yield Sent(
                record["MessageId"],
                "mail",
                str(record["Timestamp"]),
                ", ".join(record["To"]),
                subject,
                text,
                _about(subject, text, record["To"]),
            )


def _about(subject: str, text: str, to: list[str]) -> dict[str, str]:
    if not (found := _ID.search(text)):
        return {"person": to[0].partition("@")[0] if to else "", "kind": "contact"}
    severity = _SEVERITY.search(subject)
    return {
        "person": found["target"].removeprefix("person:"),
        "incident": found["incident"],
        "kind": found["kind"],
        "message_id": found["id"],
        "severity": severity[1].lower() if severity else "",
    }


def _get(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310 - loopback, http
        found: dict[str, Any] = json.loads(answer.read())
    return found
