"""What rebuilds fetched, one row an object, beside the replay: `REPLAY#<id>` / `AUDIT#<object>`.

What became of replayed events in the projector: one item of counters for each replay.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tocsin.adapters.billing.replay.items import (
    OUTCOME_PREFIX,
    OUTCOMES_SK,
    SCHEMA_VERSION,
    replay_pk,
)
from tocsin.errors import ConditionFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.adapters.aws.call import AwsCall, Item
    from tocsin.ports.billing.replay import State


_PREFIX = "AUDIT#"

FETCHED = "fetched"


class DynamoDbRebuildAudit:
    """Implements `ports.billing.replay.RebuildAudit`."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._aws, self._table = aws, table

    def begin(self, replay: str, key: str, *, before: State, at: int) -> bool:
        item = _key(replay, key) | {
            "v": {"N": str(SCHEMA_VERSION)},
            "via": {"S": FETCHED},
            "before": {"S": json.dumps(before)},
            "begun_at": {"N": str(at)},
        }
        try:
            self._aws.call(
                "PutItem",
                {
                    "TableName": self._table,
                    "Item": item,
                    "ConditionExpression": "attribute_not_exists(PK)",
                },
            )
        except ConditionFailed:
            answer = self._aws.call(
                "GetItem",
                {"TableName": self._table, "Key": _key(replay, key), "ConsistentRead": True},
            )
            return "ended_at" in (answer.get("Item") or {})
        return False

    def end(self, replay: str, key: str, *, after: State, outcome: str, at: int) -> None:
        self._aws.call(
            "UpdateItem",
            {
                "TableName": self._table,
                "Key": _key(replay, key),
                "UpdateExpression": "SET #after = :after, #outcome = :outcome, #at = :at",
                "ExpressionAttributeNames": {
                    "#after": "after",
                    "#outcome": "outcome",
                    "#at": "ended_at",
                },
                "ExpressionAttributeValues": {
                    ":after": {"S": json.dumps(after)},
                    ":outcome": {"S": outcome},
                    ":at": {"N": str(at)},
                },
            },
        )

    def rows(self, replay: str, *, limit: int) -> list[dict[str, Any]]:
        answer = self._aws.call(
            "Query",
            {
                "TableName": self._table,
                "KeyConditionExpression": "PK = :pk AND begins_with(SK, :audit)",
                "ExpressionAttributeValues": {
                    ":pk": {"S": replay_pk(replay)},
                    ":audit": {"S": _PREFIX},
                },
                "Limit": limit,
                "ConsistentRead": True,
            },
        )
        return [_row(item) for item in answer["Items"]]


def _key(replay: str, key: str) -> Item:
    return {"PK": {"S": replay_pk(replay)}, "SK": {"S": _PREFIX + key}}


def _row(item: Item) -> dict[str, Any]:
    found: Any = item
    return {
        "object": found["SK"]["S"].removeprefix(_PREFIX),
        "via": found["via"]["S"],
        "before": json.loads(found["before"]["S"]),
        "after": json.loads(found["after"]["S"]) if "after" in found else None,
        "outcome": found["outcome"]["S"] if "outcome" in found else None,
        "begun_at": int(found["begun_at"]["N"]),
        "ended_at": int(found["ended_at"]["N"]) if "ended_at" in found else None,
    }


class DynamoDbReplayOutcomes:
    """Implements `ports.billing.replay.ReplayOutcomes`."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._aws, self._table = aws, table

    def add(self, replay: str, outcomes: Mapping[str, int]) -> None:
        names = {f"#{number}": OUTCOME_PREFIX + name for number, name in enumerate(outcomes)}
        added = {f":{number}": {"N": str(count)} for number, count in enumerate(outcomes.values())}
        each = ", ".join(f"#{number} :{number}" for number in range(len(outcomes)))
        self._aws.call(
            "UpdateItem",
            {
                "TableName": self._table,
                "Key": self._key(replay),
                "UpdateExpression": f"ADD {each}",
                "ExpressionAttributeNames": names,
                "ExpressionAttributeValues": added,
            },
        )

    def of(self, replay: str) -> dict[str, int]:
        answer = self._aws.call(
            "GetItem",
            {"TableName": self._table, "Key": self._key(replay), "ConsistentRead": True},
        )
        return {
            name.removeprefix(OUTCOME_PREFIX): int(value["N"])
            for name, value in (answer.get("Item") or {}).items()
            if name.startswith(OUTCOME_PREFIX)
        }

    def _key(self, replay: str) -> dict[str, Any]:
        return {"PK": {"S": replay_pk(replay)}, "SK": {"S": OUTCOMES_SK}}
