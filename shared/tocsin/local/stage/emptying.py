"""Empties a local stage: nobody's incidents, no events, nothing at the provider."""

from __future__ import annotations

from itertools import batched
from typing import TYPE_CHECKING, Any

from tocsin.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.local.look.clients import Clients

_TRIES = 10


def empty_tables(clients: Clients, tables: Iterable[str]) -> None:
    """Deletes every item of these tables, with the emulator's own credentials.

    Raises:
        Unavailable: the emulator goes on to refuse some.
    """
    for table in tables:
        pages = clients.dynamodb.get_paginator("scan").paginate(
            TableName=table,
            ConsistentRead=True,
            ProjectionExpression="PK, SK",
        )
        keys = [dict(item) for page in pages for item in page["Items"]]
        for some in batched(keys, 25, strict=False):
            left: list[Any] = [{"DeleteRequest": {"Key": key}} for key in some]
            for _ in range(_TRIES):
                answer = clients.dynamodb.batch_write_item(RequestItems={table: left})
                left = list(answer.get("UnprocessedItems", {}).get(table, []))
                if not left:
                    break
            else:
                raise Unavailable(f"{len(left)} items of {table} could not be deleted")
