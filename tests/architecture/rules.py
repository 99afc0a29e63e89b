"""The rules of the house that import contracts cannot say, as functions from a module to problems.

Each takes what it checks as an argument, so that the tests can hand it something that breaks it.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tests.architecture.sources import FIRST_PARTY, imports, is_standard, is_under

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.architecture.sources import Module

LINES_PER_MODULE = 400
"""A bound for what can be read in one sitting. Where a module is cut, its subject decides."""
LINES_PER_FUNCTION = 45

# What would make the same input give another answer on another day or another machine.
AMBIENT = frozenset(
    {
        "datetime.now",
        "datetime.utcnow",
        "datetime.today",
        "date.today",
        "time.monotonic",
        "time.perf_counter",
        "time.sleep",
        "time.time",
        "time.time_ns",
        "uuid.uuid1",
        "uuid.uuid4",
    }
)
AMBIENT_MODULES = ("os", "random", "secrets", "socket", "subprocess", "threading")
AMBIENT_CALLS = frozenset({"ZoneInfo", "input", "open", "print"})  # ZoneInfo() asks the host


def only_imports(module: Module, *allowed: str) -> list[str]:
    """Imports other than the standard library and what is `allowed`."""
    return [
        f"{module.path} imports {name}"
        for name in sorted(imports(module))
        if not is_standard(name) and not is_under(name, *allowed)
    ]


def first_party_only(module: Module, *allowed: str) -> list[str]:
    """First-party imports other than `allowed`; packages from outside are not looked at."""
    return [
        f"{module.path} imports {name}"
        for name in sorted(imports(module))
        if is_under(name, *FIRST_PARTY) and not is_under(name, *allowed)
    ]


def settings_imports(module: Module) -> list[str]:
    """A settings module is read by infra too, so it may load nothing but its own loader."""
    return only_imports(module, "tocsin.runtime.settings")


def infra_imports(module: Module) -> list[str]:
    """Infra may read functions' settings and registries' names, nothing else of the product."""
    return [
        f"{module.path} imports {name}"
        for name in sorted(imports(module))
        if is_under(name, "functions", "tocsin") and not _is_for_infra(name)
    ]


def _is_for_infra(name: str) -> bool:
    parts = name.split(".")
    if parts[0] == "functions":
        return len(parts) > 2 and parts[2] == "settings"
    return "registry" in parts[1:3]


def ambient(module: Module) -> list[str]:
    """Uses of the clock, of randomness, of the environment, of this machine's files."""
    imported = [
        f"{module.path} imports {name}"
        for name in sorted(imports(module))
        if is_under(name, *AMBIENT_MODULES) or name in AMBIENT
    ]
    used = [
        f"{module.path}:{node.lineno} uses {_dotted(node)}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and _dotted(node) in AMBIENT
    ]
    called = [
        f"{module.path}:{node.lineno} calls {_dotted(node.func)}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and _dotted(node.func) in AMBIENT_CALLS
    ]
    return imported + used + called


def _dotted(node: ast.expr) -> str:
    """The last two names of `a.b.c`, or the one name there is."""
    if isinstance(node, ast.Attribute):
        owner = node.value
        last = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
        return f"{last}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def not_empty(module: Module) -> list[str]:
    """Code in an `__init__` makes every import of its room pay for it; a docstring is free."""
    if not module.path.endswith("__init__.py"):
        return []
    body = module.tree.body
    code = body[1:] if ast.get_docstring(module.tree) is not None else body
    return [f"{module.path} holds code"] if code else []


def too_long(module: Module) -> list[str]:
    lines = module.text.count("\n")
    return [f"{module.path} has {lines} lines"] if lines > LINES_PER_MODULE else []


def too_long_to_see(module: Module) -> list[str]:
    """Functions that do not fit in a glance; docstrings and tables of data are not counted."""
    return [
        f"{module.path}:{node.lineno} {node.name} has {_lines_of_code(node)} lines"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and _lines_of_code(node) > LINES_PER_FUNCTION
    ]


def _lines_of_code(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    docstring = node.body[:1] if ast.get_docstring(node) is not None else []
    data = [found for found in ast.walk(node) if isinstance(found, ast.Dict)]
    skipped = {
        line
        for spans in (map(_span, docstring), map(_span, data))
        for span in spans
        for line in span
    }
    return len(set(_span(node)) - skipped)


def _span(node: ast.expr | ast.stmt) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def problems(rule_results: Iterable[list[str]]) -> str:
    """All problems as one text, so that a failing assertion shows the whole list."""
    return "\n".join(line for lines in rule_results for line in lines)
