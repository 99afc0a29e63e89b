"""The stored form of published policies, shared by both stores.

`POLICY` in the `operations` table: `v#<n>` for every version, the number with leading zeros so
that the newest is the last; `is#<version>` for the number of what an incident names; and
`asked#<digest>` for the request a version came of. None of them is ever changed or removed.
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING

from tocsin.incidents.runbook.policy import ChangedKey

if TYPE_CHECKING:
    from tocsin.ports.runbooks import PolicyVersion

PK = "POLICY"
NUMBERED = "v#"
ITEM_VERSION = 1
_LONGEST = 4_000_000
"""Bytes a document unpacks to at most; far more than is taken in."""


def number_sk(number: int) -> str:
    """The place of a version among all."""
    return f"{NUMBERED}{number:06d}"


def version_sk(version: str) -> str:
    """Where it stands which number a version has."""
    return f"is#{version}"


def asked_sk(digest: str) -> str:
    """Where a request is remembered."""
    return f"asked#{digest}"


def packed(document: bytes) -> bytes:
    """A document as it is stored: a fifth of its length."""
    return zlib.compress(document, 9)


def unpacked(stored: bytes) -> bytes:
    """The inverse of `packed`; empty for what cannot be unpacked, which no digest fits."""
    try:
        return zlib.decompressobj().decompress(stored, _LONGEST)
    except zlib.error:
        return b""


def changed_text(version: PolicyVersion) -> str:
    """What differs, as text."""
    rows = [[each.key, each.old, each.new] for each in version.changed]
    return json.dumps(rows, separators=(",", ":"), ensure_ascii=False)


def changed_of(text: str) -> tuple[ChangedKey, ...]:
    """The inverse of `changed_text`."""
    return tuple(ChangedKey(*row) for row in json.loads(text))
