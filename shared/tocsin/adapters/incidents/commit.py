"""The one write of an incident: a transaction, and what it means when each part refuses.

DynamoDB answers with one reason per item, in order. A repeat is told before a lost race, because
a repeated command also finds a newer version and must not be decided again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tocsin.adapters.aws.attributes import Item, item_bytes, n, s
from tocsin.adapters.aws.table import NEW
from tocsin.adapters.incidents.items import (
    action_item,
    command_item,
    entry_item,
    freeze_item,
    number_item,
    outbox_item,
    pointer_item,
    snapshot_item,
)
from tocsin.errors import (
    CommandRepeated,
    DedupKeyTaken,
    InvalidSettings,
    NumberTaken,
    PayloadTooLarge,
    StoreUnavailable,
    TocsinError,
    VersionConflict,
)
from tocsin.incidents.model.naming import numbered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.ports.incidents import Commit
    from tocsin.ports.signals import Pointer

MOST_ITEMS = 100
ITEM_BYTES = 400 * 1024
TRANSACTION_BYTES = 4 * 1024 * 1024
CONDITION = "ConditionalCheckFailed"
CONTENTION = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})


class Part(NamedTuple):
    """One item of the transaction and the error of its condition."""

    write: dict[str, Any]
    refused: type[TocsinError]


def parts_of(commit: Commit, table: str, operations_table: str | None) -> list[Part]:
    """The transaction, item by item.

    Raises:
        PayloadTooLarge: more items or more bytes than one transaction takes.
        InvalidSettings: a creation or a freeze is to be kept, and no table for it was configured.
    """
    parts = [part for each in commit.whole for part in _parts(each, table, operations_table)]
    _check_size(parts)
    return parts


def _parts(commit: Commit, table: str, operations_table: str | None) -> list[Part]:
    parts = [_snapshot(commit, table)]
    if (record := commit.command) is not None:
        where = table if record.principal is None else _known(operations_table)
        parts.append(_put(command_item(record), where, CommandRepeated))
    parts += [_pointer(pointer, commit, table) for pointer in commit.pointers]
    parts += [_put(entry_item(entry), table, VersionConflict) for entry in commit.entries]
    parts += [_put(outbox_item(item), table, VersionConflict) for item in commit.outbox]
    if commit.number is not None:
        name = numbered(commit.incident.kind, commit.number)
        parts.append(_put(number_item(name, commit.incident.id), table, NumberTaken))
    if commit.freezes:
        where = _known(operations_table)
        parts += [_written(freeze_item(held), where) for held in commit.freezes]
    parts += [_written(action_item(each, commit.incident), table) for each in commit.actions]
    return parts


def _check_size(parts: Sequence[Part]) -> None:
    if len(parts) > MOST_ITEMS:
        raise PayloadTooLarge(f"one command writes at most {MOST_ITEMS} items, not {len(parts)}")
    sizes = [item_bytes(part.write["Put"]["Item"]) for part in parts]
    if max(sizes) > ITEM_BYTES:
        raise PayloadTooLarge(f"an item takes at most {ITEM_BYTES} bytes, not {max(sizes)}")
    if sum(sizes) > TRANSACTION_BYTES:
        raise PayloadTooLarge(f"one command writes at most {TRANSACTION_BYTES} bytes")


def error_of(parts: Sequence[Part], reasons: Sequence[str]) -> TocsinError | None:
    """The error that a cancelled transaction stands for; None asks for another try."""
    refused = {
        part.refused for part, reason in zip(parts, reasons, strict=False) if reason == CONDITION
    }
    for error in (CommandRepeated, DedupKeyTaken, VersionConflict, NumberTaken):
        if error in refused:
            return error()
    if CONTENTION & set(reasons):
        return None
    return StoreUnavailable(f"the transaction was cancelled: {', '.join(reasons)}")


def _known(operations_table: str | None) -> str:
    if operations_table is None:
        raise InvalidSettings("this store was not given the operations table")
    return operations_table


def _snapshot(commit: Commit, table: str) -> Part:
    put: Item = {"TableName": table, "Item": snapshot_item(commit)}
    if commit.expected_version == 0:
        put["ConditionExpression"] = NEW
    else:
        put["ConditionExpression"] = "#version = :expected"
        put["ExpressionAttributeNames"] = {"#version": "version"}
        put["ExpressionAttributeValues"] = {":expected": n(commit.expected_version)}
    return Part({"Put": put}, VersionConflict)


def _put(item: Item, table: str, refused: type[TocsinError]) -> Part:
    put = {"TableName": table, "Item": item, "ConditionExpression": NEW}
    return Part({"Put": put}, refused)


def _written(item: Item, table: str) -> Part:
    """Unconditional: the incident's own version is the condition, and nobody else writes it."""
    return Part({"Put": {"TableName": table, "Item": item}}, VersionConflict)


def _pointer(pointer: Pointer, commit: Commit, table: str) -> Part:
    put: Item = {
        "TableName": table,
        "Item": pointer_item(pointer, commit.incident.version),
        "ConditionExpression": "attribute_not_exists(PK) OR #state = :closed OR incident = :mine",
        "ExpressionAttributeNames": {"#state": "state"},
        "ExpressionAttributeValues": {":closed": s("closed"), ":mine": s(commit.incident.id)},
    }
    if (over := pointer.over) is not None:
        put["ConditionExpression"] += " OR (incident = :stale AND ver = :seen)"
        put["ExpressionAttributeValues"] |= {":stale": s(over.incident), ":seen": n(over.version)}
    return Part({"Put": put}, DedupKeyTaken)
