"""Heartbeats in the `operations` table: `HEARTBEATS` / `<name>`, in the index `due` while due."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tocsin.adapters.aws.attributes import key, n, s
from tocsin.adapters.aws.table import NEW, Table, within
from tocsin.adapters.incidents.keys import DUE_INDEX, due_sk
from tocsin.incidents.model.heartbeats import Heartbeat
from tocsin.incidents.timeline.codec import decode_fields, encode_fields
from tocsin.incidents.timeline.entry import canonical_json

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.adapters.aws.call import AwsCall

ITEM_VERSION = 1
PARTITION = "HEARTBEATS"
_SHARD = "HB"


def heartbeat_text(heartbeat: Heartbeat) -> str:
    """The stored form, shared with the memory store."""
    return canonical_json(encode_fields(heartbeat)).decode()


def heartbeat_of(text: str) -> Heartbeat:
    """The inverse of `heartbeat_text`."""
    return decode_fields(Heartbeat, json.loads(text))


class DynamoHeartbeats:
    """A `HeartbeatStore`. One partition, so that to list them is one query."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._table = Table(aws, table)

    def get(self, name: str) -> Heartbeat | None:
        item = self._table.get(key(PARTITION, name))
        return None if item is None else heartbeat_of(item["body"]["S"])

    def save(self, heartbeat: Heartbeat, *, expected: int) -> None:
        item = key(PARTITION, heartbeat.name) | {
            "v": n(ITEM_VERSION),
            "ver": n(heartbeat.ver),
            "body": s(heartbeat_text(heartbeat)),
        }
        if heartbeat.due_at is not None:
            item |= {"due_pk": s(_SHARD), "due_sk": n(due_sk(heartbeat.due_at))}
        if expected:
            self._table.put(item, condition="ver = :ver", values={":ver": n(expected)})
        else:
            self._table.put(item, condition=NEW)

    def all(self) -> tuple[Heartbeat, ...]:
        found = self._table.query(**within(PARTITION))
        read = (heartbeat_of(item["body"]["S"]) for item in found)
        return tuple(one for one in read if not one.removed)

    def due(self, *, at: datetime, limit: int) -> tuple[Heartbeat, ...]:
        """Found by the index, read by their keys."""
        found = self._table.page(
            IndexName=DUE_INDEX,
            KeyConditionExpression="due_pk = :pk AND due_sk <= :now",
            ExpressionAttributeValues={":pk": s(_SHARD), ":now": n(int(at.timestamp()))},
            Limit=limit,
        )
        read = (self._read(item) for item in found["Items"])
        return tuple(one for one in read if one is not None and _is_due(one, at))

    def _read(self, found: dict[str, Any]) -> Heartbeat | None:
        """By a query: who sweeps may not read the rest of the table by its keys."""
        answer = self._table.page(
            KeyConditionExpression="PK = :pk AND SK = :sk",
            ExpressionAttributeValues={":pk": found["PK"], ":sk": found["SK"]},
            ConsistentRead=True,
        )
        return heartbeat_of(answer["Items"][0]["body"]["S"]) if answer["Items"] else None


def _is_due(heartbeat: Heartbeat, at: datetime) -> bool:
    return heartbeat.due_at is not None and heartbeat.due_at <= at
