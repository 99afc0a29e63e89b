"""The rules of containment in the `operations` table: `CONTAINMENT` / `RULES`, and each edition.

`RULES` is what is in force and what waits for a second person; `RULES#<number>` are the editions,
written once, so that who allowed what and when can be told later.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tocsin.adapters.aws.attributes import key, n, s
from tocsin.adapters.aws.table import Table, within
from tocsin.adapters.containment.versioned import over, write
from tocsin.containment.rulebook import Edition, Rulebook
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
        writes = [over(self._table, item, book.ver)]
        if edition is not None:
            writes.append(over(self._table, _edition_item(edition), 1))
        write(self._table, writes)

    def editions(self, *, limit: int) -> tuple[Edition, ...]:
        found = self._table.page(
            **within(_PARTITION, _EDITION, f"{_EDITION}~"), ScanIndexForward=False, Limit=limit
        )
        return tuple(edition_of(item["body"]["S"]) for item in found["Items"])


def _edition_item(edition: Edition) -> dict[str, Any]:
    """Written once."""
    named = key(_PARTITION, f"{_EDITION}{edition.number:06d}")
    return named | {"v": n(ITEM_VERSION), "body": s(edition_text(edition))}
