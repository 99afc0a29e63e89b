"""JSON Schema of the answers' `TypedDict`s, each once, under its own name."""

from __future__ import annotations

import ast
import inspect
import sys
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import (
    Any,
    Literal,
    TypeAliasType,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    Any: {},
}


class Shapes:
    """Schemas by name, collected as they are referred to."""

    def __init__(self) -> None:
        self._named: dict[str, dict[str, Any]] = {}
        self._owners: dict[str, type] = {}

    def found(self) -> dict[str, dict[str, Any]]:
        return dict(sorted(self._named.items()))

    def reference(self, shape: type) -> dict[str, Any]:
        """A reference to the schema of a `TypedDict`; two of one name are an error."""
        name = shape.__name__
        if self._owners.setdefault(name, shape) is not shape:
            raise ValueError(f"two answers are called {name}: {shape.__module__} and another")
        if name not in self._named:
            self._named[name] = {}
            hints = get_type_hints(shape, localns=_names(shape.__module__))
            self._named[name] = {
                "type": "object",
                "description": " ".join((shape.__doc__ or name).split()),
                "properties": {field: self._schema(hint) for field, hint in hints.items()},
                "required": list(hints),
            }
        return {"$ref": f"#/components/schemas/{name}"}

    def _schema(self, hint: Any) -> dict[str, Any]:  # noqa: PLR0911 - one line for each kind of type
        origin, inner = get_origin(hint), get_args(hint)
        if isinstance(hint, TypeAliasType):
            moment = {"type": "string", "format": "date-time"}
            return moment if hint.__name__ == "Moment" else self._schema(hint.__value__)
        if origin in (Union, UnionType):
            return self._either([self._schema(one) for one in inner if one is not NoneType], inner)
        if origin is Literal:
            return {"type": "string", "enum": list(inner)}
        if origin is list:
            return {"type": "array", "items": self._schema(inner[0])}
        if origin is dict:
            return {"type": "object", "additionalProperties": self._schema(inner[1])}
        if is_typeddict(hint):
            return self.reference(hint)
        if isinstance(hint, type) and issubclass(hint, StrEnum):
            return {"type": "string", "enum": [word.value for word in hint]}
        return dict(_PLAIN[hint])

    @staticmethod
    def _either(schemas: list[dict[str, Any]], inner: tuple[Any, ...]) -> dict[str, Any]:
        nullable = [{"type": "null"}] if NoneType in inner else []
        return {"anyOf": [*schemas, *nullable]}


@cache
def _names(module: str) -> dict[str, Any]:
    """What the module's annotations name, also what it imports for the type checker alone."""
    loaded = sys.modules[module]
    names = dict(vars(loaded))
    for node in ast.parse(inspect.getsource(loaded)).body:
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            code = compile(ast.Module(node.body, []), module, "exec")
            exec(code, names)  # noqa: S102 - import statements of our own source
    return names
