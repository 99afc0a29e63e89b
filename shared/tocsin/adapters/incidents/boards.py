"""What the auditor reads of an incident: the index mark beside the snapshot, and what is unsent.

Preventive work in the `incidents` table, found through its boards in the index `list`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.adapters.aws.attributes import key, s
from tocsin.adapters.aws.cursors import cursor_of, key_of
from tocsin.adapters.aws.table import Table
from tocsin.adapters.incidents import keys
from tocsin.adapters.incidents.forms import action_of, board_pk
from tocsin.adapters.incidents.items import outbox_of
from tocsin.adapters.incidents.keys import LIST_INDEX
from tocsin.incidents.events.snapshot import snapshot_of
from tocsin.incidents.model.outbox import OutboxState
from tocsin.ports.incidents import ActionPage, Marks

if TYPE_CHECKING:
    from tocsin.adapters.aws.call import AwsCall


class DynamoAudit:
    """An `AuditStore` over the `incidents` table."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._table = Table(aws, table)

    def marks(self, incident_id: str) -> Marks | None:
        item = self._table.get(key(keys.incident_pk(incident_id), keys.META))
        if item is None:
            return None
        unsent = self._table.query(
            KeyConditionExpression="PK = :pk AND begins_with(SK, :out)",
            FilterExpression="#state <> :sent",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={
                ":pk": s(keys.incident_pk(incident_id)),
                ":out": s("OUT#"),
                ":sent": s(OutboxState.SENT),
            },
            ConsistentRead=True,
        )
        due = item.get("due_sk") if item.get("due_pk") == s(keys.due_pk(incident_id)) else None
        return Marks(
            incident=snapshot_of(item["body"]["S"]),
            due=None if due is None else int(due["N"]),
            unsent=tuple(map(outbox_of, unsent)),
        )


class DynamoActions:
    """An `ActionStore` over the `incidents` table; a line that is gone by then is left out."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._table = Table(aws, table)

    def page(self, *, done: bool, limit: int = 50, cursor: str | None = None) -> ActionPage:
        query: dict[str, Any] = {
            "IndexName": LIST_INDEX,
            "KeyConditionExpression": "list_pk = :list",
            "ExpressionAttributeValues": {":list": s(board_pk(done=done))},
            "Limit": limit,
        }
        if cursor is not None:
            query["ExclusiveStartKey"] = key_of(cursor)
        answer = self._table.page(**query)
        found = (self._table.get(key(line["PK"]["S"], line["SK"]["S"])) for line in answer["Items"])
        last = answer.get("LastEvaluatedKey")
        return ActionPage(
            actions=tuple(action_of(item["body"]["S"]) for item in found if item is not None),
            cursor=None if last is None else cursor_of(last),
        )
