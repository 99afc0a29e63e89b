"""DynamoDB's values: their kinds, numbers, sizes, and keys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.harness.strict_aws.refusals import GUIDE, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ITEM_BYTES = 400 * 1024
PARTITION_BYTES = 2_048
SORT_BYTES = 1_024
DEEPEST = 32
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_DIGITS = 38
_LARGEST, _SMALLEST = 126, -130
_SETS = frozenset({"SS", "NS", "BS"})

type Value = Mapping[str, Any]
type Item = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Index:
    """Key attributes and their kinds, partition first; `projected` None: everything."""

    key: Mapping[str, str]
    projected: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """What has to be known of a table to judge a request to it."""

    key: Mapping[str, str]
    indexes: Mapping[str, Index]


def problems(value: Value, path: str, depth: int = 0) -> Iterator[Refusal]:
    """What is wrong with one value by itself."""
    if len(value) != 1:
        yield invalid(
            "one kind a value",
            "Supplied AttributeValue is empty, must contain exactly one of the supported "
            f"datatypes ({path})",
            "HowItWorks.NamingRulesDataTypes.html",
        )
        return
    ((kind, inner),) = value.items()
    if depth > DEEPEST:
        yield invalid("nesting", f"Nesting Levels have exceeded supported limits ({path})")
    elif kind in _SETS:
        yield from _set(kind, inner, path)
    elif kind == "N":
        yield from number(inner, path)
    elif kind == "L":
        for index, each in enumerate(inner):
            yield from problems(each, f"{path}[{index}]", depth + 1)
    elif kind == "M":
        for name, each in inner.items():
            yield from problems(each, f"{path}.{name}", depth + 1)


def _set(kind: str, members: list[Any], path: str) -> Iterator[Refusal]:
    if not members:
        yield invalid("empty set", f"An {kind} may not be empty ({path})")
    if len({str(each) for each in members}) < len(members):
        yield invalid("set member twice", f"Input collection contains duplicates ({path})")
    if kind == "NS":
        for each in members:
            yield from number(each, path)


def number(text: str, path: str) -> Iterator[Refusal]:
    """What is wrong with the text of a number."""
    if not _NUMBER.fullmatch(text):
        yield invalid(
            "number", f"The parameter cannot be converted to a numeric value: {text!r} ({path})"
        )
        return
    digits = Decimal(text)
    if len("".join(map(str, digits.as_tuple().digits)).strip("0")) > _DIGITS:
        yield invalid("number", f"Attempting to store more than 38 significant digits ({path})")
    if digits and not _SMALLEST <= digits.adjusted() < _LARGEST:
        yield invalid("number", f"Number overflow or underflow ({path})")


def size(item: Item) -> int:
    """Bytes of an item, as the guide counts them ("Item sizes and formats")."""
    return sum(len(name.encode()) + _size(value) for name, value in item.items())


def _size(value: Value) -> int:
    ((kind, inner),) = value.items()
    if kind in _SETS:
        return sum(_size({kind[0]: each}) for each in inner)
    return _SIZES.get(kind, lambda _inner: 1)(inner)


_SIZES: Mapping[str, Callable[[Any], int]] = {
    "S": lambda text: len(text.encode()),
    "N": lambda text: (len(text.strip("-+0.")) + 1) // 2 + 1,
    "B": len,
    "L": lambda each: 3 + sum(1 + _size(one) for one in each),
    "M": lambda each: 3 + sum(1 + len(name.encode()) + _size(one) for name, one in each.items()),
}


def key_problems(item: Item, table: Table, *, alone: bool) -> Iterator[Refusal]:
    """What is wrong with an item's key; `alone`: there is to be nothing else."""
    for position, (name, kind) in enumerate(table.key.items()):
        if name not in item:
            yield invalid(
                "key missing",
                f"One or more parameter values were invalid: Missing the key {name} in the item",
            )
            continue
        yield from _key_value(
            item[name], name, kind, PARTITION_BYTES if not position else SORT_BYTES
        )
    if alone and set(item) != set(table.key):
        yield invalid("key schema", "The provided key element does not match the schema")


def index_key_problems(item: Item, table: Table) -> Iterator[Refusal]:
    """What is wrong with the attributes an index is sorted by."""
    for name, index in table.indexes.items():
        for attribute, kind in index.key.items():
            if attribute in item and attribute not in table.key:
                for each in _key_value(item[attribute], attribute, kind, PARTITION_BYTES):
                    yield invalid(
                        each.rule.replace("key", "index key"), f"{each.reason} IndexName: {name}"
                    )


def _key_value(value: Value, name: str, kind: str, longest: int) -> Iterator[Refusal]:
    ((given, inner),) = value.items() if len(value) == 1 else (("", ""),)
    if given != kind:
        yield invalid(
            "key type",
            f"One or more parameter values were invalid: Type mismatch for key {name} "
            f"expected: {kind} actual: {given}",
        )
    elif not inner:
        yield invalid(
            "empty key",
            "One or more parameter values are not valid. The AttributeValue for a key attribute "
            f"cannot contain an empty string value. Key: {name}",
        )
    elif len(inner.encode() if isinstance(inner, str) else inner) > longest:
        yield invalid("key size", f"Size of {name} has exceeded the maximum of {longest} bytes")


def invalid(rule: str, reason: str, page: str = "Constraints.html") -> Refusal:
    """A refusal of DynamoDB."""
    return Refusal(rule=rule, code="ValidationException", reason=reason, page=GUIDE + page)
