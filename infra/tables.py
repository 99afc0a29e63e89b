"""The four tables: keys, indexes, streams. The stored items are described where they are written.

Keys of a table and of its local shape can never change once data is stored, so they are data here,
apart from the construct that deploys them, and tests compare the template with this page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

KeyType = Literal["S", "N"]

PARTITION_KEY = "PK"
SORT_KEY = "SK"
TTL = "ttl"
"""Epoch seconds; items without it stay."""


@dataclass(frozen=True, slots=True)
class Index:
    """A global secondary index. `includes` empty = keys only.

    Keys only wherever an index can be: every projected attribute that changes is another write,
    and a throttled index throttles its table.
    """

    name: str
    partition: tuple[str, KeyType]
    sort: tuple[str, KeyType]
    includes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """One table. `stream` is what its records carry: new images alone, or both, or no stream."""

    name: str
    stream: Literal["NEW_IMAGE", "NEW_AND_OLD_IMAGES"] | None = None
    indexes: tuple[Index, ...] = ()

    @property
    def pascal(self) -> str:
        return "".join(word.capitalize() for word in self.name.split("-"))

    @property
    def variable(self) -> str:
        """The field name under which functions are told the table's name."""
        return f"{self.name.replace('-', '_').upper()}_TABLE"


DUE = Index("due", partition=("due_pk", "S"), sort=("due_sk", "N"))
LIST = Index(
    "list",
    partition=("list_pk", "S"),
    sort=("list_sk", "S"),
    includes=("title", "severity", "state", "category", "restricted"),
)
WORKSPACE = Index(
    "workspace",
    partition=("workspace", "S"),
    sort=(PARTITION_KEY, "S"),
    # Only what changes together with `rev`: the projector's other writes do not reach the index.
    includes=("st", "plan", "period_end", "cp", "ce", "rev", "since", "src", "ovr"),
)

TABLES = (
    Table("incidents", stream="NEW_AND_OLD_IMAGES", indexes=(DUE, LIST)),
    Table("billing-events", stream="NEW_IMAGE"),
    Table("billing-subscriptions", stream="NEW_AND_OLD_IMAGES", indexes=(WORKSPACE,)),
    Table("operations", indexes=(DUE,)),
)
