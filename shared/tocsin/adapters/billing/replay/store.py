"""Replays in the operations table: cursor, page notes, and which one of an identity is running."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tocsin.adapters.billing.replay.items import (
    CURSOR_SK,
    RUNNING_SK,
    cursor_item,
    cursor_of,
    page_item,
    page_of,
    page_sk,
    replay_pk,
    replays_pk,
)
from tocsin.errors import CommandRepeated, ConditionFailed, ReplayRunning, VersionConflict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tocsin.adapters.aws.call import AwsCall, Item
    from tocsin.billing.identity import Identity
    from tocsin.billing.replay.cursor import Cursor
    from tocsin.ports.billing.replay import PageNote

_PAGES_AT_ONCE = 20


class DynamoDbReplays:
    """Implements `ports.billing.replay.ReplayStore`.

    Every write of a cursor carries a token of its own (`new_token`), by which it is known again: a
    write whose answer was lost is sent once more, and must not be taken for another driver's.
    """

    def __init__(self, aws: AwsCall, table: str, *, new_token: Callable[[], str]) -> None:
        self._aws, self._table, self._new_token = aws, table, new_token

    def create(self, cursor: Cursor) -> None:
        """Claims the identity first: a claim without a cursor can be taken over later."""
        if not cursor.dry_run:
            self._claim(cursor)
        try:
            self._put(cursor_item(replace(cursor, ver=1)), "attribute_not_exists(PK)")
        except ConditionFailed as refusal:
            raise CommandRepeated(f"there is a replay {cursor.id} already") from refusal
        self._put(
            {"PK": {"S": replays_pk(cursor.identity)}, "SK": {"S": cursor.id}, "v": {"N": "1"}}
        )

    def load(self, replay: str) -> Cursor | None:
        item = self._get(replay_pk(replay), CURSOR_SK)
        return cursor_of(item) if item else None

    def save(self, cursor: Cursor) -> Cursor:
        after = replace(cursor, ver=cursor.ver + 1)
        token = {"S": self._new_token()}
        item = cursor_item(after) | {"tok": token}
        try:
            self._put(item, "ver = :ver", {":ver": {"N": str(cursor.ver)}})
        except ConditionFailed as refusal:
            there: Any = refusal.item or self._get(item["PK"]["S"], CURSOR_SK)
            if there and there.get("tok") == token:
                return after
            raise VersionConflict(
                f"replay {cursor.id} has gone on without this driver"
            ) from refusal
        return after

    def note(self, replay: str, page: PageNote) -> PageNote:
        try:
            self._put(page_item(replay, page), "attribute_not_exists(PK)")
        except ConditionFailed:
            item = self._get(replay_pk(replay), page_sk(page.number))
            return page_of(item) if item else page
        return page

    def pages(self, replay: str, *, first: int = 0) -> Iterator[PageNote]:
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "PK = :pk AND SK BETWEEN :first AND :last",
            "ExpressionAttributeValues": {
                ":pk": {"S": replay_pk(replay)},
                ":first": {"S": page_sk(first)},
                ":last": {"S": page_sk(999_999)},
            },
            "ConsistentRead": True,
            "Limit": _PAGES_AT_ONCE,
        }
        while True:
            answer = self._aws.call("Query", request)
            yield from map(page_of, answer["Items"])
            if (last := answer.get("LastEvaluatedKey")) is None:
                return
            request["ExclusiveStartKey"] = last

    def of(self, identity: Identity, *, limit: int = 20) -> list[str]:
        """Ids of the identity's replays, newest first."""
        answer = self._aws.call(
            "Query",
            {
                "TableName": self._table,
                "KeyConditionExpression": "PK = :pk AND SK < :running",
                "ExpressionAttributeValues": {
                    ":pk": {"S": replays_pk(identity)},
                    ":running": {"S": RUNNING_SK},
                },
                "ScanIndexForward": False,
                "Limit": limit,
            },
        )
        return [item["SK"]["S"] for item in answer["Items"]]

    def _claim(self, cursor: Cursor) -> None:
        item = {
            "PK": {"S": replays_pk(cursor.identity)},
            "SK": {"S": RUNNING_SK},
            "replay": {"S": cursor.id},
            "v": {"N": "1"},
        }
        try:
            self._put(item, "attribute_not_exists(PK)")
        except ConditionFailed as refusal:
            holder = self._holder(cursor.identity, refusal)
            found = self.load(holder)
            if holder == cursor.id:
                return
            if found is not None and not found.ended:
                detail = f"replay {holder} of {cursor.identity} has not ended"
                raise ReplayRunning(detail, replay=holder) from refusal
            # Its holder ended, or died before it had a cursor: the claim passes on, to one only.
            self._put(item, "replay = :holder", {":holder": {"S": holder}})

    def _holder(self, identity: Identity, refusal: ConditionFailed) -> str:
        item: Any = refusal.item or self._get(replays_pk(identity), RUNNING_SK)
        return str(item["replay"]["S"]) if item else ""

    def _get(self, pk: str, sk: str) -> Item | None:
        answer = self._aws.call(
            "GetItem",
            {
                "TableName": self._table,
                "Key": {"PK": {"S": pk}, "SK": {"S": sk}},
                "ConsistentRead": True,
            },
        )
        return answer.get("Item")

    def _put(self, item: Item, condition: str = "", values: Item | None = None) -> None:
        request: dict[str, Any] = {"TableName": self._table, "Item": item}
        if condition:
            request["ConditionExpression"] = condition
            request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        if values:
            request["ExpressionAttributeValues"] = values
        self._aws.call("PutItem", request)
