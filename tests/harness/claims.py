"""What documents claim: rows of a table that name the test that shows them, if there is one."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_NAMED = re.compile(r"`(?P<path>tests/[\w/]+\.py)::(?P<test>\w+)`")


def named(text: str) -> list[tuple[str, str]]:
    """Every test that a text names: its file and its name."""
    return [(each["path"], each["test"]) for each in _NAMED.finditer(text)]


def missing(text: str) -> list[str]:
    """Tests that a text names and that there are not."""
    return [f"{path}::{test}" for path, test in named(text) if test not in tests_of(path)]


@cache
def tests_of(path: str) -> frozenset[str]:
    """Names of the tests in a file, those of classes too; none where there is no such file."""
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(
        node.name for node in nodes if isinstance(node, functions) and node.name.startswith("test_")
    )


def rows(text: str) -> list[list[str]]:
    """The cells of every row of every table; heads, which stand over a ruler, are none."""
    found: list[list[str]] = []
    for line in text.splitlines():
        if not line.startswith("|"):
            continue
        if set(line) <= set("|-: "):
            found.pop()
        else:
            found.append([cell.strip() for cell in line.strip().strip("|").split("|")])
    return found
