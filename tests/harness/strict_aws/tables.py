"""The tables there are, for a request is judged by the keys of the table it is about."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.harness.strict_aws.values import Index, Table

if TYPE_CHECKING:
    from collections.abc import Mapping


def as_text(table: Table) -> str:
    """A table as it is told to the emulator, which cannot import the template."""
    indexes = {
        name: [dict(index.key), None if index.projected is None else sorted(index.projected)]
        for name, index in table.indexes.items()
    }
    return json.dumps([dict(table.key), indexes])


def of_text(text: str) -> Table:
    """The inverse of `as_text`."""
    key, indexes = json.loads(text)
    return Table(
        key,
        {
            name: Index(own, None if projected is None else frozenset(projected))
            for name, (own, projected) in indexes.items()
        },
    )


class Tables:
    """The tables there are: those seen being made, and for the rest the one of `default`."""

    def __init__(self, default: Table) -> None:
        self._default = default
        self._made: dict[str, Table] = {}

    def __getitem__(self, name: str) -> Table:
        return self._made.get(name.rpartition("/")[2], self._default)

    def made(self, params: Mapping[str, Any]) -> None:
        """Learns of a table from the request that makes it."""
        kinds = {
            each["AttributeName"]: each["AttributeType"] for each in params["AttributeDefinitions"]
        }

        def key(schema: Any) -> dict[str, str]:
            ordered = sorted(schema, key=lambda each: each["KeyType"] != "HASH")
            return {each["AttributeName"]: kinds[each["AttributeName"]] for each in ordered}

        own = key(params["KeySchema"])
        self._made[params["TableName"]] = Table(
            own,
            {
                each["IndexName"]: Index(
                    key(each["KeySchema"]), _projected(each, {*own, *key(each["KeySchema"])})
                )
                for each in params.get("GlobalSecondaryIndexes", ())
            },
        )


def _projected(index: Mapping[str, Any], keys: set[str]) -> frozenset[str] | None:
    projection = index["Projection"]
    if projection["ProjectionType"] == "ALL":
        return None
    return frozenset(keys.union(projection.get("NonKeyAttributes", ())))
