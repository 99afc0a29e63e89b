"""The rules of containment in the `operations` table: `CONTAINMENT` / `RULES`, and each edition.

`RULES` is what is in force and what waits for a second person; `RULES#<number>` are the editions,
written once, so that who allowed what and when can be told later.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tocsin.adapters.aws.attributes import key, n, s
from tocsin.adapters.aws.table import NEW, Cancelled, Table, within
from tocsin.containment.rulebook import Edition, Rulebook
from tocsin.errors import ConditionFailed, StoreUnavailable
from tocsin.incidents.timeline.codec import decode_fields, encode_fields
from tocsin.incidents.timeline.entry import canonical_json

if TYPE_CHECKING:
    from tocsin.adapters.aws.call import AwsCall

ITEM_VERSION = 1
_PARTITION = "CONTAINMENT"
_BOOK = (_PARTITION, "RULES")
_EDITION = "RULES#"


def book_text(book: Rulebook) -> str:
    """The stored form, shared with the memory store."""
    return canonical_json(encode_fields(book)).decode()


def book_of(text: str) -> Rulebook:
    """The inverse of `book_text`."""
    return decode_fields(Rulebook, json.loads(text))


def edition_text(edition: Edition) -> str:
    """The stored form of an edition."""
    return canonical_json(encode_fields(edition)).decode()


def edition_of(text: str) -> Edition:
    """The inverse of `edition_text`."""
    return decode_fields(Edition, json.loads(text))


class DynamoRulebook:
    """A `RuleStore`."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._table = Table(aws, table)

    def load(self) -> Rulebook:
        item = self._table.get(key(*_BOOK))
        return Rulebook() if item is None else book_of(item["body"]["S"])

    def save(self, book: Rulebook, *, edition: Edition | None = None) -> None:
        item = key(*_BOOK) | {
            "v": n(ITEM_VERSION),
            "ver": n(book.ver),
            "body": s(book_text(book)),
        }
        put: dict[str, Any] = {"TableName": self._table.name, "Item": item}
        over: dict[str, Any] = {"ConditionExpression": NEW}
        if book.ver > 1:
            over = {
                "ConditionExpression": "ver = :ver",
                "ExpressionAttributeValues": {":ver": n(book.ver - 1)},
            }
        writes = [{"Put": put | over}]
        if edition is not None:
            writes.append({"Put": self._new(edition)})
        try:
            self._table.transact(writes)
        except Cancelled as cancelled:
            if cancelled.unmet:
                raise ConditionFailed from cancelled
            raise StoreUnavailable(str(cancelled)) from cancelled

    def editions(self, *, limit: int) -> tuple[Edition, ...]:
        found = self._table.page(
            **within(_PARTITION, _EDITION, f"{_EDITION}~"), ScanIndexForward=False, Limit=limit
        )
        return tuple(edition_of(item["body"]["S"]) for item in found["Items"])

    def _new(self, edition: Edition) -> dict[str, Any]:
        item = key(_PARTITION, f"{_EDITION}{edition.number:06d}") | {
            "v": n(ITEM_VERSION),
            "body": s(edition_text(edition)),
        }
        return {"TableName": self._table.name, "Item": item, "ConditionExpression": NEW}
