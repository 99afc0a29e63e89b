"""Attribute values of DynamoDB, made from plain ones, and the keys of an item."""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


type Item = dict[str, Any]


def s(value: str) -> Item:
    """A string attribute."""
    return {"S": value}


def n(value: int) -> Item:
    """A number attribute."""
    return {"N": str(value)}


def b(value: bytes) -> Item:
    """A binary attribute, as the JSON protocol carries it."""
    return {"B": b64encode(value).decode()}


def bytes_of(attribute: Item) -> bytes:
    """The inverse of `b`."""
    return b64decode(attribute["B"])


def strings(values: Iterable[str]) -> Item:
    """A list attribute of strings."""
    return {"L": [s(value) for value in values]}


def key(pk: str, sk: str) -> Item:
    """A table key."""
    return {"PK": s(pk), "SK": s(sk)}


def epoch_ms(moment: datetime) -> int:
    """Milliseconds since 1970, UTC."""
    return int(
        (moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1)
    )


def item_bytes(item: Item) -> int:
    """What an item counts against the table's limits; a little more rather than less."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Item) -> int:
    ((kind, inner),) = value.items()
    match kind:
        case "S":
            return len(inner.encode())
        case "N":
            return len(inner) // 2 + 2
        case "B":
            return len(inner) * 3 // 4
        case "M":
            return 4 + item_bytes(inner) + len(inner)
        case "L":
            return 4 + sum(1 + _value_bytes(each) for each in inner)
        case _:
            return 1
