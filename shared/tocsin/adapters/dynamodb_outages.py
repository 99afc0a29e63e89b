"""What the outage watch remembers, and the public status, in the `operations` table.

    OUTAGES          MEMORY    body: `application.watch_outages.Memory` as JSON; v
    STATUS           billing   body: the public status document as JSON; v

One function writes them, once a minute and never twice at a time, so nothing is conditional.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tocsin.billing.outage.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.adapters.aws_call import AwsCall

SCHEMA_VERSION = 1
MEMORY = ("OUTAGES", "MEMORY")
STATUS = ("STATUS", "billing")


class DynamoDbOutages:
    """Implements `application.watch_outages.OutageStore`."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._aws, self._table = aws, table

    def memory(self) -> Memory:
        text = self._read(MEMORY)
        return Memory() if text is None else Memory.read(text)

    def remember(self, memory: Memory) -> None:
        self._write(MEMORY, memory.to_json())

    def status(self) -> dict[str, Any] | None:
        text = self._read(STATUS)
        found: dict[str, Any] | None = None if text is None else json.loads(text)
        return found

    def publish(self, status: Mapping[str, Any]) -> None:
        self._write(STATUS, json.dumps(status, separators=(",", ":")))

    def _read(self, key: tuple[str, str]) -> str | None:
        asked = {"PK": {"S": key[0]}, "SK": {"S": key[1]}}
        answer = self._aws.call(
            "GetItem", {"TableName": self._table, "Key": asked, "ConsistentRead": True}
        )
        return str(answer["Item"]["body"]["S"]) if answer.get("Item") else None

    def _write(self, key: tuple[str, str], body: str) -> None:
        item = {
            "PK": {"S": key[0]},
            "SK": {"S": key[1]},
            "v": {"N": str(SCHEMA_VERSION)},
            "body": {"S": body},
        }
        self._aws.call("PutItem", {"TableName": self._table, "Item": item})
