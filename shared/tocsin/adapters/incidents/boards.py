"""What the auditor reads of an incident: the index mark beside the snapshot, and what is unsent.

Preventive work in the `incidents` table, found through its boards in the index `list`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.adapters.aws.attributes import key, n, s
from tocsin.adapters.aws.cursors import cursor_of, key_of
from tocsin.adapters.aws.table import Table
from tocsin.adapters.incidents import keys
from tocsin.adapters.incidents.forms import action_of, board_pk
from tocsin.adapters.incidents.items import outbox_of
from tocsin.adapters.incidents.keys import LIST_INDEX
from tocsin.errors import ConditionFailed
from tocsin.incidents.events.snapshot import snapshot_of
from tocsin.incidents.model.outbox import OutboxState
from tocsin.incidents.timeline.entry import format_time
from tocsin.ports.incidents import ActionPage, Marks

if TYPE_CHECKING:
    from tocsin.adapters.aws.call import AwsCall
    from tocsin.ports.signals import Pointer


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
                ":out": s(keys.OUTBOX),
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

    def mend(self, pointer: Pointer) -> bool:
        over = pointer.over or pointer
        until = pointer.reopen_until
        forget = "" if until is not None else " REMOVE reopen_until"
        keep = "" if until is None else ", reopen_until = :until"
        values = {
            ":open": s("open"),
            ":state": s("open" if pointer.open else "closed"),
            ":stale": s(over.incident),
            ":seen": n(over.version),
        }
        if until is not None:
            values[":until"] = s(format_time(until))
        try:
            self._table.update(
                key(keys.pointer_pk(pointer.key), keys.POINTER),
                f"SET #state = :state{keep}{forget}",
                condition="#state = :open AND incident = :stale AND ver = :seen",
                names={"#state": "state"},
                values=values,
            )
        except ConditionFailed:
            return False
        return True


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
