"""The ledger on DynamoDB: one conditional put per delivery, over any caller of AWS JSON.

Attribute names are short because they are part of what a write costs. They are a stored format:
`v` says which, and a name is never given another meaning.

    v schema  type  cls event class  c created  t received  ot oid object's type and id
    sub subscription concerned (`=` it is the object)  av API version  ep endpoint
    ids `hash` when the id is one  b body  ttl  rp the replay that inserted it
    bh the body's hash, where the id was not signed with it
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from tocsin.billing.event import Envelope, EventClass, IdSource
from tocsin.billing.projection.ledger_key import (
    KEPT_SECONDS,
    SCHEMA_VERSION,
    LedgerRecord,
    identity_of,
    under_its_hash,
)
from tocsin.errors import UNREADABLE, ConditionFailed, MalformedPayload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.adapters.aws.call import AwsCall, Item


_SAME = "="  # the object is itself the subscription; its id is long enough to be written once


class DynamoDbLedger:
    """Implements `ports.billing.projection.Ledger`."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._aws, self._table = aws, table

    def put(self, record: LedgerRecord) -> bool:
        """One PutItem; a repeated one, also after a lost answer, finds the item and is False.

        Only where that item is of another body a second one follows, under the body's hash.
        """
        request = {
            "TableName": self._table,
            "Item": item_of(record),
            "ConditionExpression": "attribute_not_exists(SK)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        try:
            self._aws.call("PutItem", request)
        except ConditionFailed as refusal:
            known: Any = refusal.item or {}
            other = under_its_hash(record, _text(known, "bh"))
            return False if other is None else self.put(other)
        return True

    def item(self, pk: str, sk: str) -> Item | None:
        """The stored item as it is, readable or not; None where nothing is under the key."""
        key = {"PK": {"S": pk}, "SK": {"S": sk}}
        answer = self._aws.call("GetItem", {"TableName": self._table, "Key": key})
        return answer.get("Item")


def item_of(record: LedgerRecord) -> dict[str, dict[str, str]]:
    """The item in DynamoDB's JSON. Absent facts are absent attributes."""
    envelope, key = record.envelope, record.key
    concerned = envelope.subscription
    texts = {
        "PK": key.pk,
        "SK": key.sk,
        "type": envelope.type,
        "cls": envelope.event_class.value,
        "ot": envelope.object_type,
        "oid": envelope.object_id,
        "sub": _SAME if concerned and concerned == envelope.object_id else concerned,
        "av": envelope.api_version,
        "ep": record.endpoint if record.endpoint != "default" else None,
        "ids": "hash" if envelope.id_source is IdSource.HASH else None,
        "rp": record.replay,
        "bh": envelope.body_hash,
    }
    numbers = {
        "v": SCHEMA_VERSION,
        "c": envelope.created,
        "t": record.received_at,
        "ttl": record.received_at + KEPT_SECONDS,
    }
    item = {name: {"S": text} for name, text in texts.items() if text}
    item |= {name: {"N": str(number)} for name, number in numbers.items() if number is not None}
    return item | {"b": {"B": base64.b64encode(record.body).decode()}}


def record_of(item: Mapping[str, Mapping[str, Any]]) -> LedgerRecord:
    """The inverse of `item_of`, for an item as a stream or a query shows it.

    Raises:
        MalformedPayload: this is no ledger item, or of a schema this code does not know.
    """
    try:
        if int(item["v"]["N"]) != SCHEMA_VERSION:
            raise MalformedPayload("The ledger item is of an unknown schema.")
        envelope = _envelope(item)
        return LedgerRecord(
            identity=identity_of(item["PK"]["S"]),
            endpoint=_text(item, "ep") or "default",
            envelope=envelope,
            received_at=int(item["t"]["N"]),
            body=_binary(item["b"]["B"]),
            replay=_text(item, "rp") or "",
        )
    except UNREADABLE as error:
        raise MalformedPayload("The ledger item cannot be read.") from error


def concerned_by(item: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The subscription that an item's event concerns."""
    concerned = _text(item, "sub")
    return _text(item, "oid") if concerned == _SAME else concerned


def _envelope(item: Mapping[str, Mapping[str, Any]]) -> Envelope:
    return Envelope(
        id=item["SK"]["S"],
        id_source=IdSource.HASH if "ids" in item else IdSource.PROVIDER,
        type=item["type"]["S"],
        event_class=EventClass(item["cls"]["S"]),
        created=int(item["c"]["N"]) if "c" in item else None,
        object_type=_text(item, "ot"),
        object_id=_text(item, "oid"),
        subscription=concerned_by(item),
        api_version=_text(item, "av"),
        account=None,
        live=None,
        body_hash=_text(item, "bh"),
    )


def _text(item: Mapping[str, Mapping[str, Any]], name: str) -> str | None:
    attribute = item.get(name)
    return str(attribute["S"]) if attribute else None


def _binary(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else base64.b64decode(value, validate=True)
