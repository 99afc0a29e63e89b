"""Which of our own files a function needs, found by reading its imports.

A list kept by hand is wrong the day after it is written: too much makes every cold start slower,
too little breaks a rarely used branch in production. So the files are computed: imports, also
those inside functions; dotted names in registries, which are imported on use (of a quoted package,
the modules right inside it; of `package.*.module`, that module of each of its folders); and the
data files that lie beside what is imported. What only a type checker sees is left out.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from infra.bundle.dataclass_methods import HELPER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOURCE_ROOTS = (".", "shared")
_OURS = ("functions", "tocsin")
NEVER_BUNDLED = ("tocsin.local", "tocsin.cli", "tocsin.drills", "tocsin.simulation")
ADJUSTABLE_CLOCK = "tocsin.local.adjustable_clock"
_DOTTED = re.compile(r"tocsin(\.[a-z_][a-z0-9_]*)+")
_OF_EACH = re.compile(r"tocsin(\.[a-z_][a-z0-9_]*)+\.\*\.[a-z_][a-z0-9_]*")
_NOT_DATA = frozenset({".py", ".pyc", ".pyi", ".typed", ".yaml", ".yml", ".md"})


def own_modules(root: Path) -> dict[str, Path]:
    """Every module that any function may need, by its place in a bundle."""
    never = tuple(f"{name.replace('.', '/')}/" for name in NEVER_BUNDLED)
    let_in = f"{ADJUSTABLE_CLOCK.replace('.', '/')}.py"
    found = {
        path.relative_to(base).as_posix(): path
        for base, package in ((root, "functions"), (root / "shared", "tocsin"))
        for path in sorted((base / package).rglob("*.py"))
    }
    return {
        name: path
        for name, path in found.items()
        if name == let_in or path.name == "__init__.py" or not name.startswith(never)
    }


@dataclass(slots=True)
class Sources:
    """Our own modules under `root`, found by dotted name.

    `clock_adjustable` lets the one module of the local room in that moves the incident clock.
    """

    root: Path
    clock_adjustable: bool
    _found: dict[str, Path] = field(default_factory=dict)
    _looked_for: dict[str, Path | None] = field(default_factory=dict)
    _added: set[str] = field(default_factory=set)

    def needed_by(self, function: str) -> dict[str, Path]:
        """Files by their place in the bundle: modules, their packages and their data.

        A function whose handler is not written yet needs what its folder holds.
        """
        self._found.clear()
        self._looked_for.clear()
        self._added.clear()
        folder = self.root / "functions" / function
        for module in sorted(folder.rglob("*.py")):
            self._add(".".join(module.relative_to(self.root).with_suffix("").parts))
        if self._locate(HELPER):
            self._add(HELPER)
        files = {_place(name, path): path for name, path in sorted(self._found.items())}
        modules = {name: path for name, path in files.items() if path.name != "__init__.py"}
        folders = {name.rpartition("/")[0]: path.parent for name, path in modules.items()}
        for place, beside in folders.items():
            files.update(_data_in(beside, place))
        return files

    def _add(self, name: str) -> None:
        """Adds a module, the packages it lies in, and all that they import.

        A name is taken once: modules name each other hundreds of times.
        """
        if name in self._added:
            return
        self._added.add(name)
        parts = name.removesuffix(".__init__").split(".")
        for length in range(1, len(parts) + 1):
            module = ".".join(parts[:length])
            path = self._locate(module)
            if path is None or module in self._found:
                continue
            self._found[module] = path
            package = module if path.name == "__init__.py" else module.rpartition(".")[0]
            for imported in _imports(path.read_bytes(), package):
                for each in self._expand(imported):
                    if self._is_bundled(each):
                        self._add(each)

    def _expand(self, name: str) -> Iterator[str]:
        """`name`; where it ends in `.*`, the modules right inside the package before it.

        In `package.*.module` the star stands for every folder of the package with that module.
        """
        package, star, rest = name.partition(".*")
        if not star:
            yield name
        elif (path := self._locate(package)) and path.name == "__init__.py":
            for module in sorted(path.parent.glob(f"*/{rest[1:]}.py" if rest else "*.py")):
                inside = module.relative_to(path.parent).with_suffix("")
                yield ".".join([package, *inside.parts])

    def _locate(self, module: str) -> Path | None:
        if module.split(".", maxsplit=1)[0] not in _OURS:
            return None
        if module not in self._looked_for:
            self._looked_for[module] = self._look_for(module)
        return self._looked_for[module]

    def _look_for(self, module: str) -> Path | None:
        for source_root in SOURCE_ROOTS:
            base = self.root / source_root / "/".join(module.split("."))
            for path in (base / "__init__.py", base.with_suffix(".py")):
                if path.is_file():
                    return path
        return None

    def _is_bundled(self, module: str) -> bool:
        if self.clock_adjustable and module == ADJUSTABLE_CLOCK:
            return True
        return not any(module == room or module.startswith(f"{room}.") for room in NEVER_BUNDLED)


def _data_in(top: Path, place: str) -> dict[str, Path]:
    """Data files in a folder of modules and in its folders that are not packages."""
    return {
        f"{place}/{data.relative_to(top).as_posix()}": data
        for data in sorted(top.rglob("*"))
        if data.suffix not in _NOT_DATA
        and data.is_file()
        and not any(
            (folder / "__init__.py").exists() or folder.name == "__pycache__"
            for folder in _folders_between(top, data)
        )
    }


def _folders_between(top: Path, file: Path) -> Iterator[Path]:
    folder = file.parent
    while folder != top:
        yield folder
        folder = folder.parent


def _place(module: str, path: Path) -> str:
    package = path.name == "__init__.py"
    return module.replace(".", "/") + ("/__init__.py" if package else ".py")


@cache
def _imports(source: bytes, package: str) -> tuple[str, ...]:
    """Dotted names that a module of `package` imports, or quotes as a whole string.

    They need not exist. Kept by content: the functions share most of what they import.
    """
    return tuple(name for node in at_run_time(ast.parse(source)) for name in _named(node, package))


def _named(node: ast.AST, package: str) -> Iterator[str]:
    match node:
        case ast.Import(names=aliases):
            yield from (alias.name for alias in aliases)
        case ast.ImportFrom(names=aliases):
            base = _absolute(node, package)
            yield base
            yield from (f"{base}.{alias.name}" for alias in aliases)
        case ast.Constant(value=str(text)) if _DOTTED.fullmatch(text):
            yield from (text, f"{text}.*")
        case ast.Constant(value=str(text)) if _OF_EACH.fullmatch(text):
            yield text


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    base = parts[: len(parts) - node.level + 1]
    return ".".join([*base, node.module] if node.module else base)


def at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    """The node and every one below it, without the bodies of `if TYPE_CHECKING`."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and _is_type_checking(child.test):
            for other in child.orelse:
                yield from at_run_time(other)
        else:
            yield from at_run_time(child)


def _is_type_checking(test: ast.expr) -> bool:
    name = test.id if isinstance(test, ast.Name) else getattr(test, "attr", "")
    return name == "TYPE_CHECKING"
