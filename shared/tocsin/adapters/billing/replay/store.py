"""Replays in the operations table: cursor, page notes, and which one of an identity is running."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tocsin.adapters.aws.attributes import key, n
from tocsin.adapters.aws.table import NEW, Table, within
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

    from tocsin.adapters.aws.call import AwsCall
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
        self._table, self._new_token = Table(aws, table), new_token

    def create(self, cursor: Cursor) -> None:
        """Claims the identity first: a claim without a cursor can be taken over later."""
        if not cursor.dry_run:
            self._claim(cursor)
        try:
            self._table.put(cursor_item(replace(cursor, ver=1)), condition=NEW)
        except ConditionFailed as refusal:
            raise CommandRepeated(f"there is a replay {cursor.id} already") from refusal
        self._table.put(key(replays_pk(cursor.identity), cursor.id) | {"v": n(1)})

    def load(self, replay: str) -> Cursor | None:
        item = self._table.get(key(replay_pk(replay), CURSOR_SK))
        return cursor_of(item) if item else None

    def save(self, cursor: Cursor) -> Cursor:
        after = replace(cursor, ver=cursor.ver + 1)
        token = {"S": self._new_token()}
        item = cursor_item(after) | {"tok": token}
        try:
            self._table.put(item, condition="ver = :ver", values={":ver": n(cursor.ver)})
        except ConditionFailed as refusal:
            there: Any = refusal.item or self._table.get(key(item["PK"]["S"], CURSOR_SK))
            if there and there.get("tok") == token:
                return after
            raise VersionConflict(
                f"replay {cursor.id} has gone on without this driver"
            ) from refusal
        return after

    def note(self, replay: str, page: PageNote) -> PageNote:
        try:
            self._table.put(page_item(replay, page), condition=NEW)
        except ConditionFailed:
            return self._note_more(replay, page)
        return page

    def _note_more(self, replay: str, page: PageNote) -> PageNote:
        """Adds what an earlier look at the page did not find, unless that is noted already."""
        while (item := self._table.get(key(replay_pk(replay), page_sk(page.number)))) is not None:
            known = page_of(item)
            if (more := known.with_more(page)) == known:
                return known
            try:
                self._table.put(
                    page_item(replay, more), condition="d = :seen", values={":seen": item["d"]}
                )
            except ConditionFailed:
                continue  # another driver has added to it; look again
            return more
        return page

    def pages(self, replay: str, *, first: int = 0) -> Iterator[PageNote]:
        wanted = within(replay_pk(replay), page_sk(first), page_sk(999_999))
        found = self._table.query(**wanted, ConsistentRead=True, Limit=_PAGES_AT_ONCE)
        return map(page_of, found)

    def of(self, identity: Identity, *, limit: int = 20) -> list[str]:
        """Ids of the identity's replays, newest first."""
        wanted = within(replays_pk(identity))
        wanted["KeyConditionExpression"] += " AND SK < :running"
        wanted["ExpressionAttributeValues"] |= {":running": {"S": RUNNING_SK}}
        answer = self._table.page(**wanted, ScanIndexForward=False, Limit=limit)
        return [item["SK"]["S"] for item in answer["Items"]]

    def _claim(self, cursor: Cursor) -> None:
        running = key(replays_pk(cursor.identity), RUNNING_SK)
        item = running | {"replay": {"S": cursor.id}, "v": n(1)}
        try:
            self._table.put(item, condition=NEW)
        except ConditionFailed as refusal:
            holder = self._holder(cursor.identity, refusal)
            found = self.load(holder)
            if holder == cursor.id:
                return
            if found is not None and not found.ended:
                detail = f"replay {holder} of {cursor.identity} has not ended"
                raise ReplayRunning(detail, replay=holder) from refusal
            # Its holder ended, or died before it had a cursor: the claim passes on, to one only.
            held = {":holder": {"S": holder}}
            self._table.put(item, condition="replay = :holder", values=held)

    def _holder(self, identity: Identity, refusal: ConditionFailed) -> str:
        item: Any = refusal.item or self._table.get(key(replays_pk(identity), RUNNING_SK))
        return str(item["replay"]["S"]) if item else ""
