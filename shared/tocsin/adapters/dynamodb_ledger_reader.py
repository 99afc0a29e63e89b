"""What of many keys the ledger holds."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from tocsin.adapters.dynamodb_batch_get import batch_get
from tocsin.billing.projection.ledger_key import SHARDS, LedgerKey, hour_bucket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tocsin.adapters.aws_call import AwsCall
    from tocsin.billing.identity import Identity

_HOUR = 3600


class DynamoDbLedgerReader:
    """Implements `billing.replay_ports.LedgerReader`.

    Reads are eventually consistent: half the price, and an event that is overlooked is inserted
    once more, which changes nothing.
    """

    def __init__(
        self, aws: AwsCall, table: str, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._aws, self._table, self._sleep = aws, table, sleep

    def origins(self, keys: Iterable[LedgerKey]) -> dict[LedgerKey, str]:
        wanted = [{"PK": {"S": key.pk}, "SK": {"S": key.sk}} for key in dict.fromkeys(keys)]
        found = batch_get(
            self._aws, self._table, wanted, attributes=("PK", "SK", "rp"), sleep=self._sleep
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

    def types(self, identity: Identity, *, start: int, end: int) -> dict[str, int]:
        """Implements `billing.rebuild_ports.LedgerTypes`: a query for each shard of each hour."""
        found: Counter[str] = Counter()
        for hour in range(start - start % _HOUR, end, _HOUR):
            for shard in range(SHARDS):
                request = _of_hour(
                    self._table, f"{identity}#{hour_bucket(hour)}#{shard}", start, end
                )
                request["ProjectionExpression"] = "#t"
                request["ExpressionAttributeNames"] |= {"#t": "type"}
                while True:
                    answer = self._aws.call("Query", request)
                    found.update(item["type"]["S"] for item in answer["Items"])
                    if (last := answer.get("LastEvaluatedKey")) is None:
                        break
                    request["ExclusiveStartKey"] = last
        return dict(found)

    def _counted(self, pk: str, start: int, end: int) -> bool:
        request = _of_hour(self._table, pk, start, end) | {"Select": "COUNT"}
        while True:
            answer = self._aws.call("Query", request)
            if answer["Count"]:
                return True
            if (last := answer.get("LastEvaluatedKey")) is None:
                return False
            request["ExclusiveStartKey"] = last


def _of_hour(table: str, pk: str, start: int, end: int) -> dict[str, Any]:
    """A query for what of one partition was made in [start, end)."""
    return {
        "TableName": table,
        "KeyConditionExpression": "PK = :pk",
        "FilterExpression": "#c >= :start AND #c < :end",
        "ExpressionAttributeNames": {"#c": "c"},
        "ExpressionAttributeValues": {
            ":pk": {"S": pk},
            ":start": {"N": str(start)},
            ":end": {"N": str(end)},
        },
    }
