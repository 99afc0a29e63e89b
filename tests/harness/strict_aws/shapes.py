"""What a service's own model says of a request: members, types, lengths, patterns, words."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from tests.harness.strict_aws.refusals import Refusal
from tests.harness.strict_aws.wire import shape_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.strict_aws.refusals import Call

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "blob": (bytes,),
    "timestamp": (int, float, str, datetime),
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
}


def refusals(call: Call) -> Iterator[Refusal]:
    """Everything in which the request is not of its operation's shape."""
    for name in call.strays:
        yield _refusal("unknown member", f"{name} is no member of {call.operation}")
    shape = shape_of(call)
    if shape is not None:
        yield from _structure(shape, call.params, "")
    elif call.params:
        yield _refusal("unknown member", f"{call.operation} takes nothing")


def _is(value: object, kind: str) -> bool:
    wanted = _TYPES.get(kind, (object,))
    return isinstance(value, wanted) and (bool in wanted or not isinstance(value, bool))


def _of(shape: Any, value: Any, path: str) -> Iterator[Refusal]:
    kind = shape.type_name
    if not _is(value, kind):
        yield _refusal("type", f"{path} is {type(value).__name__} and has to be {kind}")
        return
    yield from _bounds(shape, value, path)
    if kind == "structure":
        yield from _structure(shape, value, f"{path}.")
    elif kind == "list":
        for number, each in enumerate(value):
            yield from _of(shape.member, each, f"{path}[{number}]")
    elif kind == "map":
        for key, each in value.items():
            yield from _of(shape.key, key, f"{path} key")
            yield from _of(shape.value, each, f"{path}.{key}")


def _structure(shape: Any, value: dict[str, Any], path: str) -> Iterator[Refusal]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _refusal("required member", f"{path}{name} is missing")
    for name, each in value.items():
        if name in shape.members and each is not None:
            yield from _of(shape.members[name], each, f"{path}{name}")


def _bounds(shape: Any, value: Any, path: str) -> Iterator[Refusal]:
    known = shape.metadata
    size = value if isinstance(value, int | float) else _length(value)
    if size is not None and not isinstance(value, bool):
        if "min" in known and size < known["min"]:
            yield _refusal("length", f"{path} is {size}, below {known['min']}")
        if "max" in known and size > known["max"]:
            yield _refusal("length", f"{path} is {size}, above {known['max']}")
    if isinstance(value, str):
        if known.get("enum") and value not in known["enum"]:
            yield _refusal("enum", f"{path} is {value[:40]!r}, none of {', '.join(known['enum'])}")
        pattern = _compiled(known.get("pattern", ""))
        if pattern is not None and not pattern.fullmatch(value):
            yield _refusal("pattern", f"{path} is {value[:80]!r} and has to be {pattern.pattern}")


def _length(value: Any) -> int | None:
    return len(value) if isinstance(value, str | bytes | list | dict) else None


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """None for none, and for what only Java understands."""
    if not pattern:
        return None
    try:
        return re.compile(pattern, re.DOTALL if r"[\s\S]" in pattern else 0)
    except re.error:
        return None


def _refusal(rule: str, reason: str) -> Refusal:
    return Refusal(rule=rule, code="ValidationException", reason=reason)
