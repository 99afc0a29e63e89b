"""The timeline entry and its hash chain. Stored for ever: the format never changes silently.

    content_hash = sha256(salt ‖ RFC 8785 JSON of the content)
    hash         = sha256(prev_hash ‖ RFC 8785 JSON of the header)

The header holds no content, only its hash, so content can be erased by destroying its salt and
key while the chain still verifies. The first entry's `prev_hash` is 32 zero bytes. Times in a
header are UTC, RFC 3339 with exactly three decimals and `Z`. Content holds no floats.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import rfc8785

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tocsin.incidents.vocabulary import ActorKind

ENTRY_VERSION = 1
GENESIS = bytes(32)

_SAFE_INTEGER = 2**53 - 1
_WRITTEN_ALIKE = frozenset({str, bool, type(None)})
_PLAIN = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False
)

type Json = bool | int | str | list[Json] | dict[str, Json] | None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it, as a reference: `person:<id>`, `rule:<id>`, `system:<function>`."""

    kind: ActorKind
    id: str

    @property
    def ref(self) -> str:
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a timeline, sealed into the chain."""

    incident: str
    seq: int
    type: str
    recorded_at: datetime
    occurred_at: datetime
    actor_ref: str
    content: Mapping[str, Json]
    salt: bytes
    prev_hash: bytes
    correlation_id: str
    v: int = ENTRY_VERSION

    @property
    def content_hash(self) -> bytes:
        return hashlib.sha256(self.salt + canonical_json(self.content)).digest()

    @property
    def header(self) -> dict[str, Json]:
        return {
            "v": self.v,
            "incident": self.incident,
            "seq": self.seq,
            "type": self.type,
            "recorded_at": format_time(self.recorded_at),
            "occurred_at": format_time(self.occurred_at),
            "actor_ref": self.actor_ref,
            "content_hash": self.content_hash.hex(),
        }

    @property
    def hash(self) -> bytes:
        return hashlib.sha256(self.prev_hash + canonical_json(self.header)).digest()


def canonical_json(value: Mapping[str, Json]) -> bytes:
    """RFC 8785 bytes of a JSON object. Floats are refused: they have no place in a record.

    The standard library writes the same bytes in a third of the time where neither the order of
    keys nor a number needs the RFC's own rules, which is nearly always.
    """
    plain = cast("dict[str, Any]", dict(value))
    if _is_plain(plain):
        try:
            return _PLAIN.encode(plain).encode()
        except UnicodeEncodeError:
            pass  # half a surrogate pair, for which the RFC's own writer has its own error
    _refuse_floats(plain)
    return rfc8785.dumps(plain)


def _is_plain(value: object) -> bool:
    """Whether sorting by code points is sorting by UTF-16, and every number is a safe integer."""
    if type(value) in _WRITTEN_ALIKE or isinstance(value, str):
        return True
    if isinstance(value, int):
        return -_SAFE_INTEGER <= value <= _SAFE_INTEGER
    if isinstance(value, dict):
        return all(
            isinstance(key, str) and key.isascii() and _is_plain(item)
            for key, item in value.items()
        )
    return isinstance(value, list | tuple) and all(_is_plain(item) for item in value)


def _refuse_floats(value: object) -> None:
    if isinstance(value, float):
        raise TypeError(f"floats have no place in a record: {value!r}")
    if isinstance(value, dict):
        for item in value.values():
            _refuse_floats(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_floats(item)


def format_time(moment: datetime) -> str:
    """UTC, RFC 3339, milliseconds, `Z`: `2026-09-08T14:00:00.000Z`."""
    return _written(moment if moment.tzinfo is UTC else moment.astimezone(UTC))


@lru_cache(maxsize=4096)
def _written(utc: datetime) -> str:
    """Kept, as one moment is written many times: in its entry, in what is due, in messages.

    Only of UTC: elsewhere two different moments are equal, in the hour that comes twice.
    """
    return utc.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def parse_time(text: str) -> datetime:
    """The inverse of `format_time`; also reads other RFC 3339 texts that name their offset.

    Raises:
        ValueError: it is no time, names no zone, or lies before year 1 or after 9999 in UTC.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"a time needs its zone: {text!r}")
    try:
        return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} is no time of UTC's") from error


def first_broken_link(entries: Iterable[Entry], *, prev_hash: bytes = GENESIS) -> int | None:
    """The `seq` of the first entry that does not follow from the one before it, or None."""
    expected_seq = None
    for entry in entries:
        if entry.prev_hash != prev_hash or (expected_seq is not None and entry.seq != expected_seq):
            return entry.seq
        prev_hash, expected_seq = entry.hash, entry.seq + 1
    return None
