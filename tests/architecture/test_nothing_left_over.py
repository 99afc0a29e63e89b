"""No module that nobody imports, and no package that is declared and not used."""

from __future__ import annotations

import ast
import re
import tomllib
from importlib.metadata import entry_points, packages_distributions
from typing import TYPE_CHECKING

from tests.architecture.sources import ROOT, Module, imports, product

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FOUND_BY_THEIR_PLACE = (
    r"functions\.\w+\.handler",  # what Lambda calls
    r"infra\.functions\.\w+",  # what a function is, by the name of its folder
    r"tocsin\.providers\.\w+\.\w+",  # the parts of a provider, by providers/registry.py
    r".*\.__main__",
    r"tocsin\.cli\.main",  # the command, by pyproject.toml
)


def unused(modules: list[Module], elsewhere: str) -> list[str]:
    """Modules that neither an import nor a dotted name in a text leads to.

    `elsewhere` is the text of what is no part of the product and uses it.
    """
    used: set[str] = set()
    for module in modules:
        for name in imports(module):
            used |= {name, name.rpartition(".")[0]}
        used |= {text.partition(":")[0] for text in _texts(module)}
    return [
        module.name
        for module in modules
        if module.name not in used
        and not module.path.endswith("__init__.py")
        and not any(re.fullmatch(place, module.name) for place in FOUND_BY_THEIR_PLACE)
        and not re.search(rf"\b{re.escape(module.name)}\b", elsewhere)
    ]


def _texts(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def sources(*places: str) -> str:
    files = [path for place in places for path in sorted((ROOT / place).rglob("*.py"))]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def test_every_module_is_used() -> None:
    assert unused(product(), sources("tests", ".ci")) == []


def test_a_module_that_nobody_uses_is_found() -> None:
    modules = [
        Module("tocsin.a", "a.py", "from tocsin.b import B"),
        Module("tocsin.b", "b.py", "LAZY = 'tocsin.c:C'"),
        Module("tocsin.c", "c.py", "import tocsin.a"),
        Module("tocsin.d", "d.py", "import tocsin.a"),
        Module("functions.e.handler", "handler.py", ""),
    ]
    assert unused(modules, "import tocsin.dd") == ["tocsin.d"]
    assert unused(modules, "from tocsin.d import D") == []


BY_ANOTHER_WAY: Mapping[str, str] = {
    "tzdata": "the zones that zoneinfo reads where the system has none",
    "aws-xray-sdk": "part of the usual stack that is measured against",
    "flask": "moto's server, which declares neither",
    "flask-cors": "the same",
}
"""Packages that are used and imported nowhere."""


def declared() -> set[str]:
    """The packages of all groups, without their versions."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = [document["project"]["dependencies"], *document["dependency-groups"].values()]
    return {
        re.split(r"[\[<>=!~ ]", each)[0]
        for packages in groups
        for each in packages
        if isinstance(each, str)
    }


def needless(packages: set[str], text: str, commands: str) -> list[str]:
    """Packages that nothing imports, runs by name or loads as a plug-in, and that type nothing."""
    modules: dict[str, set[str]] = {}
    for module, names in packages_distributions().items():
        for name in names:
            modules.setdefault(name.lower().replace("_", "-"), set()).add(module)
    plugs = {each.dist.name for each in entry_points(group="pytest11") if each.dist}
    runs: dict[str, set[str]] = {}
    for each in entry_points(group="console_scripts"):
        if each.dist:
            runs.setdefault(each.dist.name, set()).add(re.escape(each.name))
    return sorted(
        package
        for package in packages - plugs
        if not (package.startswith("types-") or package.endswith("-stubs"))
        and not any(
            re.search(rf"^\s*(?:import|from) {re.escape(one)}\b", text, re.MULTILINE)
            for one in modules.get(package, ())
        )
        and not re.search(rf"\b(?:{'|'.join(runs.get(package, {package}))})\b", commands)
    )


def test_every_declared_package_is_used() -> None:
    text = sources("shared", "functions", "infra", "tests", ".ci")
    commands = (ROOT / "Makefile").read_text() + sources(".ci")
    assert needless(declared(), text, commands) == sorted(BY_ANOTHER_WAY)


def test_a_package_that_nobody_uses_is_found() -> None:
    packages = {"pytest", "pytest-randomly", "ruff", "types-pyyaml", "requests"}
    assert needless(packages, "import pytest", "ruff check") == ["requests"]
    assert needless(packages, "import pytest\nimport requests_more", "lint") == [
        "requests",
        "ruff",
    ]
