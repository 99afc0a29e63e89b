"""The ledger's snapshots of an hour: one query for each shard, page after page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.adapters.dynamodb_ledger import record_of
from tocsin.billing.event import EventClass
from tocsin.billing.projection.ledger_key import SHARDS, hour_bucket

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.adapters.aws_call import AwsCall
    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.ledger_key import LedgerRecord


class DynamoDbSnapshots:
    """Implements `billing.history.SnapshotSource`; eventually consistent."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._aws, self._table = aws, table

    def of_hour(self, identity: Identity, at: int) -> Iterator[LedgerRecord]:
        for shard in range(SHARDS):
            request: dict[str, Any] = {
                "TableName": self._table,
                "KeyConditionExpression": "PK = :pk",
                "FilterExpression": "#cls = :snapshot",
                "ExpressionAttributeNames": {"#cls": "cls"},
                "ExpressionAttributeValues": {
                    ":pk": {"S": f"{identity}#{hour_bucket(at)}#{shard}"},
                    ":snapshot": {"S": EventClass.SNAPSHOT.value},
                },
            }
            while True:
                answer = self._aws.call("Query", request)
                yield from (record_of(item) for item in answer["Items"])
                if not (last := answer.get("LastEvaluatedKey")):
                    break
                request["ExclusiveStartKey"] = last
