"""An example of any frozen value, made from its type hints: every field filled in, always alike.

A value depends on the names of the fields that lead to it and on nothing else, so a new field
changes one place of a golden file. Enums that stand in collections and keys are there with all
their members; of a single field `Examples.words` says which members its type has.
"""

from __future__ import annotations

import hashlib
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Union, get_args, get_origin
from zlib import crc32

EPOCH = datetime(2026, 9, 8, 14, 0, tzinfo=UTC)
SECOND = int(EPOCH.timestamp())
_SPOKEN = frozenset({"detail", "reason", "summary", "text", "title", "why"})
"""Fields of free text: their examples have a letter that is not ASCII."""


class Examples:
    """Makes values; `names` are types that hints name and that their module does not import."""

    def __init__(self, **names: type) -> None:
        self._names = names
        self.words: dict[str, list[str]] = {}
        self._known: set[type] = set()
        self._inside: list[type] = []

    def filled[T](self, cls: type[T], name: str, **given: Any) -> T:
        """An instance with every field set: those `given`, and the rest by their hints.

        What may hold one of its own kind holds none.
        """
        hints = self._hints(cls)
        self._inside.append(cls)
        values = {
            field.name: self._value(hints[field.name], f"{name}.{field.name}")
            for field in fields(cls)  # type: ignore[arg-type] # a dataclass
            if field.init and field.name not in given
        }
        self._inside.pop()
        return cls(**values, **given)

    def bare[T](self, cls: type[T], name: str, **given: Any) -> T:
        """An instance with as little as possible: defaults, None and empty collections."""
        hints = self._hints(cls)
        values = {
            field.name: self._least(hints[field.name], f"{name}.{field.name}")
            for field in fields(cls)  # type: ignore[arg-type] # a dataclass
            if field.name not in given
            and field.default is MISSING
            and field.default_factory is MISSING
        }
        return cls(**values, **given)

    def _hints(self, cls: type) -> dict[str, Any]:
        return typing.get_type_hints(
            cls, localns={"Mapping": Mapping, "Sequence": Sequence, **self._names}
        )

    def _least(self, hint: Any, path: str) -> Any:
        origin = get_origin(hint)
        if origin in (Union, types.UnionType) and types.NoneType in get_args(hint):
            return None
        if origin in (tuple, frozenset, Sequence, Mapping):
            return {Mapping: dict, Sequence: tuple}.get(origin, origin)()
        return self._value(hint, path)

    def _value(self, hint: Any, path: str) -> Any:
        origin, arguments = get_origin(hint), get_args(hint)
        if origin in (Union, types.UnionType):
            inner = next(each for each in arguments if each is not type(None))
            return None if inner in self._inside else self._value(inner, path)
        if origin is Mapping:
            key, value = arguments
            keys = self._several(key, f"{path}.key")
            return {each: self._value(value, f"{path}.{_word(each)}") for each in keys}
        if origin in (tuple, Sequence, frozenset):
            found = self._several(arguments[0], path)
            return frozenset(found) if origin is frozenset else tuple(found)
        return self._plain(hint, path)

    def _several(self, hint: Any, path: str) -> list[Any]:
        if isinstance(hint, type) and issubclass(hint, Enum):
            return list(hint)
        return [self._value(hint, path)]

    def _plain(self, hint: Any, path: str) -> Any:
        if isinstance(hint, type) and issubclass(hint, Enum):
            if hint not in self._known:
                self._known.add(hint)
                self.words[path] = [str(each.value) for each in hint]
            return next(iter(hint))
        if is_dataclass(hint) and isinstance(hint, type):
            return self.filled(hint, path)
        return _SIMPLE[hint](path)


def _text(path: str) -> str:
    name = path.rpartition(".")[2]
    return f"{name} é" if name in _SPOKEN else name


_SIMPLE: Mapping[Any, Callable[[str], Any]] = {
    str: _text,
    bool: lambda _path: True,
    int: lambda path: 1 + crc32(path.encode()) % 997,
    bytes: lambda path: hashlib.sha256(path.encode()).digest(),
    datetime: lambda path: EPOCH + timedelta(milliseconds=crc32(path.encode()) % 10**9),
}


def _word(key: Any) -> str:
    return str(key.value) if isinstance(key, Enum) else str(key)
