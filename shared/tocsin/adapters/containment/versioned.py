"""Items of containment that carry a version: a write takes the place of just the one before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.adapters.aws.attributes import n
from tocsin.adapters.aws.table import NEW, Cancelled
from tocsin.errors import ConditionFailed, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.adapters.aws.table import Table


def over(table: Table, item: dict[str, Any], ver: int) -> dict[str, Any]:
    """The put of version `ver`; the first one is of an item that is not there yet."""
    put: dict[str, Any] = {"TableName": table.name, "Item": item}
    if ver == 1:
        return {"Put": put | {"ConditionExpression": NEW}}
    values = {":ver": n(ver - 1)}
    condition = {"ConditionExpression": "ver = :ver", "ExpressionAttributeValues": values}
    return {"Put": put | condition}


def write(table: Table, writes: Sequence[dict[str, Any]]) -> None:
    """All of them or none.

    Raises:
        ConditionFailed: somebody has written one of them meanwhile.
        StoreUnavailable: the table did not take them now.
    """
    try:
        table.transact(writes)
    except Cancelled as cancelled:
        if cancelled.unmet:
            raise ConditionFailed from cancelled
        raise StoreUnavailable(str(cancelled)) from cancelled
