"""The projection on DynamoDB: the ordering rule as a condition, so the usual event is one call.

The condition below is `billing.projection.ordering.fast_path` word for word; a property test holds
the two together. A refusal brings the row along, so deciding what to do next costs no read.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tocsin.adapters.aws.batch_get import batch_get
from tocsin.adapters.aws.table import Table
from tocsin.adapters.billing.projection.items import (
    SCHEMA_VERSION,
    ids,
    key_of,
    number,
    place_of,
    row_attributes,
    row_of,
    state_attributes,
    told_attributes,
)
from tocsin.billing.projection.ordering import (
    CREATED_JITTER,
    FETCH_MARGIN,
    FUTURE_TOLERANCE,
    NEW_ROW_WINDOW,
)
from tocsin.errors import ConditionFailed, MalformedPayload
from tocsin.ports.billing.projection import Applied

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tocsin.adapters.aws.call import Attribute, AwsCall, Item
    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.ordering import Change, Row
    from tocsin.billing.projection.told import BillingEvent

WORKSPACE_INDEX = "workspace"
_KNOWN_AND_OLDER = (
    "attribute_exists(#fp) AND #fp <> :fp AND attribute_not_exists(#term)"
    " AND attribute_not_exists(#un) AND attribute_not_exists(#tomb)"
    " AND NOT contains(#seen, :id)"
    " AND (#ap < :before_jitter OR (attribute_not_exists(#ap) AND attribute_exists(#fa)))"
    " AND (attribute_not_exists(#fa) OR #fa < :before_margin)"
)


class DynamoDbProjection:
    """Implements `ports.billing.projection.Projection` and `WorkspaceRows`."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._aws, self._table = aws, Table(aws, table)

    def read(self, identity: Identity, subscription: str) -> Row | None:
        """One strongly consistent read."""
        item = self._table.get(key_of(identity, subscription))
        return row_of(item) if item else None

    def apply(self, event: BillingEvent, *, now: int) -> Applied:
        """One conditional write; read only if the refusal did not bring the row."""
        created, snapshot = event.created, event.snapshot
        if snapshot is None or created is None or created > now + FUTURE_TOLERANCE:
            return Applied(done=False, row=self.read(event.identity, event.subscription or ""))
        request = _Update(key_of(event.identity, snapshot.id))
        request.assign(state_attributes(snapshot))
        # Newer than all that the row knows, so what it tells of payment is the newest too.
        request.assign(told_attributes(event.told))
        request.assign({"workspace": {"S": snapshot.workspace}} if snapshot.workspace else {})
        request.assign(
            {
                "v": number(SCHEMA_VERSION),
                "ap": number(created),
                "since": number(created),
                "src": {"S": event.id},
                "seen": ids((event.id,)),
            }
        )
        request.count_up("ver")
        request.count_up("rev")
        young = created > now - NEW_ROW_WINDOW
        # DynamoDB refuses redundant parentheses: only the OR needs them.
        condition = (
            f"attribute_not_exists(#ver) OR ({_KNOWN_AND_OLDER})" if young else _KNOWN_AND_OLDER
        )
        request.only_if(
            condition,
            {
                ":fp": {"S": snapshot.fingerprint},
                ":id": {"S": event.id},
                ":before_jitter": {"N": str(created - CREATED_JITTER)},
                ":before_margin": {"N": str(created - FETCH_MARGIN)},
            },
        )
        try:
            self._aws.call("UpdateItem", request.document(self._table.name))
        except ConditionFailed as refusal:
            item: Any = refusal.item
            row = row_of(item) if item else self.read(event.identity, snapshot.id)
            return Applied(done=False, row=row)
        return Applied(done=True, row=None)

    def write(self, identity: Identity, subscription: str, change: Change) -> bool:
        """One conditional write of the whole row but for its overlay."""
        request = _Update(key_of(identity, subscription))
        request.assign(row_attributes(change.row))
        if change.expected_ver:
            request.only_if("#ver = :expected", {":expected": {"N": str(change.expected_ver)}})
        else:
            request.only_if("attribute_not_exists(#ver)", {})
        try:
            self._aws.call("UpdateItem", request.document(self._table.name))
        except ConditionFailed:
            return False
        return True

    def of_workspace(self, workspace: str) -> list[tuple[Identity, Row]]:
        """One query of the index for the keys, and one batch for the rows; eventually consistent.

        The index's own attributes are fixed for good and lack what was paid. Half a read unit for
        the query of the usual few, and half a unit for each row.
        """
        found = self._table.query(
            IndexName=WORKSPACE_INDEX,
            KeyConditionExpression="workspace = :workspace",
            ExpressionAttributeValues={":workspace": {"S": workspace}},
        )
        items = self._items([key_of(*place_of(item)) for item in found])
        rows = [(place_of(item)[0], row_of(item)) for item in items]
        # The index may be a moment behind: what counts is whose the row is now.
        mine = [each for each in rows if _workspace_of(each[1]) == workspace]
        return sorted(mine, key=lambda each: str(each[0]) + _name_of(each[1]))

    def read_many(self, identity: Identity, subscriptions: Sequence[str]) -> dict[str, Row]:
        """Those there are, by subscription; a hundred a call, eventually consistent."""
        found: dict[str, Row] = {}
        for item in self._items([key_of(identity, each) for each in subscriptions]):
            # One that cannot be read is left out: whoever asks for it alone is told why.
            with suppress(MalformedPayload):
                found[place_of(item)[1]] = row_of(item)
        return found

    def _items(self, keys: Sequence[Item]) -> Iterator[Item]:
        return batch_get(self._aws, self._table.name, keys, sleep=time.sleep)

    def everything(self) -> Iterator[Item]:
        """Every item, by a scan: for an operator's check, never for a function."""
        request: dict[str, Any] = {"TableName": self._table.name, "ConsistentRead": True}
        while True:
            answer = self._aws.call("Scan", request)
            yield from answer["Items"]
            if not (last := answer.get("LastEvaluatedKey")):
                return
            request["ExclusiveStartKey"] = last


def _workspace_of(row: Row) -> str | None:
    return row.subscription.workspace if row.subscription else None


def _name_of(row: Row) -> str:
    return row.subscription.id if row.subscription else ""


class _Update:
    """An UpdateItem being put together; placeholders everywhere, so that no word is reserved."""

    def __init__(self, key: Mapping[str, Attribute]) -> None:
        self._key = key
        self._sets: list[str] = []
        self._removes: list[str] = []
        self._values: dict[str, Attribute] = {}
        self._condition = ""

    def assign(self, attributes: Mapping[str, Attribute | None]) -> None:
        for name, value in attributes.items():
            if value is None:
                self._removes.append(f"#{name}")
            else:
                self._sets.append(f"#{name} = :{name}")
                self._values[f":{name}"] = value

    def count_up(self, name: str) -> None:
        self._sets.append(f"#{name} = if_not_exists(#{name}, :zero) + :one")
        self._values |= {":zero": {"N": "0"}, ":one": {"N": "1"}}

    def only_if(self, condition: str, values: Mapping[str, Attribute]) -> None:
        self._condition = condition
        self._values |= values

    def document(self, table: str) -> dict[str, object]:
        removes = f" REMOVE {', '.join(self._removes)}" if self._removes else ""
        expression = f"SET {', '.join(self._sets)}{removes}"
        used = {word for word in _words(f"{expression} {self._condition}") if word.startswith("#")}
        return {
            "TableName": table,
            "Key": self._key,
            "UpdateExpression": expression,
            "ConditionExpression": self._condition,
            "ExpressionAttributeNames": {word: word[1:] for word in sorted(used)},
            "ExpressionAttributeValues": self._values,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }


def _words(expression: str) -> list[str]:
    for mark in "(),=<>":
        expression = expression.replace(mark, " ")
    return expression.split()
