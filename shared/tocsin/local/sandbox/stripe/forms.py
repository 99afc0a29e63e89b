"""Reads the provider's nested form encoding: `items[0][price]=p` is `{"items": [{"price": "p"}]}`.

Everything stays text: the provider has no types on the wire either, and each operation says what
it expects. Anything malformed is refused as the provider does, never half-read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from tocsin.local.sandbox.stripe.errors import invalid

if TYPE_CHECKING:
    from tocsin.local.sandbox.defaults import Json

_NAME: Final = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_PART: Final = re.compile(r"\[([^\[\]]*)\]")
_MOST_PARTS: Final = 6


def parse(text: str) -> Json:
    """Nested dicts and lists of text.

    Raises:
        ProviderRefusal: a name is malformed, too deep, or used as two different things.
    """
    tree: Json = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        match = _NAME.fullmatch(name)
        if match is None:
            raise invalid(f"Invalid parameter name: {name}", param=name)
        path = [match.group(1), *_PART.findall(match.group(2))]
        if len(path) > _MOST_PARTS:
            raise invalid(f"Parameter nested too deeply: {name}", param=name)
        _insert(tree, path, value, name)
    return {key: _lists(value) for key, value in tree.items()}


def _insert(tree: Json, path: list[str], value: str, name: str) -> None:
    node = tree
    for part in path[:-1]:
        child = node.setdefault(part or str(len(node)), {})
        if not isinstance(child, dict):
            raise invalid(f"Invalid parameter: {name} is both a value and an object", param=name)
        node = child
    last = path[-1] or str(len(node))
    if last in node:
        raise invalid(f"Parameter given twice: {name}", param=name)
    node[last] = value


def _lists(value: Any) -> Any:
    """Objects whose names are all numbers become lists in the order of those numbers."""
    if not isinstance(value, dict):
        return value
    children = {key: _lists(child) for key, child in value.items()}
    if children and all(key.isdecimal() for key in children):
        return [children[key] for key in sorted(children, key=int)]
    return children


def integer(params: Json, name: str, default: int | None = None) -> int | None:
    """The whole number under `name`, or the default when it is absent."""
    raw = params.get(name)
    if raw is None:
        return default
    if isinstance(raw, str) and re.fullmatch(r"-?[0-9]{1,15}", raw):
        return int(raw)
    raise invalid(f"Invalid integer: {raw}", param=name, code="parameter_invalid_integer")


def boolean(params: Json, name: str, default: bool | None = None) -> bool | None:  # noqa: FBT001  # read like `dict.get`
    """`true` or `false` under `name`, or the default when it is absent."""
    raw = params.get(name)
    if raw is None:
        return default
    if raw in {"true", "false"}:
        return bool(raw == "true")
    raise invalid(f"Invalid boolean: {raw}", param=name)


def text(params: Json, name: str, *, required: bool = False) -> str | None:
    """The text under `name`; an empty one unsets the field, so it comes back as it is."""
    raw = params.get(name)
    if raw is None and required:
        raise invalid(f"Missing required param: {name}.", param=name, code="parameter_missing")
    if raw is not None and not isinstance(raw, str):
        raise invalid(f"Invalid string: {raw}", param=name)
    return raw


def mapping(params: Json, name: str) -> Json:
    """The object under `name`, empty when absent or sent as an empty value."""
    raw = params.get(name) or {}
    if isinstance(raw, list):  # `metadata[1]=x` has names that look like positions
        raw = {str(position): value for position, value in enumerate(raw)}
    if not isinstance(raw, dict):
        raise invalid(f"Invalid object: {raw}", param=name)
    return raw


def sequence(params: Json, name: str) -> list[Any]:
    """The list under `name`, empty when absent."""
    raw = params.get(name) or []
    if not isinstance(raw, list):
        raise invalid(f"Invalid array: {raw}", param=name)
    return raw


def only(params: Json, allowed: frozenset[str]) -> None:
    """Refuses parameters the operation does not know, as the provider does.

    A sandbox that ignored them would let a caller believe in something that has no effect.
    """
    for name in params:
        if name not in allowed:
            raise invalid(
                f"Received unknown parameter: {name}", param=name, code="parameter_unknown"
            )
