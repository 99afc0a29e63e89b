"""The shape of a wish: read off the value itself, so that API, document and engine agree.

A verb's body has the fields of its command, under the same names; another request's body is a
frozen value of its own. A field that is added there is thereby in the API, in its document and on
the command line, and one that is taken away fails the comparison with the published document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from types import NoneType
from typing import TYPE_CHECKING, Any, get_args, get_origin

from tocsin.incidents.commands.base import Command

if TYPE_CHECKING:
    from dataclasses import Field


@dataclass(frozen=True, slots=True)
class Shape:
    """One field of a wish. `kind` is the type without "or None"; `many` says that it is a list.

    `required` means that leaving it out is refused by somebody: by the reader, or where it is
    `left_to_engine` by the engine, which has its own error for it. `among` are the words there are
    and `pattern` what a text must match as a whole; `limits` are as JSON Schema calls them, and
    kept by whoever the wish is for. `about` is empty where the name's own help says it.
    """

    name: str
    kind: type
    many: bool
    required: bool
    default: object
    left_to_engine: bool = False
    about: str = ""
    among: tuple[str, ...] = ()
    pattern: str = ""
    limits: Mapping[str, int] = field(default_factory=dict)


# Kept from callers: no claim of theirs stands in for the application's own check.
_NOT_ASKED = frozenset({"stored", "verified_head", "headline", "gone", "access", "called"}) | {
    each.name for each in fields(Command)
}
_REASON = "reason"


@cache
def shapes(wish: type) -> tuple[Shape, ...]:
    """The fields somebody may send for a wish, in the order they are declared."""
    return tuple(_shape(each) for each in fields(wish) if each.name not in _NOT_ASKED)


def _said(of: Field[Any]) -> dict[str, Any]:
    """What the field says of itself beyond its type."""
    return {"left_to_engine": of.name == _REASON, **of.metadata}


def _shape(of: Field[Any]) -> Shape:
    hint: Any = of.type
    optional = NoneType in get_args(hint)
    if optional:
        (hint,) = (each for each in get_args(hint) if each is not NoneType)
    origin = get_origin(hint)
    plain = get_args(hint) or (hint,)
    return Shape(
        name=of.name,
        kind=dict if origin is Mapping else plain[0],
        many=origin is tuple,
        required=of.default is MISSING and not optional,
        default=None if of.default is MISSING else of.default,
        **_said(of),
    )
