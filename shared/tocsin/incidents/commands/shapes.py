"""The shape of a wish: read off the command itself, so that API, document and engine agree.

A verb's body has the fields of its command, under the same names. A field that is added to a
command is thereby in the API and on the command line, and a field that is taken away fails the
comparison with the published document.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from functools import cache
from types import NoneType
from typing import Any, get_args, get_origin

from tocsin.incidents.commands.base import Command


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
_NOT_ASKED = frozenset({"stored", "verified_head"}) | {field.name for field in fields(Command)}
LEFT_TO_THE_ENGINE = "reason"


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
