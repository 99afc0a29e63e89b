"""The tables of the template, as the checker has to know them."""

from __future__ import annotations

from infra.tables import PARTITION_KEY, SORT_KEY, TABLES
from tests.harness.strict_aws.values import Index, Table

_KEY = {PARTITION_KEY: "S", SORT_KEY: "S"}

DEFAULT = Table(
    _KEY,
    {
        index.name: Index(
            dict((index.partition, index.sort)),
            frozenset({*_KEY, index.partition[0], index.sort[0], *index.includes}),
        )
        for table in TABLES
        for index in table.indexes
    },
)
"""All tables have one key, and an index of one name is the same wherever it is."""
