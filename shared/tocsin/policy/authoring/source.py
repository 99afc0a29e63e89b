"""Reads runbook files, remembers where each key stands, and lays an override over the default.

The YAML read here is a plain subset on purpose: no aliases, tags or merge keys, and only `null`,
`true`, `false` and whole numbers are anything but text. YAML's own rules would read `18:00` as
the number 1080 and `no` as false.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import yaml
from yaml.composer import Composer
from yaml.resolver import Resolver

from tocsin.policy.authoring.problems import InvalidRunbook, Position, Problem, problem_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path as File

    from tocsin.policy.authoring.problems import Path

# Rules are tried in order, so what a team adds has to stand before the default's catch-all.
PREPENDED = frozenset({("triage",)})


@dataclass(frozen=True, slots=True)
class Source:
    """The plain values of one or more runbook files, and where each key stands."""

    data: dict[str, Any]
    positions: dict[Path, Position] = field(default_factory=dict)


class _NoAliases(Composer):
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):  # type: ignore[attr-defined] # the parser's
            mark = self.peek_event().start_mark  # type: ignore[attr-defined] # the parser's
            raise yaml.composer.ComposerError(None, None, "a runbook uses no aliases", mark)
        return super().compose_node(parent, index)


class _PlainResolver(Resolver):
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own class attribute, replaced whole


_PlainResolver.add_implicit_resolver(
    "tag:yaml.org,2002:null", re.compile(r"(?:~|null|)$"), ["~", "n", ""]
)
_PlainResolver.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"(?:true|false)$"), ["t", "f"]
)
_PlainResolver.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"(?:0|-?[1-9][0-9]*)$"), list("-0123456789")
)


class _PlainLoader(_NoAliases, _PlainResolver, yaml.SafeLoader):
    """YAML without the parts that surprise; see the module's first paragraph."""


class _QuickLoader(_NoAliases, _PlainResolver, yaml.CSafeLoader):
    """The same over libyaml: a sixth of the time, but it words what is wrong worse."""

    def __init__(self, text: str) -> None:
        yaml.CSafeLoader.__init__(self, text)
        Composer.__init__(self)


def _composed(text: str) -> yaml.Node | None:
    """The nodes of the one document.

    Raises:
        yaml.YAMLError: not YAML of the subset.
    """
    with suppress(yaml.YAMLError):
        return yaml.compose(text, Loader=_QuickLoader)
    return yaml.compose(text, Loader=_PlainLoader)


def read(file: File, *, shown_as: str | None = None) -> Source:
    """The values of a runbook file.

    Raises:
        InvalidRunbook: not readable, not YAML of the subset, or not a mapping at the top.
    """
    name = shown_as or str(file)
    try:
        return parse(file.read_text(encoding="utf-8"), file=name)
    except (OSError, UnicodeDecodeError) as unreadable:
        raise InvalidRunbook((Problem(name, 1, 1, "", f"cannot be read: {unreadable}"),)) from None


def parse(text: str, *, file: str) -> Source:
    """`read` for text that is already here; `file` is what problems name."""
    try:
        node = _composed(text)
    except yaml.MarkedYAMLError as broken:
        mark = broken.problem_mark or broken.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise InvalidRunbook(
            (Problem(file, line, column, "", broken.problem or "not YAML"),)
        ) from None
    except yaml.YAMLError as broken:
        raise InvalidRunbook((Problem(file, 1, 1, "", f"not YAML: {broken}"),)) from None
    reader = _Reader(file)
    data = {} if node is None else reader.value(node, ())
    if not isinstance(data, dict):
        reader.report((), "a runbook is a mapping of keys to values", node)
    if reader.problems:
        raise InvalidRunbook(tuple(reader.problems))
    return Source(cast("dict[str, Any]", data), reader.positions)


_SCALARS: dict[str, Callable[[str], object]] = {
    "null": lambda _: None,
    "bool": lambda text: text == "true",
    "int": int,
    "str": str,
}


class _Reader:
    """Turns nodes into values while noting positions and problems."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.positions: dict[Path, Position] = {}
        self.problems: list[Problem] = []

    def value(self, node: yaml.Node, path: Path) -> object:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._element(item, (*path, at)) for at, item in enumerate(node.value)]
        kind = node.tag.rpartition(":")[2]
        if kind not in _SCALARS:
            self.report(path, f"the tag {node.tag} has no place in a runbook", node)
            return None
        return _SCALARS[kind](node.value)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        found: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            below = (*path, key)
            if not isinstance(key_node, yaml.ScalarNode):
                self.report(path, "a key is plain text", key_node)
            elif key in found:
                self.report(below, "this key stands here twice", key_node)
            else:
                self.positions[below] = self._position(key_node)
                found[key] = self.value(value_node, below)
        return found

    def _element(self, node: yaml.Node, path: Path) -> object:
        self.positions[path] = self._position(node)
        return self.value(node, path)

    def _position(self, node: yaml.Node) -> Position:
        return Position(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def report(self, path: Path, message: str, node: yaml.Node | None) -> None:
        place = self._position(node) if node else Position(self.file, 1, 1)
        self.problems.append(problem_at(path, message, {path: place}))


def overlay(base: Source, override: Source) -> Source:
    """The base with the override's keys laid over it, key by key.

    Mappings are merged, everything else is replaced. A `null` removes the key; whether it may be
    removed is for the schema to say. Text laid over a mapping with a `text` replaces that text.
    """
    positions = {**base.positions, **override.positions}
    return Source(_merge(base.data, override.data, ()), positions)


def _merge(base: dict[str, Any], over: dict[str, Any], path: Path) -> dict[str, Any]:
    added = {key: value for key, value in over.items() if key not in base and value is not None}
    kept = {key: value for key, value in base.items() if over.get(key, value) is not None}
    for key, value in kept.items():
        if over.get(key) is not None:
            kept[key] = _merged_value(value, over[key], (*path, key))
    return {**added, **kept} if path in PREPENDED else {**kept, **added}


def _merged_value(old: object, new: object, path: Path) -> object:
    if isinstance(old, dict) and isinstance(new, str) and "text" in old:
        return {**old, "text": new}
    if isinstance(old, str) and isinstance(new, dict) and "text" not in new:
        return {"text": old, **new}
    if isinstance(old, dict) and isinstance(new, dict):
        return _merge(old, new, path)
    return new
