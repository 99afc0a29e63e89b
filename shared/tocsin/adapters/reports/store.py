"""Reports in the `operations` table, all in one partition, so that one right covers them.

REPORTS  REPORT#<number>          in the index `due` while it waits: REPORT#api, REPORT#form
         MAIL#<number>            the address, apart; in the index `due`: REPORT#mail
         OWED#<incident>          reports to be answered, in the index `due`: REPORT#owed
         GATE                     when the public form may ring again
         LIMIT#<what>             a count, cleared away after its time
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from tocsin.adapters.aws.attributes import Item, key, n, s
from tocsin.adapters.aws.table import NEW, Cancelled, Table
from tocsin.adapters.incidents.keys import DUE_INDEX, due_sk
from tocsin.errors import BadInput, ConditionFailed, StoreUnavailable
from tocsin.incidents.model.correspondents import Correspondent
from tocsin.incidents.model.reports import Gate, Owed, Report, is_reference
from tocsin.incidents.timeline.codec import decode_fields, encode_fields
from tocsin.incidents.timeline.entry import canonical_json
from tocsin.ports.reports import ReportPage

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.adapters.aws.call import AwsCall
    from tocsin.incidents.model.reports import Via

ITEM_VERSION = 1
PARTITION = "REPORTS"
_REPORT, _MAIL, _GATE, _LIMIT, _OWED = "REPORT#", "MAIL#", "GATE", "LIMIT#", "OWED#"
_SHARD, _MAILS, _DEBTS = "REPORT#", "REPORT#mail", "REPORT#owed"
_KEPT_SECONDS = 400 * 86_400
"""Of a report, from when it came."""


def stored(value: Report | Gate | Correspondent | Owed) -> str:
    """The stored form, shared with the memory store."""
    return canonical_json(encode_fields(value)).decode()


def read[T](kind: type[T], text: str) -> T:
    """The inverse of `stored`."""
    return decode_fields(kind, json.loads(text))


def checked(cursor: str | None) -> str | None:
    """A cursor that was given out here.

    Raises:
        BadInput: it was not.
    """
    if cursor is not None and not is_reference(cursor):
        raise BadInput("this cursor was not given out here", field="cursor")
    return cursor


class DynamoReports:
    """A `ReportStore` over the `operations` table."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._table = Table(aws, table)

    def put(self, report: Report, correspondent: Correspondent | None = None) -> None:
        items = [_report(report)]
        items += [] if correspondent is None else [_mail(correspondent)]
        if len(items) == 1:
            self._table.put(items[0], condition=NEW)
            return
        name = self._table.name
        puts = [{"TableName": name, "Item": item, "ConditionExpression": NEW} for item in items]
        try:
            self._table.transact([{"Put": put} for put in puts])
        except Cancelled as cancelled:
            if cancelled.unmet:
                raise ConditionFailed from cancelled
            raise StoreUnavailable(str(cancelled)) from cancelled

    def get(self, reference: str) -> Report | None:
        """By a query, as who sweeps may not read the rest of the table by its keys."""
        text = self._body(f"{_REPORT}{reference}")
        return None if text is None else read(Report, text)

    def save(self, report: Report, *, expected: int) -> None:
        self._over(_report(report), expected)

    def listed(self, *, limit: int, cursor: str | None = None) -> ReportPage:
        query: dict[str, Any] = {
            "KeyConditionExpression": "PK = :pk AND begins_with(SK, :prefix)",
            "ExpressionAttributeValues": {":pk": s(PARTITION), ":prefix": s(_REPORT)},
            "ScanIndexForward": False,
            "Limit": limit,
        }
        if (after := checked(cursor)) is not None:
            query["ExclusiveStartKey"] = key(PARTITION, f"{_REPORT}{after}")
        answer = self._table.page(**query)
        found = tuple(read(Report, item["body"]["S"]) for item in answer["Items"])
        more = bool(answer.get("LastEvaluatedKey")) and bool(found)
        return ReportPage(found, found[-1].reference if more else None)

    def due(self, via: Via, *, at: datetime, limit: int) -> tuple[Report, ...]:
        found = (self.get(reference) for reference in self._due(f"{_SHARD}{via}", at, limit))
        return tuple(one for one in found if one and one.due_at is not None and one.due_at <= at)

    def gate(self) -> Gate | None:
        text = self._body(_GATE)
        return None if text is None else read(Gate, text)

    def save_gate(self, gate: Gate, *, expected: int) -> None:
        item = _item(_GATE, gate)
        self._over(item, expected) if expected else self._table.put(item, condition=NEW)

    def correspondent(self, reference: str) -> Correspondent | None:
        text = self._body(f"{_MAIL}{reference}")
        return None if text is None else read(Correspondent, text)

    def save_correspondent(self, one: Correspondent, *, expected: int) -> None:
        self._over(_mail(one), expected)

    def forget(self, one: Correspondent) -> None:
        """No function may delete: what is erased is a key that DynamoDB clears away."""
        item = key(PARTITION, f"{_MAIL}{one.reference}")
        self._table.put(item | {"v": n(ITEM_VERSION), "ttl": n(int(one.until.timestamp()))})

    def to_be_written_to(self, *, at: datetime, limit: int) -> tuple[str, ...]:
        return tuple(self._due(_MAILS, at, limit))

    def owe(self, one: Owed) -> None:
        item = _item(f"{_OWED}{one.incident}", one)
        self._table.put(item | _in_index(_DEBTS, one.due_at))

    def owed(self, *, at: datetime, limit: int) -> tuple[Owed, ...]:
        found = (self._body(f"{_OWED}{incident}") for incident in self._due(_DEBTS, at, limit))
        debts = (read(Owed, text) for text in found if text is not None)
        return tuple(one for one in debts if one.due_at <= at)

    def settle(self, one: Owed) -> None:
        """As `forget`: what is left is cleared away."""
        left = key(PARTITION, f"{_OWED}{one.incident}") | {"v": n(ITEM_VERSION)}
        left |= {"ttl": n(int(one.due_at.timestamp()))}
        with contextlib.suppress(ConditionFailed):
            self._table.put(left, condition="body = :body", values={":body": s(stored(one))})

    def take(self, what: str, *, most: int, until: datetime) -> bool:
        try:
            self._table.update(
                key(PARTITION, f"{_LIMIT}{what}"),
                "ADD taken :one SET #ttl = :until",
                names={"#ttl": "ttl"},
                values={":one": n(1), ":most": n(most), ":until": n(int(until.timestamp()))},
                condition="attribute_not_exists(taken) OR taken < :most",
            )
        except ConditionFailed:
            return False
        return True

    def _due(self, shard: str, at: datetime, limit: int) -> list[str]:
        found = self._table.page(
            IndexName=DUE_INDEX,
            KeyConditionExpression="due_pk = :pk AND due_sk <= :now",
            ExpressionAttributeValues={":pk": s(shard), ":now": n(int(at.timestamp()))},
            Limit=limit,
        )
        return [item["SK"]["S"].partition("#")[2] for item in found["Items"]]

    def _body(self, sk: str) -> str | None:
        answer = self._table.page(
            KeyConditionExpression="PK = :pk AND SK = :sk",
            ExpressionAttributeValues={":pk": s(PARTITION), ":sk": s(sk)},
            ConsistentRead=True,
        )
        items = answer["Items"]
        return items[0]["body"]["S"] if items and "body" in items[0] else None

    def _over(self, item: Item, expected: int) -> None:
        self._table.put(item, condition="ver = :ver", values={":ver": n(expected)})


def _item(sk: str, value: Report | Gate | Correspondent | Owed) -> Item:
    return key(PARTITION, sk) | {
        "v": n(ITEM_VERSION),
        "ver": n(value.ver),
        "body": s(stored(value)),
    }


def _report(report: Report) -> Item:
    item = _item(f"{_REPORT}{report.reference}", report)
    item["ttl"] = n(int(report.received_at.timestamp()) + _KEPT_SECONDS)
    return item | _in_index(f"{_SHARD}{report.via}", report.due_at)


def _mail(one: Correspondent) -> Item:
    item = _item(f"{_MAIL}{one.reference}", one) | {"ttl": n(int(one.until.timestamp()))}
    return item | _in_index(_MAILS, one.due_at)


def _in_index(shard: str, due_at: datetime | None) -> Item:
    return {} if due_at is None else {"due_pk": s(shard), "due_sk": n(due_sk(due_at))}
