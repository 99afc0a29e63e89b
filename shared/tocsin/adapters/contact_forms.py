"""The stored form of a contact way, shared by both stores.

`PERSON#<person>` / `WAY#<way id>` in the `operations` table, which a key of ours encrypts. The
way's id is random: an address, hashed or not, is in no key.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from tocsin.incidents.timeline.codec import decode_fields, encode_fields
from tocsin.incidents.timeline.entry import canonical_json
from tocsin.people.ways import Way

if TYPE_CHECKING:
    from collections.abc import Iterable

PREFIX = "WAY#"


def person_pk(person: str) -> str:
    """Where a person's ways are."""
    return f"PERSON#{person}"


def way_sk(way_id: str) -> str:
    """The place of one way among them."""
    return f"{PREFIX}{way_id}"


def way_text(way: Way) -> str:
    """The way as text, all but its revision."""
    return canonical_json(encode_fields(replace(way, rev=0))).decode()


def way_of(text: str, rev: int) -> Way:
    """The inverse of `way_text`."""
    return replace(decode_fields(Way, json.loads(text)), rev=rev)


def in_order(ways: Iterable[Way]) -> tuple[Way, ...]:
    """The oldest first."""
    return tuple(sorted(ways, key=lambda way: (way.added_at, way.id)))
