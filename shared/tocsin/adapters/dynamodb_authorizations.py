"""Approvals on incidents' timelines, each read by its key: one consistent read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tocsin.adapters.dynamodb_incidents_keys import entry_sk, incident_pk
from tocsin.incidents.queries.access import authorization_of

if TYPE_CHECKING:
    from tocsin.adapters.aws_call import AwsCall
    from tocsin.incidents.queries.access import Authorization
    from tocsin.ports.incidents import IncidentStore


class DynamoDbAuthorizations:
    """Implements `application.approvals.Authorizations`."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._aws, self._table = aws, table

    def find(self, incident: str, seq: int) -> Authorization | None:
        key = {"PK": {"S": incident_pk(incident)}, "SK": {"S": entry_sk(seq)}}
        answer = self._aws.call(
            "GetItem", {"TableName": self._table, "Key": key, "ConsistentRead": True}
        )
        if not (item := answer.get("Item")):
            return None
        content = json.loads(item["content"]["S"])
        return authorization_of(incident, seq, item["type"]["S"], content)


class StoredAuthorizations:
    """The same over any incident store; for worlds without DynamoDB."""

    def __init__(self, store: IncidentStore) -> None:
        self._store = store

    def find(self, incident: str, seq: int) -> Authorization | None:
        entries = self._store.entries(incident, after=seq - 1, limit=1)
        if not entries or entries[0].seq != seq:
            return None
        return authorization_of(incident, seq, entries[0].type, entries[0].content)
