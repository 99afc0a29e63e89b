"""The project's own sources, read as text and syntax trees, never imported."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Where dotted names begin, and the packages that begin there.
PACKAGES = (("shared", "tocsin"), (".", "functions"), (".", "infra"))
FIRST_PARTY = frozenset(package for _, package in PACKAGES)


@dataclass(frozen=True, slots=True)
class Module:
    """One source file: `name` is dotted, `path` relative to the root."""

    name: str
    path: str
    text: str

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)


@cache
def product(root: Path = ROOT) -> list[Module]:
    """Every module of the product and its infrastructure."""
    found = []
    for base, package in PACKAGES:
        for file in sorted((root / base / package).rglob("*.py")):
            dotted = file.relative_to(root / base).with_suffix("").as_posix().replace("/", ".")
            path = file.relative_to(root).as_posix()
            name = dotted.removesuffix(".__init__")
            found.append(Module(name, path, file.read_text(encoding="utf-8")))
    return found


def room(*names: str) -> list[Module]:
    """The modules of the named rooms, e.g. `tocsin.incidents`."""
    prefixes = tuple(f"{name}." for name in names)
    return [module for module in product() if f"{module.name}.".startswith(prefixes)]


@cache
def imports(module: Module) -> frozenset[str]:
    """Dotted names that the module imports, also inside functions and for typing only."""
    names: set[str] = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add(f"relative import in {module.name}")  # ruff's TID252 is stricter still
    return frozenset(names)


def is_standard(name: str) -> bool:
    return name.partition(".")[0] in sys.stdlib_module_names


def is_under(name: str, *allowed: str) -> bool:
    """Whether `name` is one of `allowed` or something inside it."""
    return any(name == base or name.startswith(f"{base}.") for base in allowed)
