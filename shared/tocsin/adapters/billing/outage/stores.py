"""What the watches of billing remember, in the `operations` table. Stored formats.

    OUTAGES            MEMORY       body: `billing.outage.memory.Memory` as JSON; v
    STATUS             billing      body: the public status document as JSON; v
    RECON#<identity>   COMPARED     the newest comparison of an account: n compared, bad differ;
                                    at, in epoch seconds, is the condition of the next write
    WATCH#<identity>   PROBE#<at>   a look at a provider, kept for a day

One function writes the first two, a minute apart and never twice at a time: unconditionally.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tocsin.adapters.aws.attributes import key as item_key
from tocsin.adapters.aws.attributes import n, s
from tocsin.adapters.aws.table import NEW, Table, within
from tocsin.billing.outage.divergence import Comparison
from tocsin.billing.outage.memory import Memory
from tocsin.billing.outage.recovery import Probe

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
        self._table = Table(aws, table)

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
        item = self._table.get(item_key(*key))
        return None if item is None else str(item["body"]["S"])

    def _write(self, key: tuple[str, str], body: str) -> None:
        self._table.put(item_key(*key) | {"v": n(SCHEMA_VERSION), "body": s(body)})


class DynamoDbComparisons:
    """Implements `ports.billing.outage.ComparisonLog`. Reads are consistent."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._table = Table(aws, table)

    def record(self, identity: Identity, comparison: Comparison) -> None:
        at = n(comparison.at)
        item = _key(identity) | {
            "v": n(SCHEMA_VERSION),
            "at": at,
            "n": n(comparison.compared),
            "bad": n(comparison.differing),
        }
        # Where a newer one is kept, that one stays.
        self._table.put_if(item, f"{NEW} OR #at <= :at", names={"#at": "at"}, values={":at": at})

    def newest(self, identity: Identity) -> Comparison | None:
        if (item := self._table.get(_key(identity))) is None:
            return None
        at, compared, differing = (int(item[name]["N"]) for name in ("at", "n", "bad"))
        return Comparison(at, compared, differing)


def _key(identity: Identity) -> Item:
    return item_key(f"RECON#{identity}", "COMPARED")


KEPT_SECONDS = 86_400


class DynamoDbProbes:
    """Implements `ports.billing.outage.ProbeLog`."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._table = Table(aws, table)

    def record(self, identity: Identity, probe: Probe) -> None:
        """Keeps one look; a second one of the same second replaces it."""
        item = item_key(f"WATCH#{identity}", _sk(probe.at)) | {
            "v": n(SCHEMA_VERSION),
            "ok": {"BOOL": probe.succeeded},
            "ttl": n(probe.at + KEPT_SECONDS),
        }
        if probe.by_webhook is not None:
            item["wh"] = {"BOOL": probe.by_webhook}
        self._table.put(item)

    def probes(self, identity: Identity, *, since: int) -> list[Probe]:
        wanted = within(f"WATCH#{identity}", _sk(since), "PROBE$")
        found = self._table.query(**wanted, ConsistentRead=True)
        return [
            Probe(
                at=int(item["SK"]["S"].partition("#")[2]),
                succeeded=item["ok"]["BOOL"],
                by_webhook=item["wh"]["BOOL"] if "wh" in item else None,
            )
            for item in found
        ]


def _sk(at: int) -> str:
    return f"PROBE#{at:012d}"
