"""Moto's transactions without a copy of the whole table for every part.

What a transaction has to put back when it is cancelled is copied before its first part; moto 5.2
does so again for each of up to a hundred parts, and keeps the last.
"""

from __future__ import annotations

import copy
import sys
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any


def copy_once() -> None:
    """Lets a transaction copy each of its tables once, where moto has been imported."""
    module: Any = sys.modules.get("moto.dynamodb.models")
    if module is None or getattr(module, "copies_once", False):
        return
    module.copies_once = True
    taken: ContextVar[dict[int, Any] | None] = ContextVar("taken", default=None)
    write = module.DynamoDBBackend.transact_write_items

    def deepcopy(value: Any) -> Any:
        known = taken.get()
        if known is None or not isinstance(value, module.Table):
            return copy.deepcopy(value)
        if id(value) not in known:
            known[id(value)] = copy.deepcopy(value)
        return known[id(value)]

    def transact_write_items(self: Any, transact_items: Any) -> None:
        token = taken.set({})
        try:
            write(self, transact_items)
        finally:
            taken.reset(token)

    module.copy = SimpleNamespace(copy=copy.copy, deepcopy=deepcopy)
    module.DynamoDBBackend.transact_write_items = transact_write_items
