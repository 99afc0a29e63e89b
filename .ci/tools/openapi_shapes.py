"""JSON Schema of what is sent and answered, made by pydantic from the frozen values themselves.

Only the tools know pydantic: a function writes its answers with the codec, so the few places where
the two see a type differently are named here and nowhere else.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import ModuleType

    from pydantic_core import core_schema

_REFERENCE = "#/components/schemas/"
_LEFT_OUT = frozenset({"title", "propertyNames"})


class _AsTheCodecWrites(GenerateJsonSchema):
    """Every field is there, whatever its default; bytes are hexadecimal; nothing has a title."""

    def field_is_required(self, field: Any, total: bool) -> bool:  # noqa: ARG002, FBT001 - pydantic's
        return True

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> dict[str, Any]:
        return self.generate_inner(schema["schema"])

    def bytes_schema(self, schema: core_schema.BytesSchema) -> dict[str, Any]:  # noqa: ARG002 - pydantic's signature
        return {"type": "string", "pattern": "^[0-9a-f]*$"}


class Shapes:
    """The schemas of answers by name, each once; two of one name are an error."""

    def __init__(self, shapes: Iterable[type]) -> None:
        wanted = list(dict.fromkeys(shapes))
        with _complete(wanted):
            references, made = TypeAdapter.json_schemas(
                [(shape, "serialization", TypeAdapter(shape)) for shape in wanted],
                schema_generator=_AsTheCodecWrites,
                ref_template=_REFERENCE + "{model}",
            )
        named = made.get("$defs", {})
        words = {name: found for name, found in named.items() if "enum" in found}
        if twice := sorted(name for name in named if "__" in name and name not in words):
            raise ValueError(f"two answers have one name: {', '.join(twice)}")
        self._references = {shape: found for (shape, _), found in references.items()}
        self._named = {
            name: _tidy(found, words) for name, found in named.items() if name not in words
        }

    def found(self) -> dict[str, dict[str, Any]]:
        return dict(sorted(self._named.items()))

    def reference(self, shape: type) -> dict[str, Any]:
        return dict(self._references[shape])


def schema_of(hint: Any) -> dict[str, Any]:
    """The schema of one field of a request, whole in itself."""
    found = TypeAdapter(hint).json_schema(schema_generator=_AsTheCodecWrites)
    words = found.pop("$defs", {})
    tidy: dict[str, Any] = _tidy(found, words)
    return tidy


def _tidy(schema: Any, words: Mapping[str, Any]) -> Any:
    """Without titles, on one line, and with closed sets of words where they are used."""
    if isinstance(schema, list):
        return [_tidy(each, words) for each in schema]
    if not isinstance(schema, dict):
        return schema
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    if name in words:
        return {"type": "string", "enum": list(words[name]["enum"])}
    kind = {"type": schema["type"]} if "type" in schema else {}
    left = {key: value for key, value in (kind | schema).items() if key not in _LEFT_OUT}
    if "enum" in left:
        return {"type": "string", "enum": list(left["enum"])}
    if isinstance(said := left.get("description"), str):
        left["description"] = re.sub(r"\bNone\b", "null", " ".join(said.split()))
    return {
        key: {field: _tidy(each, words) for field, each in value.items()}
        if key == "properties"
        else _tidy(value, words)
        for key, value in left.items()
    }


@contextmanager
def _complete(shapes: Iterable[type]) -> Iterator[None]:
    """Meanwhile modules have the names that they import for the type checker, as pydantic needs."""
    added: list[tuple[dict[str, Any], str]] = []
    waiting, seen = list[Any](shapes), set[Any]()
    while waiting:
        hint = waiting.pop()
        waiting += get_args(hint)
        if hint in seen or not (isinstance(hint, type) and is_dataclass(hint)):
            continue
        seen.add(hint)
        module = sys.modules[hint.__module__]
        names = vars(module)
        for name, value in _checked(module).items():
            if name not in names:
                names[name] = value
                added.append((names, name))
        hints = get_type_hints(hint)
        waiting += (hints[field.name] for field in fields(hint))
    try:
        yield
    finally:
        for names, name in added:
            del names[name]


def _checked(module: ModuleType) -> dict[str, Any]:
    """What the module imports under `TYPE_CHECKING`."""
    found: dict[str, Any] = {}
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            code = compile(ast.Module(node.body, []), module.__name__, "exec")
            exec(code, found)  # noqa: S102 - import statements of our own source
    found.pop("__builtins__", None)
    return found
