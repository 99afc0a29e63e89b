"""The quarantine in the operations table: `QUAR#<provider>` / `<first seen>#<event id>`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tocsin.adapters.aws_call import AwsCall
    from tocsin.billing.quarantine import Poison

SCHEMA_VERSION = 1


class DynamoDbQuarantine:
    """Implements `billing.ports.Quarantine`."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._aws, self._table = aws, table

    def put(self, poison: Poison) -> None:
        texts = {
            "PK": poison.pk,
            "SK": poison.sk,
            "id": poison.id,
            "reason": poison.reason,
            "detail": poison.detail[:500],
            "ledger_pk": poison.ledger_pk,
            "sub": poison.subscription,
        }
        item = {name: {"S": text} for name, text in texts.items() if text}
        item |= {"v": {"N": str(SCHEMA_VERSION)}, "first_seen": {"N": str(poison.first_seen)}}
        self._aws.call("PutItem", {"TableName": self._table, "Item": item})
