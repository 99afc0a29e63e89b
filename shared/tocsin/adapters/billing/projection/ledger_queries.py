"""Questions to the ledger, on DynamoDB: how an hour went, its snapshots, which keys it holds.

An hour takes a query for each of its shards: a bounded one for how it went, page after page for
its snapshots.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from tocsin.adapters.aws.attributes import key as item_key
from tocsin.adapters.aws.attributes import n, s
from tocsin.adapters.aws.batch_get import batch_get
from tocsin.adapters.aws.table import Table, within
from tocsin.adapters.billing.projection.ledger import concerned_by, record_of
from tocsin.billing.event import EventClass
from tocsin.billing.outage.watching import StoredEvent
from tocsin.billing.projection.ledger_key import SHARDS, LedgerKey, hour_bucket
from tocsin.ports.billing.replay import UNLISTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tocsin.adapters.aws.call import AwsCall, Item
    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.ledger_key import LedgerRecord


AT_MOST = 100

_EVENT = {
    "ProjectionExpression": "SK, #t, #c, #cls, #sub, #oid",
    "ExpressionAttributeNames": {f"#{name}": name for name in ("t", "c", "cls", "sub", "oid")},
}


class DynamoDbLedgerHours:
    """Implements `ports.billing.outage.LedgerHours` and `ports.billing.reconcile.Concerned`.

    Eventually consistent. `at_most` is what one page of a shard holds.
    """

    def __init__(self, aws: AwsCall, table: str, *, at_most: int = AT_MOST) -> None:
        self._table, self._at_most = Table(aws, table), at_most

    def sample(self, identity: Identity, at: int) -> tuple[StoredEvent, ...]:
        return tuple(
            _stored(item)
            for shard in range(SHARDS)
            for item in self._table.page(**self._hour(identity, at, shard), **_EVENT)["Items"]
        )

    def count(self, identity: Identity, at: int) -> int:
        return sum(
            self._table.page(**self._hour(identity, at, shard), Select="COUNT")["Count"]
            for shard in range(SHARDS)
        )

    def keys(self, identity: Identity, at: int) -> Iterator[tuple[str, str]]:
        """Every key of the hour of `at`, however many there are."""
        for shard in range(SHARDS):
            wanted = self._hour(identity, at, shard) | {"Limit": 1_000}
            for item in self._table.query(**wanted, ProjectionExpression="PK, SK"):
                yield item["PK"]["S"], item["SK"]["S"]

    def concerned(self, identity: Identity, at: int) -> dict[str, int]:
        """All subscriptions of the hour, however many; 0 where no event can change a projection."""
        found: dict[str, int] = {}
        for shard in range(SHARDS):
            for item in self._table.query(**self._hour(identity, at, shard), **_EVENT):
                try:
                    event = _stored(item)
                except (KeyError, ValueError):
                    # No id of a subscription: whoever reads the hour names it as unknown.
                    found[f"unreadable event {item['SK']['S']}"] = 0
                    continue
                if event.subscription:
                    changes = event.event_class is not EventClass.IRRELEVANT
                    newest = event.created or 0 if changes else 0
                    found[event.subscription] = max(newest, found.get(event.subscription, 0))
        return found

    def _hour(self, identity: Identity, at: int, shard: int) -> dict[str, Any]:
        return within(f"{identity}#{hour_bucket(at)}#{shard}") | {"Limit": self._at_most}


def _stored(item: Item) -> StoredEvent:
    return StoredEvent(
        id=item["SK"]["S"],
        received_at=int(item["t"]["N"]),
        created=int(item["c"]["N"]) if "c" in item else None,
        event_class=EventClass(item["cls"]["S"]),
        subscription=concerned_by(item),
    )


_HOUR = 3600


class DynamoDbLedgerReader:
    """Implements `ports.billing.replay.LedgerReader`.

    Reads are eventually consistent: half the price, and an event that is overlooked is inserted
    once more, which changes nothing.
    """

    def __init__(
        self, aws: AwsCall, table: str, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._aws, self._table, self._sleep = aws, Table(aws, table), sleep

    def origins(self, keys: Iterable[LedgerKey]) -> dict[LedgerKey, str]:
        wanted = [item_key(key.pk, key.sk) for key in dict.fromkeys(keys)]
        found = batch_get(
            self._aws, self._table.name, wanted, attributes=("PK", "SK", "rp"), sleep=self._sleep
        )
        return {
            LedgerKey(item["PK"]["S"], item["SK"]["S"]): item["rp"]["S"] if "rp" in item else ""
            for item in found
        }

    def holds_any(self, identity: Identity, *, start: int, end: int) -> bool:
        """A query for each shard of each hour, until one finds an event."""
        hours = range(start - start % _HOUR, end, _HOUR)
        return any(
            self._counted(f"{identity}#{hour_bucket(hour)}#{shard}", start, end)
            for hour in hours
            for shard in range(SHARDS)
        )

    def held(self, identity: Identity, *, start: int, end: int) -> int:
        """A query for each shard of each hour, which counts."""
        found = 0
        for hour in range(start - start % _HOUR, end, _HOUR):
            for shard in range(SHARDS):
                wanted = _made_between(f"{identity}#{hour_bucket(hour)}#{shard}", start, end)
                for number, beginning in enumerate(UNLISTED):
                    wanted["FilterExpression"] += f" AND NOT begins_with(#t, :u{number})"
                    wanted["ExpressionAttributeValues"][f":u{number}"] = s(beginning)
                wanted["ExpressionAttributeNames"] |= {"#t": "type"}
                found += sum(page["Count"] for page in self._table.pages(**wanted, Select="COUNT"))
        return found

    def types(self, identity: Identity, *, start: int, end: int) -> dict[str, int]:
        """Implements `ports.billing.replay.LedgerTypes`: a query for each shard of each hour."""
        found: Counter[str] = Counter()
        for hour in range(start - start % _HOUR, end, _HOUR):
            for shard in range(SHARDS):
                wanted = _made_between(f"{identity}#{hour_bucket(hour)}#{shard}", start, end)
                wanted["ProjectionExpression"] = "#t"
                wanted["ExpressionAttributeNames"] |= {"#t": "type"}
                found.update(item["type"]["S"] for item in self._table.query(**wanted))
        return dict(found)

    def _counted(self, pk: str, start: int, end: int) -> bool:
        pages = self._table.pages(**_made_between(pk, start, end), Select="COUNT")
        return any(page["Count"] for page in pages)


def _made_between(pk: str, start: int, end: int) -> dict[str, Any]:
    """A query for what of one partition was made in [start, end)."""
    wanted = within(pk)
    wanted["ExpressionAttributeValues"] |= {":start": n(start), ":end": n(end)}
    return wanted | {
        "FilterExpression": "#c >= :start AND #c < :end",
        "ExpressionAttributeNames": {"#c": "c"},
    }


class DynamoDbSnapshots:
    """Implements `ports.billing.outage.SnapshotSource`; eventually consistent."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._table = Table(aws, table)

    def of_hour(self, identity: Identity, at: int) -> Iterator[LedgerRecord]:
        for shard in range(SHARDS):
            wanted = within(f"{identity}#{hour_bucket(at)}#{shard}")
            wanted["ExpressionAttributeValues"] |= {":snapshot": s(EventClass.SNAPSHOT)}
            yield from map(
                record_of,
                self._table.query(
                    **wanted,
                    FilterExpression="#cls = :snapshot",
                    ExpressionAttributeNames={"#cls": "cls"},
                ),
            )
