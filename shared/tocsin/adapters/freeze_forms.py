"""The stored form of a freeze: `FREEZE` / `<service>#<incident>` in the `operations` table.

An item is never deleted by the program: one that is over says since when, and the table forgets
it a month later. So whoever writes incidents needs no right to delete anything.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.incidents.queries.freeze import ServiceFreeze
from tocsin.incidents.timeline.codec import decode_fields, encode_fields
from tocsin.incidents.timeline.entry import canonical_json

if TYPE_CHECKING:
    from datetime import datetime

FREEZE_PK = "FREEZE"
KEPT = timedelta(days=30)


def freeze_sk(held: ServiceFreeze) -> str:
    """The place of one service held by one incident."""
    return f"{held.service}#{held.incident}"


def freeze_text(held: ServiceFreeze) -> str:
    """The freeze as text."""
    return canonical_json(encode_fields(held)).decode()


def freeze_of(text: str) -> ServiceFreeze:
    """The inverse of `freeze_text`."""
    return decode_fields(ServiceFreeze, json.loads(text))


def forgotten_at(held: ServiceFreeze) -> datetime | None:
    """When the table may forget it; None while nobody knows its end."""
    return None if held.until is None else held.until + KEPT
