"""What the auditor reads of an incident: the index mark beside the snapshot, and what is unsent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.adapters import dynamodb_incidents_keys as keys
from tocsin.adapters.dynamodb_incidents_items import key, outbox_of, s
from tocsin.adapters.dynamodb_table import Table
from tocsin.incidents.events.snapshot import snapshot_of
from tocsin.incidents.model.outbox import OutboxState
from tocsin.ports.incidents import Marks

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


class DynamoAudit:
    """An `AuditStore` over the `incidents` table."""

    def __init__(self, client: DynamoDBClient, *, table: str) -> None:
        self._table = Table(client, table)

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
