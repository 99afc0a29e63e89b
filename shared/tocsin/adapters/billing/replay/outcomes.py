"""What rebuilds fetched, one row an object, beside the replay: `REPLAY#<id>` / `AUDIT#<object>`.

What became of replayed events in the projector: one item of counters for each replay.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tocsin.adapters.aws.attributes import key as item_key
from tocsin.adapters.aws.attributes import n, s
from tocsin.adapters.aws.table import Table, within
from tocsin.adapters.billing.replay.items import (
    OUTCOME_PREFIX,
    OUTCOMES_SK,
    SCHEMA_VERSION,
    replay_pk,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.adapters.aws.call import AwsCall, Item
    from tocsin.ports.billing.replay import State


_PREFIX = "AUDIT#"

FETCHED = "fetched"


class DynamoDbRebuildAudit:
    """Implements `ports.billing.replay.RebuildAudit`."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._table = Table(aws, table)

    def begin(self, replay: str, key: str, *, before: State, at: int) -> bool:
        item = _key(replay, key) | {
            "v": n(SCHEMA_VERSION),
            "via": s(FETCHED),
            "before": s(json.dumps(before)),
            "begun_at": n(at),
        }
        if self._table.put_new(item):
            return False
        return "ended_at" in (self._table.get(_key(replay, key)) or {})

    def end(self, replay: str, key: str, *, after: State, outcome: str, at: int) -> None:
        self._table.update(
            _key(replay, key),
            "SET #after = :after, #outcome = :outcome, #at = :at",
            names={"#after": "after", "#outcome": "outcome", "#at": "ended_at"},
            values={":after": s(json.dumps(after)), ":outcome": s(outcome), ":at": n(at)},
        )

    def rows(self, replay: str, *, limit: int) -> list[dict[str, Any]]:
        wanted = within(replay_pk(replay), _PREFIX, "AUDIT$")
        answer = self._table.page(**wanted, Limit=limit, ConsistentRead=True)
        return [_row(item) for item in answer["Items"]]


def _key(replay: str, key: str) -> Item:
    return item_key(replay_pk(replay), _PREFIX + key)


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
        self._table = Table(aws, table)

    def add(self, replay: str, outcomes: Mapping[str, int]) -> None:
        names = {f"#{number}": OUTCOME_PREFIX + name for number, name in enumerate(outcomes)}
        added = {f":{number}": n(count) for number, count in enumerate(outcomes.values())}
        each = ", ".join(f"#{number} :{number}" for number in range(len(outcomes)))
        self._table.update(_counted(replay), f"ADD {each}", names=names, values=added)

    def of(self, replay: str) -> dict[str, int]:
        item = self._table.get(_counted(replay)) or {}
        return {
            name.removeprefix(OUTCOME_PREFIX): int(value["N"])
            for name, value in item.items()
            if name.startswith(OUTCOME_PREFIX)
        }


def _counted(replay: str) -> Item:
    return item_key(replay_pk(replay), OUTCOMES_SK)
