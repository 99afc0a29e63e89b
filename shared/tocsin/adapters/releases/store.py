"""Releases in the `operations` table: `REL#<service>` / `<cut_at>#<id>`, and their tellings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.adapters.aws.attributes import key, n, s
from tocsin.adapters.aws.table import NEW, Cancelled, Table
from tocsin.adapters.incidents.items import command_item
from tocsin.adapters.incidents.keys import DUE_INDEX, due_sk
from tocsin.adapters.releases.forms import (
    release_of,
    release_pk,
    release_sk,
    release_text,
    sk_after,
    telling_of,
    telling_pk,
    telling_sk,
    telling_text,
)
from tocsin.errors import BadInput, CommandRepeated, ConditionFailed, StoreUnavailable
from tocsin.ports.releases import ReleasePage

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.adapters.aws.call import AwsCall
    from tocsin.incidents.model.releases import Release, Telling
    from tocsin.ports.incidents import CommandRecord

ITEM_VERSION = 1
_SHARD = "TELL"
_KEPT_SECONDS = 30 * 86_400
"""Of a telling that is done, counted from when it fell due."""
_REFUSED = "ConditionalCheckFailed"


class DynamoReleases:
    """A `ReleaseStore` over the `operations` table."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._table = Table(aws, table)

    def put(
        self,
        release: Release,
        request: CommandRecord | None = None,
        telling: Telling | None = None,
    ) -> None:
        writes = [self._put(_item(release), "attribute_not_exists(PK) OR shipped = :no")]
        writes[0]["Put"]["ExpressionAttributeValues"] = {":no": {"BOOL": False}}
        if telling is not None:
            item = _telling_item(telling)
            writes.append({"Put": {"TableName": self._table.name, "Item": item}})
        if request is not None:
            writes.append(self._put(command_item(request), NEW))
        try:
            self._table.transact(writes)
        except Cancelled as cancelled:
            if cancelled.reasons[-1] == _REFUSED and request is not None:
                raise CommandRepeated from cancelled
            if cancelled.reasons[0] == _REFUSED:
                raise ConditionFailed from cancelled
            raise StoreUnavailable(str(cancelled)) from cancelled

    def get(self, release: Release) -> Release | None:
        item = self._table.get(key(release_pk(release.service), release_sk(release)))
        return None if item is None else release_of(item["body"]["S"])

    def page(
        self,
        service: str,
        *,
        cut_after: datetime | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> ReleasePage:
        if cursor is not None and "#" not in cursor:
            raise BadInput("this cursor was not given out here", field="cursor")
        after = cursor or (sk_after(cut_after) if cut_after else "0")
        answer = self._table.page(
            KeyConditionExpression="PK = :pk AND SK > :after",
            ExpressionAttributeValues={":pk": s(release_pk(service)), ":after": s(after)},
            ConsistentRead=True,
            Limit=limit + 1,
        )
        found = [release_of(item["body"]["S"]) for item in answer["Items"]]
        more = len(found) > limit
        return ReleasePage(
            releases=tuple(found[:limit]), cursor=release_sk(found[limit - 1]) if more else None
        )

    def waiting(self, *, at: datetime, limit: int) -> tuple[Telling, ...]:
        """As `TellingStore`; found by the index, read by their keys."""
        found = self._table.page(
            IndexName=DUE_INDEX,
            KeyConditionExpression="due_pk = :pk AND due_sk <= :now",
            ExpressionAttributeValues={":pk": s(_SHARD), ":now": n(int(at.timestamp()))},
            Limit=limit,
        )
        read = (self._telling(item) for item in found["Items"])
        return tuple(telling for telling in read if telling is not None and not telling.done)

    def save(self, telling: Telling, *, expected: int) -> None:
        """As `TellingStore`."""
        self._table.put(
            _telling_item(telling), condition="ver = :ver", values={":ver": n(expected)}
        )

    def _telling(self, key: dict[str, Any]) -> Telling | None:
        """By a query: who tells may not read the rest of the table by its keys."""
        answer = self._table.page(
            KeyConditionExpression="PK = :pk AND SK = :sk",
            ExpressionAttributeValues={":pk": key["PK"], ":sk": key["SK"]},
            ConsistentRead=True,
        )
        return telling_of(answer["Items"][0]["body"]["S"]) if answer["Items"] else None

    def _put(self, item: dict[str, Any], condition: str) -> dict[str, Any]:
        return {
            "Put": {"TableName": self._table.name, "Item": item, "ConditionExpression": condition}
        }


def _item(release: Release) -> dict[str, Any]:
    return key(release_pk(release.service), release_sk(release)) | {
        "v": n(ITEM_VERSION),
        "body": s(release_text(release)),
        "shipped": {"BOOL": release.shipped_at is not None},
    }


def _telling_item(telling: Telling) -> dict[str, Any]:
    item = key(telling_pk(telling), telling_sk(telling)) | {
        "v": n(ITEM_VERSION),
        "body": s(telling_text(telling)),
        "ver": n(telling.ver),
    }
    if telling.done:
        return item | {"ttl": n(due_sk(telling.due_at) + _KEPT_SECONDS)}
    return item | {"due_pk": s(_SHARD), "due_sk": n(due_sk(telling.due_at))}
