"""EventBridge's bus, CodePipeline's stages, and what was told last, in the `operations` table.

`WAIT#told` / `FREEZES` lies among the partitions of waiting deployments, for one right covers them;
a repository's name holds a slash, so it can be none's.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tocsin.adapters.aws.attributes import key, n, s
from tocsin.adapters.aws.table import NEW, Table
from tocsin.errors import ConditionFailed, Unavailable
from tocsin.ports.heralds import ToldFreezes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.adapters.aws.call import AwsCall
    from tocsin.ports.heralds import Stage

ITEM_VERSION = 1
AT_ONCE = 10
"""Entries of one PutEvents."""
_PK, _SK = "WAIT#told", "FREEZES"


class DynamoTold:
    """A `ToldStore` over the `operations` table."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._table = Table(aws, table)

    def load(self) -> ToldFreezes:
        """By a query, as who tells may not read the rest of the table by its keys."""
        answer = self._table.page(
            KeyConditionExpression="PK = :pk AND SK = :sk",
            ExpressionAttributeValues={":pk": s(_PK), ":sk": s(_SK)},
            ConsistentRead=True,
        )
        if not answer["Items"]:
            return ToldFreezes()
        (item,) = answer["Items"]
        return ToldFreezes(freezes=json.loads(item["body"]["S"]), ver=int(item["ver"]["N"]))

    def save(self, told: ToldFreezes) -> None:
        item = key(_PK, _SK) | {
            "v": n(ITEM_VERSION),
            "ver": n(told.ver),
            "body": s(json.dumps(told.freezes, separators=(",", ":"), sort_keys=True)),
        }
        if told.ver == 1:
            self._table.put(item, condition=NEW)
        else:
            self._table.put(item, condition="ver = :ver", values={":ver": n(told.ver - 1)})


class MemoryTold:
    """Its twin in memory."""

    def __init__(self) -> None:
        self._told = ToldFreezes()

    def load(self) -> ToldFreezes:
        return self._told

    def save(self, told: ToldFreezes) -> None:
        if told.ver != self._told.ver + 1:
            raise ConditionFailed
        self._told = told


class EventBus:
    """A `FreezeBus` over the account's default bus of EventBridge, under the source `tocsin`."""

    def __init__(self, aws: AwsCall, stage: str) -> None:
        self._aws, self._stage = aws, stage

    def publish(self, events: Sequence[tuple[str, Mapping[str, object]]]) -> None:
        for first in range(0, len(events), AT_ONCE):
            entries = [
                {
                    "Source": "tocsin",
                    "DetailType": kind,
                    "Detail": json.dumps({"stage": self._stage, **facts}, ensure_ascii=False),
                }
                for kind, facts in events[first : first + AT_ONCE]
            ]
            answer = self._aws.call("PutEvents", {"Entries": entries})
            if answer.get("FailedEntryCount"):
                raise Unavailable("the bus did not take every event")


class PipelineLocks:
    """`StageLocks` over CodePipeline's inbound transitions."""

    def __init__(self, aws: AwsCall) -> None:
        self._aws = aws

    def reason(self, place: Stage) -> str | None:
        answer = self._aws.call("GetPipelineState", {"name": place.pipeline})
        for one in answer.get("stageStates", ()):
            if one.get("stageName") == place.stage:
                way = one.get("inboundTransitionState") or {}
                return None if way.get("enabled", True) else str(way.get("disabledReason", ""))
        raise Unavailable(f"the pipeline {place.pipeline} has no stage {place.stage}")

    def disable(self, place: Stage, reason: str) -> None:
        self._aws.call("DisableStageTransition", {**_inbound(place), "reason": reason})

    def enable(self, place: Stage) -> None:
        self._aws.call("EnableStageTransition", _inbound(place))


def _inbound(place: Stage) -> dict[str, object]:
    return {
        "pipelineName": place.pipeline,
        "stageName": place.stage,
        "transitionType": "Inbound",
    }
