"""Reads foreign JSON field by field, so that what is missing is named and nothing else escapes."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tocsin.errors import MalformedPayload

if TYPE_CHECKING:
    from collections.abc import Mapping


def text(record: Mapping[str, object], key: str) -> str:
    """A text that must be there and say something.

    Raises:
        MalformedPayload: absent, empty or another type; so do all readers here.
    """
    value = optional_text(record, key)
    if not value:
        raise MalformedPayload(f"`{key}` must be text", field=key)
    return value


def optional_text(record: Mapping[str, object], key: str) -> str:
    """A text, or nothing where a source sends null or leaves it out."""
    value = record.get(key)
    if value is None:
        return ""
    if not isinstance(value, str) or not _storable(value):
        raise MalformedPayload(f"`{key}` must be text", field=key)
    return value


def _storable(value: str) -> bool:
    """Whether UTF-8 can hold it: JSON can escape half a surrogate pair, no store takes one."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def record(parent: Mapping[str, object], key: str) -> Mapping[str, object]:
    """An object that must be there."""
    return as_record(parent.get(key), key)


def as_record(value: object, name: str) -> Mapping[str, object]:
    """The value, if it is an object; `name` is what the error calls it."""
    if not isinstance(value, dict):
        raise MalformedPayload(f"`{name}` must be an object", field=name)
    return value


def records(parent: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    """A list of objects; empty where it is left out."""
    value = parent.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise MalformedPayload(f"`{key}` must be a list", field=key)
    return [as_record(item, key) for item in value]


def moment(parent: Mapping[str, object], key: str) -> datetime:
    """A time that names its offset, in UTC and whole milliseconds."""
    raw = text(parent, key)
    try:
        found = datetime.fromisoformat(raw)
        if found.tzinfo is None:
            raise MalformedPayload(f"`{key}` must name its offset from UTC", field=key)
        utc = found.astimezone(UTC)
    except (ValueError, OverflowError) as unreadable:
        raise MalformedPayload(f"`{key}` is no time: {raw[:64]!r}", field=key) from unreadable
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def json_object(parent: Mapping[str, object], key: str) -> Mapping[str, object]:
    """An object that arrives as JSON inside a text."""
    try:
        value = json.loads(text(parent, key))
    except (ValueError, RecursionError) as broken:
        raise MalformedPayload(f"`{key}` holds no JSON", field=key) from broken
    return as_record(value, key)


def identity(source: str, *parts: object) -> str:
    """A signal's id: the same for the same parts, in any process."""
    said = "|".join(map(str, parts))
    return f"{source}-{hashlib.sha256(said.encode('utf-8', 'replace')).hexdigest()[:32]}"
