"""Names of the items and indexes of the `incidents` table, written once.

Table key: `PK` / `SK` (strings). Index `due` (keys only): `due_pk` (string) / `due_sk` (number,
epoch seconds). Index `list`: `list_pk` (string) / `list_sk` (string), including `title`,
`severity`, `state`, `category` and `restricted`. Time to live: `ttl` (epoch seconds).
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING
from zlib import crc32

from tocsin.incidents.model.work import SHORT
from tocsin.incidents.timeline.entry import format_time

if TYPE_CHECKING:
    from datetime import date, datetime

    from tocsin.incidents.model.signals import Signal

DUE_INDEX = "due"
LIST_INDEX = "list"
LIST_INCLUDED = ("title", "severity", "state", "category", "restricted")
DUE_SHARDS = 8
META = "META"
POINTER = "OPEN"
CLEAR = "CLEAR"
HELD = "HELD"
WINDOWS = "WINDOWS"
LEADING = "LEADS"
WEEK = "WEEK"
NUMBER = "INC"
COUNTER = "COUNTER"
SEEN = "SEEN#"
OUTBOX = "OUT#"
OPEN_LIST = "L#open"
ITEM_VERSION = 1
LAST_SEQ = 99_999_999


def incident_pk(incident_id: str) -> str:
    """The partition of one incident."""
    return f"INC#{incident_id}"


def entry_sk(seq: int) -> str:
    """A timeline entry; padded so that text order is number order."""
    return f"T#{seq:08d}"


def command_sk(command_hash: str) -> str:
    """The trace of a command id."""
    return f"CMD#{command_hash}"


def pointer_pk(key: str) -> str:
    """The partition of one dedup key."""
    return f"KEY#{key}"


def lead_pk(name: str) -> str:
    """Where it is kept which incident others of a group join, or hold their peace for."""
    return f"LEAD#{name}"


def commit_pk(commit: str) -> str:
    """What is known of the commits that begin like this one, for people shorten them."""
    return f"COMMIT#{commit[:SHORT].lower()}"


def follower_sk(incident_id: str, commit: str) -> str:
    """An incident that is told of a commit."""
    return f"FOR#{incident_id}#{commit}"


def unknown_pk(week: str) -> str:
    """What no rule knew in a week."""
    return f"UNKNOWN#{week}"


MAINTENANCE_PK = "MAINT"
"""All maintenance windows are one item: who takes signals in reads it beside their traces."""


def aside_pk(day: date) -> str:
    """The signals that led to nothing on a day, UTC."""
    return f"ASIDE#{day:%Y%m%d}"


def aside_sk(at: datetime, signal_id: str) -> str:
    """In the order in which they came."""
    return f"{format_time(at)}#{signal_id}"


def trace_sk(signal: Signal) -> str:
    """The trace of one signal, in the order of the source's times."""
    return f"SIG#{format_time(signal.occurred_at)}#{signal.id}"


FIRST_TRACE, LAST_TRACE = "SIG#", "SIG#~"
"""Between them lie the traces of a key."""


def number_pk(name: str) -> str:
    """Whose a number is: `INC-142` or `DRILL-7`."""
    return f"NUM#{name.replace('-', '#')}"


def counter_pk(prefix: str) -> str:
    """Where numbers are counted, in the `operations` table."""
    return f"NUMBER#{prefix}"


def creation_pk(principal: str) -> str:
    """Where a principal's creations are traced, in the `operations` table."""
    return f"IDEM#{principal}"


def due_pk(name: str) -> str:
    """One of 8 shards of the due index, by incident or dedup key: no hot key, few queries."""
    return f"D#{crc32(name.encode()) % DUE_SHARDS}"


def due_sk(at: datetime) -> int:
    """Epoch seconds at which `at` has come: rounded up, so that nothing is looked at too early."""
    return ceil(at.timestamp())


def list_named(closed_in: str | None) -> str:
    """The board of open incidents, or of a month (`yyyymm`)."""
    return OPEN_LIST if closed_in is None else f"L#closed-{closed_in}"


def list_pk(closed_at: datetime | None) -> str:
    """The board of open incidents, or the month (UTC) an incident was closed in."""
    return list_named(None if closed_at is None else f"{closed_at:%Y%m}")


def list_sk(opened_at: datetime, incident_id: str) -> str:
    """Sorts a board by opening time."""
    return f"{format_time(opened_at)}#{incident_id}"
