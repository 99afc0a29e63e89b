"""Compiles modules with the methods of their dataclasses already written.

`dataclasses` writes source and compiles it for every class at every import: 0.7 ms a class, for
300 classes most of a cold start. Here that is done once, when a bundle is made. Only the bytecode
has it: the source beside it stays as it was, lines of tracebacks included, and does the same.

What a class is, is read from its source and those of its bases. A class that uses anything rarer
than what stands in `_read` is left to `dataclasses`.

    python -I dataclass_methods.py FOLDER TASK_ROOT

compiles every module under FOLDER to unchecked-hash bytecode, with paths below TASK_ROOT.
"""

from __future__ import annotations

import ast
import importlib.util
import marshal
import sys
from dataclasses import dataclass, replace
from pathlib import Path

HELPER = "tocsin.dataclass_fields"
_ALIAS = "dataclass_fields__"
_UNCHECKED_HASH = (1).to_bytes(4, "little")
_WRITTEN = frozenset(
    [
        *("__init__", "__repr__", "__eq__", "__hash__", "__setattr__", "__delattr__"),
        *("__getstate__", "__setstate__", "__replace__", "__slots__", "__match_args__"),
    ]
)
_PLACED = (ast.stmt, ast.expr, ast.arg, ast.keyword, ast.alias)
_KINDS = frozenset({"frozen", "slots", "kw_only"})
_VALUES = frozenset({"frozenset", "timedelta", "Decimal", "MappingProxyType"})
"""What a default may call: each gives a value."""
_SETTINGS = frozenset({"default", "default_factory", "repr", "compare"})


@dataclass(frozen=True, slots=True)
class Part:
    """One field. `default` is source to be evaluated in the class that declares the field."""

    name: str
    kw_only: bool
    default: str | None = None
    inherited: bool = False
    shown: bool = True
    compared: bool = True


@dataclass(frozen=True, slots=True)
class Known:
    """A dataclass as its source tells it, with the fields of its bases first."""

    parts: tuple[Part, ...]
    own: frozenset[str]
    frozen: bool
    kw_only: bool
    after: bool
    """Whether `__post_init__` is called."""

    def parameters(self) -> list[Part]:
        """In the order of the signature: what may be given by place comes first."""
        return sorted(self.parts, key=lambda part: part.kw_only)


class Modules:
    """The modules under one folder, each read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._trees: dict[str, ast.Module | None] = {}
        self._known: dict[tuple[str, str], Known | None] = {}

    def known(self, module: str, name: str) -> Known | None:
        """A class of a module; None where it is no dataclass, or one that is left alone."""
        if (module, name) not in self._known:
            self._known[module, name] = None  # a class that is its own base does not hang us
            tree = self._tree(module)
            node = _class_named(tree, name) if tree else None
            self._known[module, name] = self._read(module, node) if node else None
        return self._known[module, name]

    def _tree(self, module: str) -> ast.Module | None:
        if module not in self._trees:
            base = self._folder / "/".join(module.split("."))
            found = [p for p in (base / "__init__.py", base.with_suffix(".py")) if p.is_file()]
            self._trees[module] = ast.parse(found[0].read_bytes()) if found else None
        return self._trees[module]

    def _read(self, module: str, node: ast.ClassDef) -> Known | None:
        kinds = _kinds(node)
        if kinds is None or not kinds.get("slots") or node.type_params or node.keywords:
            return None
        if _WRITTEN & {name for each in node.body for name in _names_of(each)}:
            return None
        bases = [self._base(module, base) for base in node.bases]
        own = _parts(node, kw_only=kinds.get("kw_only", False))
        if own is None or len(bases) > 1:
            return None
        base = bases[0] if bases else None
        if bases and (base is None or base.frozen != kinds.get("frozen", False)):
            return None
        parts = {part.name: replace(part, inherited=True) for part in base.parts} if base else {}
        fresh = frozenset(part.name for part in own if part.name not in parts)
        if any(part.name in parts for part in own):
            return None
        after = any("__post_init__" in _names_of(each) for each in node.body)
        return Known(
            parts=(*parts.values(), *own),
            own=fresh,
            frozen=kinds.get("frozen", False),
            kw_only=kinds.get("kw_only", False),
            after=after or bool(base and base.after),
        )

    def _base(self, module: str, base: ast.expr) -> Known | None:
        tree = self._tree(module)
        if not isinstance(base, ast.Name) or tree is None:
            return None
        if _class_named(tree, base.id):
            return self.known(module, base.id)
        for node in tree.body:
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    if (alias.asname or alias.name) == base.id:
                        return self.known(node.module, alias.name)
        return None


def prepared(modules: Modules, module: str, source: bytes) -> ast.Module:
    """The module's tree, with methods in place of each decorator that would write them."""
    tree = ast.parse(source)
    if b"@dataclass" not in source:
        return tree
    changed = False
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and (known := modules.known(module, node.name)):
            _write(node, known)
            changed = True
    if changed:
        package, _, name = HELPER.rpartition(".")
        leaning = ast.ImportFrom(package, [ast.alias(name, _ALIAS)], 0)
        _place_at(leaning, 1)
        tree.body.insert(_after_future(tree), leaning)
    return tree


def compile_all(folder: Path, task_root: str) -> None:
    """Writes bytecode beside every module under `folder`."""
    modules = Modules(folder)
    for path in sorted(folder.rglob("*.py")):
        place = path.relative_to(folder)
        source = path.read_bytes()
        name = ".".join(place.with_suffix("").parts).removesuffix(".__init__")
        tree = prepared(modules, name, source)
        code = compile(tree, f"{task_root}/{place.as_posix()}", "exec", dont_inherit=True)
        target = Path(importlib.util.cache_from_source(str(path)))
        target.parent.mkdir(exist_ok=True)
        head = importlib.util.MAGIC_NUMBER + _UNCHECKED_HASH + importlib.util.source_hash(source)
        target.write_bytes(head + marshal.dumps(code))


def _class_named(tree: ast.Module, name: str) -> ast.ClassDef | None:
    found = (n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == name)
    return next(found, None)


def _kinds(node: ast.ClassDef) -> dict[str, bool] | None:
    """The decorator's words; None where there is another decorator or another word."""
    match node.decorator_list:
        case [ast.Call(func=ast.Name("dataclass"), args=[], keywords=words)]:
            said = {word.arg: word.value for word in words}
            if not said.keys() <= _KINDS:
                return None
            return {str(name): _as_said(value) for name, value in said.items()}
    return None


def _parts(node: ast.ClassDef, *, kw_only: bool) -> list[Part] | None:
    """The fields that a class declares; None where one is of a rarer kind."""
    found = []
    for each in node.body:
        if not isinstance(each, ast.AnnAssign):
            continue
        annotation = ast.unparse(each.annotation)
        if annotation.startswith("ClassVar"):
            continue
        if not isinstance(each.target, ast.Name) or annotation.startswith(("InitVar", "KW_ONLY")):
            return None
        part = _with_default(Part(each.target.id, kw_only), each.value)
        if part is None:
            return None
        found.append(part)
    return found


def _with_default(part: Part, value: ast.expr | None) -> Part | None:
    match value:
        case None:
            return part
        case ast.Call(func=ast.Name("field"), args=[], keywords=words):
            given = {word.arg: word.value for word in words}
            if not given.keys() <= _SETTINGS:
                return None
            default = ast.unparse(given["default"]) if "default" in given else None
            if "default_factory" in given:
                default = f"{_ALIAS}.Made({ast.unparse(given['default_factory'])})"
            shown, compared = (_as_said(given.get(name)) for name in ("repr", "compare"))
            return replace(part, default=default, shown=shown, compared=compared)
        case ast.Call(func=called) if ast.unparse(called) not in _VALUES:
            return None  # it may give a field
    return replace(part, default=ast.unparse(value))


def _as_said(said: ast.expr | None) -> bool:
    return not (isinstance(said, ast.Constant) and said.value is False)


def _names_of(node: ast.stmt) -> list[str]:
    """What a statement of a class body defines."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []


def _write(node: ast.ClassDef, known: Known) -> None:
    """Methods into the class; its decorator and the defaults of its fields go."""
    base = ast.unparse(node.bases[0]) if node.bases else ""
    made = ast.parse(_source(known, base)).body
    for each in made:
        _place_at(each, node.lineno)
    for each in node.body:
        if isinstance(each, ast.AnnAssign) and _names_of(each)[0] in known.own:
            each.value = None
    node.decorator_list = []
    node.body.extend(made)


def _source(known: Known, base: str) -> str:
    parts, frozen = known.parts, known.frozen
    own = [part.name for part in parts if part.name in known.own]
    compared = [part.name for part in parts if part.compared]
    lines = [
        f"__slots__ = {tuple(own)!r}",
        f"__match_args__ = {tuple(part.name for part in parts if not part.kw_only)!r}",
        f"def __init__({_signature(known, base)}):",
        *(f"    {_assignment(part, frozen=frozen)}" for part in parts),
        "    self.__post_init__()" if known.after else "    pass",
        "def __eq__(self, other):",
        "    if self is other: return True",
        "    if other.__class__ is not self.__class__: return NotImplemented",
        "    return " + (" and ".join(f"self.{n} == other.{n}" for n in compared) or "True"),
        "__dataclass_written__ = True",
        f"__repr__ = {_ALIAS}.shown",
        f"__replace__ = {_ALIAS}.replaced",
        f"__dataclass_fields__ = {_ALIAS}.Fields({_how_fields_are(known)})",
        f"__dataclass_params__ = {_ALIAS}.Params({_as_decorated(known)})",
    ]
    return "\n".join([*lines, *(_of_frozen(parts, compared) if frozen else ())])


def _how_fields_are(known: Known) -> str:
    unshown = tuple(part.name for part in known.parts if not part.shown)
    uncompared = tuple(part.name for part in known.parts if not part.compared)
    return f"kw_only={known.kw_only}, unshown={unshown!r}, uncompared={uncompared!r}"


def _as_decorated(known: Known) -> str:
    return f"frozen={known.frozen}, slots=True, kw_only={known.kw_only}"


def _signature(known: Known, base: str) -> str:
    """What `__init__` takes. Defaults of inherited fields are those of the base's signature."""
    words, starred = ["self"], False
    for part in known.parameters():
        if part.kw_only and not starred:
            words.append("*")
            starred = True
        default = part.default
        if default is not None and part.inherited:
            default = f"{_ALIAS}.default_of({base}, {part.name!r})"
        words.append(part.name if default is None else f"{part.name}={default}")
    return ", ".join(words)


def _assignment(part: Part, *, frozen: bool) -> str:
    value = part.name
    if part.default is not None and part.default.startswith(f"{_ALIAS}.Made("):
        value = f"{value}.make() if {value}.__class__ is {_ALIAS}.Made else {value}"
    if frozen:
        return f"object.__setattr__(self, {part.name!r}, {value})"
    return f"self.{part.name} = {value}"


def _of_frozen(parts: tuple[Part, ...], compared: list[str]) -> list[str]:
    """No field is set or deleted; what cannot change can be a key, and is pickled by its slots."""
    held = "".join(f"self.{name}, " for name in compared)
    names = tuple(part.name for part in parts)
    refused = f"    if type(self) is __class__ or name in {names!r}:"
    error = f"raise {_ALIAS}.FrozenInstanceError"
    return [
        f"def __hash__(self): return hash(({held}))",
        "def __setattr__(self, name, value):",
        refused,
        f"        {error}(f'cannot assign to field {{name!r}}')",
        "    super().__setattr__(name, value)",
        "def __delattr__(self, name):",
        refused,
        f"        {error}(f'cannot delete field {{name!r}}')",
        "    super().__delattr__(name)",
        f"__getstate__ = {_ALIAS}.state",
        f"__setstate__ = {_ALIAS}.with_state",
    ]


def _place_at(node: ast.AST, line: int) -> None:
    """Every node of what was written says the line of the class that it was written for."""
    for each in ast.walk(node):
        if isinstance(each, _PLACED):
            each.lineno = each.end_lineno = line
            each.col_offset = each.end_col_offset = 0


def _after_future(tree: ast.Module) -> int:
    """Where the first statement stands that is neither the docstring nor from the future."""
    for number, node in enumerate(tree.body):
        text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if not text and not future:
            return number
    return len(tree.body)


if __name__ == "__main__":
    compile_all(Path(sys.argv[1]), sys.argv[2])
