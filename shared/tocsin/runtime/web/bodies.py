"""Reads what a request's body asks for by the shapes of the value it becomes."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tocsin.errors import BadInput
from tocsin.incidents.commands.shapes import Shape, shapes

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.runtime.web.fields import Fields


def read[T](kind: type[T], given: Fields, **known: object) -> T:
    """The value that a body is; `known` are fields that its sender does not decide.

    Raises:
        BadInput: a field is missing, unknown, or is not what it must be.
    """
    values = {shape.name: _value(shape, given) for shape in shapes(kind)}  # type: ignore[arg-type] # a class is hashable
    given.done()
    return kind(**values, **known)


def _value(shape: Shape, given: Fields) -> Any:
    name = shape.name
    if not given.has(name):
        given.drop(name)
        if shape.required and not shape.left_to_engine:
            raise BadInput(f"`{given.full(name)}` is missing", field=given.full(name))
        if shape.required:
            return () if shape.many else ""
        return shape.default
    if not shape.many:
        return _one(shape, given)
    if shape.kind is str:
        return given.texts(name)
    return tuple(read(shape.kind, each) for each in given.objects(name))


def _one(shape: Shape, given: Fields) -> Any:
    name = shape.name
    if shape.among:
        return given.choice(name, shape.among)
    if issubclass(shape.kind, StrEnum):
        return given.word(name, shape.kind)
    kinds: dict[type, Callable[[str], Any]] = {
        str: given.text,
        bool: given.flag,
        int: given.number,
        datetime: given.moment,
        dict: given.mapping,
    }
    value = kinds[shape.kind](name)
    if shape.pattern and not re.fullmatch(shape.pattern, value):
        raise BadInput(f"`{given.full(name)}` must match {shape.pattern}", field=given.full(name))
    return value
