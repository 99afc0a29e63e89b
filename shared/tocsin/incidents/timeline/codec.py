"""Frozen values to JSON and back, by their own type hints: one reader for events and snapshots.

Field names are the stored form, so renaming a field is a change of format. `None` is left out
and missing fields take their defaults, so a field can be added without rewriting what is stored.
"""

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from tocsin.incidents.timeline.entry import Json, format_time, parse_time

type _Reader = Callable[[Any], Any]
type _Writer = Callable[[Any, bool], Json]
_UNIONS = (Union, types.UnionType)


def encode(value: object, *, nulls: bool = False) -> Json:
    """JSON of a value: dataclasses and mappings become objects, times RFC 3339, bytes hex.

    `nulls` keeps the fields that are None, at any depth: what is stored leaves them out, an answer
    to a caller says that there is nothing.
    """
    kind: Any = type(value)
    return _writer(kind)(value, nulls)


def encode_fields(
    value: object, *, without: frozenset[str] = frozenset(), nulls: bool = False
) -> dict[str, Json]:
    """The fields of one dataclass value, except those in `without` and those that are None."""
    found: dict[str, Json] = {}
    cls: Any = type(value)
    for name in _names(cls):
        item = getattr(value, name)
        if (item is not None or nulls) and name not in without:
            kind: Any = type(item)
            found[name] = item if kind in _AS_IT_IS else _writer(kind)(item, nulls)
    return found


_AS_IT_IS = frozenset({str, int, bool, type(None)})


@cache
def _names(cls: type) -> tuple[str, ...]:
    if not is_dataclass(cls):
        raise TypeError(f"no stored form for {cls.__name__}")
    return tuple(field.name for field in fields(cls))


_WRITERS: tuple[tuple[type, _Writer], ...] = (
    (Enum, lambda value, _nulls: str(value.value)),
    (type(None), lambda value, _nulls: value),
    (str, lambda value, _nulls: value),
    (int, lambda value, _nulls: value),
    (datetime, lambda value, _nulls: format_time(value)),
    (bytes, lambda value, _nulls: value.hex()),
    (
        Mapping,
        lambda value, nulls: {
            str(encode(key)): encode(item, nulls=nulls) for key, item in value.items()
        },
    ),
    (tuple, lambda value, nulls: [encode(item, nulls=nulls) for item in value]),
    (list, lambda value, nulls: [encode(item, nulls=nulls) for item in value]),
    (frozenset, lambda value, _nulls: [*sorted(str(encode(item)) for item in value)]),
    (object, lambda value, nulls: encode_fields(value, nulls=nulls)),
)
"""The first that fits: an enum of strings is an enum."""


@cache
def _writer(cls: type) -> _Writer:
    """What turns a value of just this class into its stored form; asked once per class."""
    return next(write for kind, write in _WRITERS if issubclass(cls, kind))


def decode_fields[T](cls: type[T], data: Mapping[str, Any], **known: object) -> T:
    """An instance of `cls`; `known` are fields that are stored elsewhere.

    Raises:
        ValueError: a field without a default is missing or has no readable value.
    """
    values = dict(known)
    for name, read, if_missing in _plan(cls):  # type: ignore[arg-type] # a class is hashable
        if name in values:
            continue
        if (raw := data.get(name)) is not None:
            values[name] = read(raw)
        elif if_missing is not None:
            values[name] = if_missing(None)
    return cls(**values)


def decode(hint: Any, raw: Any) -> Any:
    """The value of type `hint` whose stored form is `raw`."""
    return _reader(hint)(raw)


@cache
def _plan(cls: Any) -> tuple[tuple[str, _Reader, _Reader | None], ...]:
    """(name, reader of what is there, reader of None unless there is a default) of every field.

    Hints are resolved once per class.
    """
    hints = get_type_hints(cls)
    return tuple(
        (
            field.name,
            _reader_of_present(hint := hints[field.name]),
            None if _has_default(field) else _reader(hint),
        )
        for field in fields(cls)
    )


@cache
def _reader(hint: Any) -> _Reader:
    """What turns a stored form into a value of type `hint`."""
    read = _reader_of_present(hint)
    if get_origin(hint) in _UNIONS:
        return lambda raw: None if raw is None else read(raw)
    return _present(hint, read)


@cache
def _reader_of_present(hint: Any) -> _Reader:
    """The same of a stored form that is not None."""
    origin = get_origin(hint)
    if origin in _UNIONS:
        (inner,) = [option for option in get_args(hint) if option is not types.NoneType]
        return _reader_of_present(inner)
    return _plain(hint) if origin is None else _container(hint, origin)


def _present(hint: Any, read: _Reader) -> _Reader:
    def reader(raw: Any) -> Any:
        if raw is None:
            raise ValueError(f"a value of {hint} is missing")
        return read(raw)

    return reader


def _container(hint: Any, origin: Any) -> _Reader:
    arguments = get_args(hint)
    first = _reader(arguments[0])
    if origin is tuple:
        return lambda raw: tuple(map(first, raw))
    if origin is frozenset:
        return lambda raw: frozenset(map(first, raw))
    second = _reader(arguments[1])
    return lambda raw: {first(key): second(item) for key, item in raw.items()}


def _plain(hint: Any) -> _Reader:
    if hint is datetime:
        return parse_time
    if hint is bytes:
        return bytes.fromhex
    if is_dataclass(hint) and isinstance(hint, type):
        return lambda raw: decode_fields(hint, raw)
    if issubclass(hint, Enum):
        word: _Reader = hint
        return word

    def reader(raw: Any) -> Any:
        if not isinstance(raw, hint):
            raise ValueError(f"{raw!r} is no {hint.__name__}")  # noqa: TRY004 - data, not a caller's mistake
        return raw

    return reader


def _has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING
