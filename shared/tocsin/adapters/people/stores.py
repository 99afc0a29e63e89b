"""Contact ways, links, what audiences were told and remembered requests, in `operations`.

PERSON#<person>               WAY#<way id>
LINK#<handle>                 LINK, BUNDLE      cleared away a day too late
TOLD#<incident>               <kind>#<target>
ASKED#<digest of person, key> ASKED
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tocsin.adapters.aws.attributes import key, n, s
from tocsin.adapters.aws.table import NEW, Table
from tocsin.adapters.people.forms import (
    BUNDLE,
    LINK,
    WAY_PREFIX,
    bundle_of,
    bundle_text,
    in_order,
    link_of,
    link_pk,
    link_text,
    person_pk,
    way_of,
    way_sk,
    way_text,
)
from tocsin.errors import StoreUnavailable
from tocsin.ports.messages import Told
from tocsin.ports.requests import Done

if TYPE_CHECKING:
    from tocsin.adapters.aws.call import AwsCall
    from tocsin.incidents.model.outbox import OutboxItem
    from tocsin.people.links import Bundle, Link
    from tocsin.people.ways import Way


ITEM_VERSION = 1


class DynamoContacts:
    """A `ContactStore` over the `operations` table.

    No function may delete: what is erased is overwritten with a key and a time to live in the
    past, which DynamoDB clears away. Backups keep what they hold for as long as they are kept.
    """

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._table = Table(aws, table)

    def ways(self, person: str) -> tuple[Way, ...]:
        found = self._table.query(
            KeyConditionExpression="PK = :pk AND begins_with(SK, :prefix)",
            ExpressionAttributeValues={":pk": s(person_pk(person)), ":prefix": s(WAY_PREFIX)},
            ConsistentRead=True,
        )
        return in_order(way for item in found if (way := _way(item)) is not None)

    def way(self, person: str, way_id: str) -> Way | None:
        item = self._table.get(key(person_pk(person), way_sk(way_id)))
        return None if item is None else _way(item)

    def put(self, way: Way) -> Way:
        written = replace(way, rev=way.rev + 1)
        self._replace(way, {"body": s(way_text(way)), "rev": n(written.rev)})
        return written

    def erase(self, way: Way) -> None:
        self._replace(way, {"ttl": n(int(way.added_at.timestamp()))})

    def _replace(self, way: Way, values: dict[str, Any]) -> None:
        item = key(person_pk(way.person), way_sk(way.id)) | {"v": n(ITEM_VERSION)} | values
        if way.rev == 0:
            self._table.put(item, condition=NEW)
        else:
            self._table.put(item, condition="rev = :rev", values={":rev": n(way.rev)})


def _way(item: dict[str, Any]) -> Way | None:
    """The way of an item; None if it was erased."""
    return way_of(item["body"]["S"], int(item["rev"]["N"])) if "body" in item else None


_KEPT_LONGER = timedelta(days=1)

"""An expired link is told that it is expired, not that it never was."""


class DynamoLinks:
    """A `LinkStore` over the `operations` table."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._table = Table(aws, table)

    def keep(self, link: Link) -> Link:
        item = key(link_pk(link.handle), LINK) | {
            "v": n(ITEM_VERSION),
            "body": s(link_text(link)),
            "ttl": n(int((link.expires_at + _KEPT_LONGER).timestamp())),
        }
        if self._table.put_new(item):
            return link
        if (kept := self.find(link.handle)) is None:
            raise StoreUnavailable("a link's record is there and cannot be read")
        return kept

    def find(self, handle: str) -> Link | None:
        item = self._table.get(key(link_pk(handle), LINK))
        return None if item is None else link_of(item["body"]["S"])

    def keep_bundle(self, bundle: Bundle) -> None:
        self._table.put(
            key(link_pk(bundle.handle), BUNDLE)
            | {
                "v": n(ITEM_VERSION),
                "body": s(bundle_text(bundle)),
                "ttl": n(int((bundle.expires_at + _KEPT_LONGER).timestamp())),
            }
        )

    def find_bundle(self, handle: str) -> Bundle | None:
        item = self._table.get(key(link_pk(handle), BUNDLE))
        return None if item is None else bundle_of(item["body"]["S"])


_KEPT = timedelta(days=400)


class DynamoNews:
    """A `NewsStore` over the `operations` table."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._table = Table(aws, table)

    def last(self, item: OutboxItem) -> Told | None:
        found = self._table.get(_told_key(item))
        return None if found is None else Told(found["hash"]["S"], int(found["seq"]["N"]))

    def keep(self, item: OutboxItem) -> None:
        values = {
            "v": n(ITEM_VERSION),
            "hash": s(item.content_hash),
            "seq": n(item.seq),
            "ttl": n(int((item.due_at + _KEPT).timestamp())),
        }
        self._table.put(_told_key(item) | values)


def _told_key(item: OutboxItem) -> dict[str, Any]:
    return key(f"TOLD#{item.incident}", f"{item.kind}#{item.target}")


ASKED = "ASKED"


class DynamoRequests:
    """A `RequestStore` over the `operations` table."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._table = Table(aws, table)

    def done(self, digest: str) -> Done | None:
        item = self._table.get(key(_pk(digest), ASKED))
        return None if item is None else Done(wish=item["wish"]["S"], result=item["result"]["S"])

    def keep(self, digest: str, done: Done, *, until: int) -> None:
        item = key(_pk(digest), ASKED) | {
            "v": n(ITEM_VERSION),
            "wish": s(done.wish),
            "result": s(done.result),
            "ttl": n(until),
        }
        self._table.put_new(item)


def _pk(digest: str) -> str:
    return f"ASKED#{digest}"
