"""Brings messages back from the queue of dead letters to the queue they died in.

All queues share one; each message says where it comes from.

The emulator has no StartMessageMoveTask, so each message is sent again and then deleted: between
the two it exists twice, never not at all. The consumers are idempotent.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tocsin.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tocsin.local.look.clients import Clients

UNKNOWN = "unknown"
"""In place of a queue's name: letters that were put there by hand, or that Lambda gave up on."""
_BATCH = 10
_SOURCE: Final = "DeadLetterQueueSourceArn"
_HELD_SECONDS = 60


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """A queue whose messages may die, and how many of them lie there."""

    name: str
    source_url: str
    dead_url: str
    waiting: int


def find(clients: Clients) -> tuple[DeadLetters, ...]:
    """Every queue whose messages may die, and how many died that name none."""
    found = []
    counted: dict[str, Counter[str]] = {}
    for url, dead_url in _sources(clients):
        if dead_url not in counted:
            letters = _take(clients, dead_url)
            counted[dead_url] = Counter(_home(letter) for letter in letters)
            _give_back(clients, dead_url, letters)
        name = url.rsplit("/", 1)[-1]
        found.append(DeadLetters(name, url, dead_url, counted[dead_url][name]))
    return (
        *found,
        *(DeadLetters(UNKNOWN, "", url, counts[UNKNOWN]) for url, counts in counted.items()),
    )


def redrive(clients: Clients, name: str, *, limit: int | None = None) -> int:
    """Moves the letters of `name`, and those of no known queue, to it; how many were moved.

    Raises:
        NotFound: no queue of that name has a dead-letter queue.
    """
    known = dict(_sources(clients))
    urls = {url.rsplit("/", 1)[-1]: url for url in known}
    full = next((each for each in urls if name in {each, each.split("-", 2)[-1]}), None)
    if full is None:
        raise NotFound(
            f"no queue {name!r} with dead letters; there is: {', '.join(urls) or 'none'}"
        )
    dead_url, moved = known[urls[full]], 0
    letters = _take(clients, dead_url)
    try:
        while letters and (limit is None or moved < limit):
            if _home(letters[0]) not in {full, UNKNOWN}:
                _give_back(clients, dead_url, [letters.pop(0)])
                continue
            clients.sqs.send_message(
                QueueUrl=urls[full],
                MessageBody=letters[0]["Body"],
                MessageAttributes=letters[0].get("MessageAttributes", {}),
            )
            clients.sqs.delete_message(QueueUrl=dead_url, ReceiptHandle=letters[0]["ReceiptHandle"])
            letters.pop(0)
            moved += 1
    finally:
        _give_back(clients, dead_url, letters)
    return moved


def _sources(clients: Clients) -> Iterator[tuple[str, str]]:
    """The queues whose messages may die, each with where they then lie."""
    for url in _queue_urls(clients):
        attributes = clients.sqs.get_queue_attributes(
            QueueUrl=url, AttributeNames=["RedrivePolicy"]
        ).get("Attributes", {})
        if "RedrivePolicy" in attributes:
            dead_name = json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"].split(":")
            yield url, clients.sqs.get_queue_url(QueueName=dead_name[-1])["QueueUrl"]


def _take(clients: Clients, dead_url: str) -> list[Any]:
    """All letters, which nobody else sees for a minute."""
    letters: list[Any] = []
    while batch := clients.sqs.receive_message(
        QueueUrl=dead_url,
        MaxNumberOfMessages=_BATCH,
        VisibilityTimeout=_HELD_SECONDS,
        MessageSystemAttributeNames=["DeadLetterQueueSourceArn"],
        MessageAttributeNames=["All"],
    ).get("Messages", []):
        letters += batch
    return letters


def _give_back(clients: Clients, dead_url: str, letters: Iterable[Any]) -> None:
    for letter in letters:
        clients.sqs.change_message_visibility(
            QueueUrl=dead_url, ReceiptHandle=letter["ReceiptHandle"], VisibilityTimeout=0
        )


def _home(letter: Any) -> str:
    """The name of the queue that a letter comes from."""
    return str(letter.get("Attributes", {}).get(_SOURCE, UNKNOWN)).rpartition(":")[2]


def _queue_urls(clients: Clients) -> list[str]:
    pages = clients.sqs.get_paginator("list_queues").paginate()
    return [url for page in pages for url in page.get("QueueUrls", [])]
