"""What became of replayed events in the projector: one item of counters for each replay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.adapters.replay_items import OUTCOME_PREFIX, OUTCOMES_SK, replay_pk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.adapters.aws_call import AwsCall


class DynamoDbReplayOutcomes:
    """Implements `billing.replay_ports.ReplayOutcomes`."""

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
