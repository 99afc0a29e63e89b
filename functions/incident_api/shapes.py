"""The shape of a wish: read off the command itself, so that API, document and engine agree.

A verb's body has the fields of its command, under the same names. This module reads them from
JSON; `openapi` writes the same shapes down. A field that is added to a command is thereby in the
API, and a field that is taken away fails the comparison with the published document.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from enum import StrEnum
from functools import cache
from types import NoneType
from typing import TYPE_CHECKING, Any, TypedDict, get_args, get_origin

from tocsin.errors import BadInput
from tocsin.incidents.commands import Command

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.incidents.timeline import Actor
    from tocsin.incidents.vocabulary import Group
    from tocsin.runtime.fields import Fields


class Envelope(TypedDict):
    """What every command carries, whatever it wants."""

    incident_id: str
    command_id: str
    actor: Actor
    correlation_id: str
    occurred_at: datetime | None
    if_match: int | None
    groups: frozenset[Group]


@dataclass(frozen=True, slots=True)
class Shape:
    """One field of a wish. `kind` is the type without "or None"; `many` says that it is a list.

    `required` means that leaving it out is refused by somebody: here, or by the engine, which has
    its own error for a reason that is missing.
    """

    name: str
    kind: type
    many: bool
    required: bool
    default: object


# Kept from callers: no claim of theirs stands in for the application's own check.
_NOT_ASKED = frozenset({"verified_head"}) | {field.name for field in fields(Command)}
_LEFT_TO_THE_ENGINE = "reason"


@cache
def shapes(wish: type) -> tuple[Shape, ...]:
    """The fields somebody may send for a command, in the order they are declared."""
    return tuple(
        _shape(field.name, field.type, field.default)
        for field in fields(wish)
        if field.name not in _NOT_ASKED
    )


def _shape(name: str, hint: Any, default: object) -> Shape:
    plain = [each for each in get_args(hint) if each is not NoneType] or [hint]
    optional = NoneType in get_args(hint)
    many = get_origin(hint) is tuple
    return Shape(
        name=name,
        kind=plain[0],
        many=many,
        required=default is MISSING and not optional,
        default=None if default is MISSING else default,
    )


def wish[C: Command](command: type[C], given: Fields, envelope: Envelope) -> C:
    """The command a body asks for.

    Raises:
        BadInput: a field is missing, unknown, or is not what it must be.
    """
    values = _values(command, given)
    given.done()
    return command(**envelope, **values)


def plain[T](kind: type[T], given: Fields) -> T:
    """A value that is no command, read in the same way.

    Raises:
        BadInput: as `wish`.
    """
    values = _values(kind, given)
    given.done()
    return kind(**values)


def _values(kind: type, given: Fields) -> dict[str, Any]:
    return {shape.name: _value(shape, given) for shape in shapes(kind)}


def _value(shape: Shape, given: Fields) -> Any:
    name = shape.name
    if not given.has(name):
        given.drop(name)
        if shape.required and name != _LEFT_TO_THE_ENGINE:
            raise BadInput(f"`{given.full(name)}` is missing", field=given.full(name))
        return "" if shape.required else shape.default
    if not shape.many:
        return _one(shape, given)
    if shape.kind is str:
        return given.texts(name)
    return tuple(plain(shape.kind, each) for each in given.objects(name))


def _one(shape: Shape, given: Fields) -> Any:
    if issubclass(shape.kind, StrEnum):
        return given.word(shape.name, shape.kind)
    read: dict[type, Callable[[str], Any]] = {
        str: given.text,
        bool: given.flag,
        int: given.number,
        datetime: given.moment,
    }
    return read[shape.kind](shape.name)
