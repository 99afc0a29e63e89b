"""What breaks callers: the difference between a published document and a new one.

Callers ignore fields they do not know, so answers may grow. They break when something they read is
gone or can be something new, and when what they send is no longer enough or no longer taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

type Schema = Mapping[str, Any]
type Both = tuple[Schema, Schema]
"""The published document and the new one."""

_UNDESCRIBED: Schema = {"type": "object"}
"""A body of which nothing was promised: to say what it is takes nothing from anybody."""


def broken(old: Schema, new: Schema) -> list[str]:
    """Every break, in words; empty if callers of `old` can go on with `new`."""
    return list(_documents(old, new))


def _documents(old: Schema, new: Schema) -> Iterator[str]:
    for path, methods in old["paths"].items():
        for method, before in methods.items():
            where = f"{method.upper()} {path}"
            after = new["paths"].get(path, {}).get(method)
            if after is None:
                yield f"{where} is gone"
                continue
            yield from _operation(where, before, after, (old, new))


def _operation(where: str, before: Schema, after: Schema, both: Both) -> Iterator[str]:
    for status, answer in before["responses"].items():
        if status not in after["responses"]:
            yield f"{where} no longer answers {status}"
            continue
        yield from _read(
            f"{where} {status}",
            _body(answer, both[0]),
            _body(after["responses"][status], both[1]),
            both,
            (),
        )
    yield from _parameters(where, before, after)
    sent_before, sent_after = (
        _body(one.get("requestBody", {}), doc) for one, doc in ((before, both[0]), (after, both[1]))
    )
    if sent_before == _UNDESCRIBED:
        return
    if after.get("requestBody", {}).get("required") and not before.get("requestBody", {}).get(
        "required"
    ):
        yield f"{where} now needs a body"
    yield from _sent(f"{where} body", sent_before, sent_after, both)


def _parameters(where: str, before: Schema, after: Schema) -> Iterator[str]:
    known = {(one["in"], one["name"]): one for one in before.get("parameters", ())}
    given = {(one["in"], one["name"]): one for one in after.get("parameters", ())}
    for kind, name in known.keys() - given.keys():
        yield f"{where} no longer takes the {kind} parameter {name}"
    for key, parameter in given.items():
        if parameter["required"] and not known.get(key, {"required": False})["required"]:
            yield f"{where} now needs the {key[0]} parameter {key[1]}"


def _read(
    where: str, before: Schema, after: Schema, both: Both, seen: tuple[str, ...]
) -> Iterator[str]:
    """What callers read: nothing may be gone, or become what it could not be."""
    name = before.get("$ref", "")
    if name and name in seen:
        return
    seen = (*seen, name) if name else seen
    before, after = _resolved(before, both[0]), _resolved(after, both[1])
    if (fresh := _kinds(after, both[1]) - _kinds(before, both[0])) and _kinds(before, both[0]):
        yield f"{where} can now be {', '.join(sorted(fresh))}"
    yield from _words(where, before, after)
    for field, schema in before.get("properties", {}).items():
        if field not in after.get("properties", {}):
            yield f"{where} lost the field {field}"
        else:
            if field in before.get("required", ()) and field not in after.get("required", ()):
                yield f"{where}: {field} may now be missing"
            yield from _read(f"{where} {field}", schema, after["properties"][field], both, seen)
    for part in ("items", "additionalProperties"):
        if isinstance(before.get(part), dict) and isinstance(after.get(part), dict):
            yield from _read(f"{where} {part}", before[part], after[part], both, seen)
    for one, other in zip(before.get("anyOf", ()), after.get("anyOf", ()), strict=False):
        yield from _read(where, one, other, both, seen)


def _sent(where: str, before: Schema, after: Schema, both: Both) -> Iterator[str]:
    """What callers send: nothing more may be needed, and what was taken is still taken."""
    before, after = _resolved(before, both[0]), _resolved(after, both[1])
    if "oneOf" in before or "oneOf" in after:
        yield from _steps(where, before, after, both)
        return
    for field in after.get("required", ()):
        if field not in before.get("required", ()):
            yield f"{where} now needs {field}"
    if (lost := _kinds(before, both[0]) - _kinds(after, both[1])) and _kinds(after, both[1]):
        yield f"{where} can no longer be {', '.join(sorted(lost))}"
    yield from _words(where, before, after)
    for field, schema in before.get("properties", {}).items():
        if field not in after.get("properties", {}):
            yield f"{where} no longer takes {field}"
        else:
            yield from _sent(f"{where} {field}", schema, after["properties"][field], both)
    if "items" in before and "items" in after:
        yield from _sent(f"{where} items", before["items"], after["items"], both)


def _steps(where: str, before: Schema, after: Schema, both: Both) -> Iterator[str]:
    given = {_step(one): one for one in after.get("oneOf", (after,))}
    for one in before.get("oneOf", (before,)):
        if _step(one) not in given:
            yield f"{where} no longer takes the step {_step(one)}"
        else:
            yield from _sent(f"{where} {_step(one)}", one, given[_step(one)], both)


def _step(schema: Schema) -> str:
    return str(schema.get("properties", {}).get("step", {}).get("const", ""))


def _words(where: str, before: Schema, after: Schema) -> Iterator[str]:
    """A closed set of words may grow; a word that is gone breaks whoever sends or knows it."""
    if "enum" not in before:
        return
    if gone := set(before["enum"]) - set(after.get("enum", before["enum"])):
        yield f"{where} lost the values {', '.join(sorted(gone))}"


def _kinds(schema: Schema, document: Schema) -> frozenset[str]:
    parts = [_resolved(one, document) for one in schema.get("anyOf", (schema,))]
    return frozenset(
        f"{one['type']}{':' + one['format'] if 'format' in one else ''}"
        for one in parts
        if "type" in one
    )


def _body(holder: Schema, document: Schema) -> Schema:
    content: Mapping[str, Schema] = _resolved(holder, document).get("content", {})
    for medium in content.values():
        found: Schema = medium.get("schema", {})
        return found
    return {}


def _resolved(schema: Schema, document: Schema) -> Schema:
    found: Any = schema
    while "$ref" in found:
        target = found["$ref"]
        found = document
        for part in target.removeprefix("#/").split("/"):
            found = found[part]
    result: Schema = found
    return result
