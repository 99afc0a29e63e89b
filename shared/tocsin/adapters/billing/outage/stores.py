"""What the outage watch remembers, and the public status, in the `operations` table.

    OUTAGES          MEMORY    body: `billing.outage.memory.Memory` as JSON; v
    STATUS           billing   body: the public status document as JSON; v

One function writes them, once a minute and never twice at a time, so nothing is conditional.

The newest comparison of each account: `RECON#<identity>` / `COMPARED` in operations.

at      epoch seconds, the condition of the next write
n, bad  how many were compared, and how many of them differ

Looks at a provider, kept for a day: `WATCH#<identity>` / `PROBE#<at>` in operations.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tocsin.billing.outage.divergence import Comparison
from tocsin.billing.outage.memory import Memory
from tocsin.billing.outage.recovery import Probe
from tocsin.errors import ConditionFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.adapters.aws.call import AwsCall, Item
    from tocsin.billing.identity import Identity


SCHEMA_VERSION = 1

MEMORY = ("OUTAGES", "MEMORY")

STATUS = ("STATUS", "billing")


class DynamoDbOutages:
    """Implements `ports.billing.outage.OutageStore`."""

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


class DynamoDbComparisons:
    """Implements `ports.billing.outage.ComparisonLog`. Reads are consistent."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._aws, self._table = aws, table

    def record(self, identity: Identity, comparison: Comparison) -> None:
        at = {"N": str(comparison.at)}
        item = _key(identity) | {
            "v": {"N": str(SCHEMA_VERSION)},
            "at": at,
            "n": {"N": str(comparison.compared)},
            "bad": {"N": str(comparison.differing)},
        }
        request = {
            "TableName": self._table,
            "Item": item,
            "ConditionExpression": "attribute_not_exists(PK) OR #at <= :at",
            "ExpressionAttributeNames": {"#at": "at"},
            "ExpressionAttributeValues": {":at": at},
        }
        try:
            self._aws.call("PutItem", request)
        except ConditionFailed:
            return  # a newer one is kept

    def newest(self, identity: Identity) -> Comparison | None:
        request = {"TableName": self._table, "Key": _key(identity), "ConsistentRead": True}
        if not (item := self._aws.call("GetItem", request).get("Item")):
            return None
        at, compared, differing = (int(item[name]["N"]) for name in ("at", "n", "bad"))
        return Comparison(at, compared, differing)


def _key(identity: Identity) -> Item:
    return {"PK": {"S": f"RECON#{identity}"}, "SK": {"S": "COMPARED"}}


KEPT_SECONDS = 86_400


class DynamoDbProbes:
    """Implements `ports.billing.outage.ProbeLog`."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._aws, self._table = aws, table

    def record(self, identity: Identity, probe: Probe) -> None:
        """Keeps one look; a second one of the same second replaces it."""
        item: dict[str, Any] = {
            "PK": {"S": f"WATCH#{identity}"},
            "SK": {"S": _sk(probe.at)},
            "v": {"N": str(SCHEMA_VERSION)},
            "ok": {"BOOL": probe.succeeded},
            "ttl": {"N": str(probe.at + KEPT_SECONDS)},
        }
        if probe.by_webhook is not None:
            item["wh"] = {"BOOL": probe.by_webhook}
        self._aws.call("PutItem", {"TableName": self._table, "Item": item})

    def probes(self, identity: Identity, *, since: int) -> list[Probe]:
        answer = self._aws.call(
            "Query",
            {
                "TableName": self._table,
                "KeyConditionExpression": "PK = :pk AND SK >= :since",
                "ExpressionAttributeValues": {
                    ":pk": {"S": f"WATCH#{identity}"},
                    ":since": {"S": _sk(since)},
                },
                "ConsistentRead": True,
            },
        )
        return [
            Probe(
                at=int(item["SK"]["S"].partition("#")[2]),
                succeeded=item["ok"]["BOOL"],
                by_webhook=item["wh"]["BOOL"] if "wh" in item else None,
            )
            for item in answer["Items"]
            if item["SK"]["S"].startswith("PROBE#")
        ]


def _sk(at: int) -> str:
    return f"PROBE#{at:012d}"
