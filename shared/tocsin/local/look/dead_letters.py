"""Brings messages back from a dead-letter queue to the queue they died in.

The emulator has no StartMessageMoveTask, so each message is sent again and then deleted: between
the two it exists twice, never not at all. The consumers are idempotent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.errors import NotFound

if TYPE_CHECKING:
    from tocsin.local.look.clients import Clients

_BATCH = 10


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """A queue that has a dead-letter queue, and how many messages lie there."""

    name: str
    source_url: str
    dead_url: str
    waiting: int


def find(clients: Clients) -> tuple[DeadLetters, ...]:
    """Every queue with a dead-letter queue."""
    found = []
    for url in _queue_urls(clients):
        attributes = clients.sqs.get_queue_attributes(
            QueueUrl=url, AttributeNames=["RedrivePolicy"]
        ).get("Attributes", {})
        if "RedrivePolicy" not in attributes:
            continue
        dead_name = json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"].split(":")[-1]
        dead_url = clients.sqs.get_queue_url(QueueName=dead_name)["QueueUrl"]
        found.append(DeadLetters(url.rsplit("/", 1)[-1], url, dead_url, _count(clients, dead_url)))
    return tuple(found)


def redrive(clients: Clients, name: str, *, limit: int | None = None) -> int:
    """Moves what lay in the dead-letter queue of `name` when this began; how many were moved.

    Raises:
        NotFound: no queue of that name has a dead-letter queue.
    """
    known = find(clients)
    one = next((each for each in known if name in {each.name, each.name.split("-", 2)[-1]}), None)
    if one is None:
        names = ", ".join(each.name for each in known) or "none"
        raise NotFound(f"no queue {name!r} with dead letters; there is: {names}")
    wanted = one.waiting if limit is None else min(limit, one.waiting)
    moved = 0
    while moved < wanted:
        batch = clients.sqs.receive_message(
            QueueUrl=one.dead_url,
            MaxNumberOfMessages=min(_BATCH, wanted - moved),
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        if not batch:
            break
        for message in batch:
            clients.sqs.send_message(
                QueueUrl=one.source_url,
                MessageBody=message["Body"],
                MessageAttributes=message.get("MessageAttributes", {}),
            )
            clients.sqs.delete_message(
                QueueUrl=one.dead_url, ReceiptHandle=message["ReceiptHandle"]
            )
        moved += len(batch)
    return moved


def _queue_urls(clients: Clients) -> list[str]:
    pages = clients.sqs.get_paginator("list_queues").paginate()
    return [url for page in pages for url in page.get("QueueUrls", [])]


def _count(clients: Clients, url: str) -> int:
    found = clients.sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(found["Attributes"]["ApproximateNumberOfMessages"])
