"""The ledger by the hour, on DynamoDB: one bounded query for each shard of the hour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.adapters.dynamodb_ledger import concerned_by
from tocsin.billing.event import EventClass
from tocsin.billing.outage.watching import StoredEvent
from tocsin.billing.projection.ledger_key import SHARDS, hour_bucket

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.adapters.aws_call import AwsCall, Item
    from tocsin.billing.identity import Identity

AT_MOST = 100
_EVENT = {
    "ProjectionExpression": "SK, #t, #c, #cls, #sub, #oid",
    "ExpressionAttributeNames": {f"#{name}": name for name in ("t", "c", "cls", "sub", "oid")},
}


class DynamoDbLedgerHours:
    """Implements `application.watch_ledger.LedgerHours` and `billing.reconcile_ports.Concerned`.

    Eventually consistent. `at_most` is what one page of a shard holds.
    """

    def __init__(self, aws: AwsCall, table: str, *, at_most: int = AT_MOST) -> None:
        self._aws, self._table, self._at_most = aws, table, at_most

    def sample(self, identity: Identity, at: int) -> tuple[StoredEvent, ...]:
        return tuple(
            _stored(item)
            for shard in range(SHARDS)
            for item in self._page(identity, at, shard, dict(_EVENT))["Items"]
        )

    def count(self, identity: Identity, at: int) -> int:
        return sum(
            self._page(identity, at, shard, {"Select": "COUNT"})["Count"] for shard in range(SHARDS)
        )

    def keys(self, identity: Identity, at: int) -> Iterator[tuple[str, str]]:
        """Every key of the hour of `at`, however many there are."""
        for shard in range(SHARDS):
            wanted: dict[str, Any] = {"ProjectionExpression": "PK, SK", "Limit": 1_000}
            while True:
                answer = self._page(identity, at, shard, wanted)
                yield from ((item["PK"]["S"], item["SK"]["S"]) for item in answer["Items"])
                if not (last := answer.get("LastEvaluatedKey")):
                    break
                wanted["ExclusiveStartKey"] = last

    def concerned(self, identity: Identity, at: int) -> dict[str, int]:
        """All subscriptions of the hour, however many; 0 where no event can change a projection."""
        found: dict[str, int] = {}
        for shard in range(SHARDS):
            wanted: dict[str, Any] = dict(_EVENT)
            while True:
                answer = self._page(identity, at, shard, wanted)
                for event in map(_stored, answer["Items"]):
                    if event.subscription:
                        changes = event.event_class is not EventClass.IRRELEVANT
                        newest = event.created or 0 if changes else 0
                        known = found.get(event.subscription, 0)
                        found[event.subscription] = max(newest, known)
                if not (last := answer.get("LastEvaluatedKey")):
                    break
                wanted["ExclusiveStartKey"] = last
        return found

    def _page(
        self, identity: Identity, at: int, shard: int, wanted: dict[str, Any]
    ) -> dict[str, Any]:
        pk = f"{identity}#{hour_bucket(at)}#{shard}"
        return self._aws.call(
            "Query",
            {
                "TableName": self._table,
                "KeyConditionExpression": "PK = :pk",
                "ExpressionAttributeValues": {":pk": {"S": pk}},
                "Limit": self._at_most,
                **wanted,
            },
        )


def _stored(item: Item) -> StoredEvent:
    return StoredEvent(
        id=item["SK"]["S"],
        received_at=int(item["t"]["N"]),
        created=int(item["c"]["N"]) if "c" in item else None,
        event_class=EventClass(item["cls"]["S"]),
        subscription=concerned_by(item),
    )
