"""Reads what a command is made of from JSON, by the shapes of its own fields."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypedDict

from tocsin.errors import BadInput
from tocsin.incidents.commands.shapes import LEFT_TO_THE_ENGINE, Shape, shapes

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.incidents.commands.base import Command
    from tocsin.incidents.timeline.entry import Actor
    from tocsin.incidents.vocabulary import Group
    from tocsin.runtime.web.fields import Fields


class Envelope(TypedDict):
    """What every command carries, whatever it wants."""

    incident_id: str
    command_id: str
    actor: Actor
    correlation_id: str
    occurred_at: datetime | None
    if_match: int | None
    groups: frozenset[Group]


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
        if shape.required and name != LEFT_TO_THE_ENGINE:
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
