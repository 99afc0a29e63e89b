"""Frozen values to JSON and back, by their own type hints: one reader for events and snapshots.

Field names are the stored form, so renaming a field is a change of format. `None` is left out
and missing fields take their defaults, so a field can be added without rewriting what is stored.
"""

import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from tocsin.incidents.timeline import Json, format_time, parse_time


def encode(value: object) -> Json:
    """JSON of a value: dataclasses and mappings become objects, times RFC 3339, bytes hex."""
    match value:
        case Enum():
            found: Json = str(value.value)
        case None | bool() | str() | int():
            found = value
        case datetime():
            found = format_time(value)
        case bytes():
            found = value.hex()
        case Mapping():
            found = {str(encode(key)): encode(item) for key, item in value.items()}
        case tuple() | list():
            found = [encode(item) for item in value]
        case frozenset():
            found = [*sorted(str(encode(item)) for item in value)]
        case _:
            found = encode_fields(value)
    return found


def encode_fields(value: object, *, without: frozenset[str] = frozenset()) -> dict[str, Json]:
    """The fields of one dataclass value, except those in `without` and those that are None."""
    if not is_dataclass(value):
        raise TypeError(f"no stored form for {type(value).__name__}")
    return {
        field.name: encode(item)
        for field in fields(value)
        if field.name not in without and (item := getattr(value, field.name)) is not None
    }


def decode_fields[T](cls: type[T], data: Mapping[str, Any], **known: object) -> T:
    """An instance of `cls`; `known` are fields that are stored elsewhere.

    Raises:
        ValueError: a field without a default is missing or has no readable value.
    """
    values = dict(known)
    for field, hint in _hints(cls):  # type: ignore[arg-type] # a class is hashable
        if field.name in values:
            continue
        if (raw := data.get(field.name)) is not None:
            values[field.name] = decode(hint, raw)
        elif not _has_default(field):
            values[field.name] = decode(hint, None)
    return cls(**values)


def decode(hint: Any, raw: Any) -> Any:
    """The value of type `hint` whose stored form is `raw`."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _decode_optional(hint, raw)
    if raw is None:
        raise ValueError(f"a value of {hint} is missing")
    if origin is tuple:
        return tuple(decode(get_args(hint)[0], item) for item in raw)
    if origin is frozenset:
        return frozenset(decode(get_args(hint)[0], item) for item in raw)
    if origin is not None and issubclass(origin, Mapping):
        key_hint, item_hint = get_args(hint)
        return {decode(key_hint, key): decode(item_hint, item) for key, item in raw.items()}
    return _decode_plain(hint, raw)


def _decode_optional(hint: Any, raw: Any) -> Any:
    if raw is None:
        return None
    (inner,) = [option for option in get_args(hint) if option is not types.NoneType]
    return decode(inner, raw)


def _decode_plain(hint: Any, raw: Any) -> Any:
    if hint is datetime:
        return parse_time(raw)
    if hint is bytes:
        return bytes.fromhex(raw)
    if is_dataclass(hint) and isinstance(hint, type):
        return decode_fields(hint, raw)
    if issubclass(hint, Enum):
        return hint(raw)
    if not isinstance(raw, hint):
        raise ValueError(f"{raw!r} is no {hint.__name__}")  # noqa: TRY004 - data, not a caller's mistake
    return raw


@cache
def _hints(cls: Any) -> tuple[tuple[Field[Any], Any], ...]:
    hints = get_type_hints(cls)
    return tuple((field, hints[field.name]) for field in fields(cls))


def _has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING
