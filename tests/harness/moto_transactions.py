"""Moto's transactions without copies of the whole table.

What a transaction has to put back when it is cancelled is copied before its first part; moto 5.2
copies all items of its tables for each of up to a hundred parts, and keeps the last copy. Only an
update changes an item where it lies: any other item may be in table and copy.
"""

from __future__ import annotations

import copy
import sys
from contextvars import ContextVar
from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


def copy_once() -> None:
    """Lets a transaction copy a table once, and of its items what is updated; if moto is there."""
    if "moto" not in sys.modules:
        return
    module: Any = import_module("moto.dynamodb.models")
    if getattr(module, "copies_once", False):
        return
    module.copies_once = True
    running: ContextVar[_Transaction | None] = ContextVar("running", default=None)
    write = module.DynamoDBBackend.transact_write_items

    def deepcopy(value: Any) -> Any:
        known = running.get()
        if known is None or not isinstance(value, module.Table):
            return copy.deepcopy(value)
        return known.copy_of(value)

    def transact_write_items(self: Any, transact_items: Any) -> None:
        token = running.set(_Transaction(transact_items))
        try:
            write(self, transact_items)
        finally:
            running.reset(token)

    module.copy = SimpleNamespace(copy=copy.copy, deepcopy=deepcopy)
    module.DynamoDBBackend.transact_write_items = transact_write_items


class _Transaction:
    """What one transaction copied."""

    def __init__(self, parts: list[dict[str, Any]]) -> None:
        updates = [part["Update"] for part in parts if "Update" in part]
        self._updated = [_words(one.get("Key", {}).values()) for one in updates]
        self._copies: dict[int, Any] = {}

    def copy_of(self, table: Any) -> Any:
        if id(table) not in self._copies:
            shared = {
                id(item): item
                for item in table.all_items()
                if _words(key.to_json() for key in (item.hash_key, item.range_key) if key)
                not in self._updated
            }
            self._copies[id(table)] = copy.deepcopy(table, shared)
        return self._copies[id(table)]


def _words(keys: Iterable[Any]) -> list[str]:
    return sorted(map(str, keys))
