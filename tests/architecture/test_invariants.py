"""Every invariant that has landed is shown by a test that carries its number.

The numbers are those of docs/architecture.md. A test shows invariant 3 by having `i3` as a word of
its name: `test_i3_the_same_command_id_twice_changes_nothing`.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from tests.architecture.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# Add a number with the change that makes it true; it stays.
LANDED = frozenset({1, 2, 3, 4, 6, 7, 8, 9, 10, 12, 13})

_NUMBER = re.compile(r"(?:^|_)i(\d{1,2})(?=_|$)")


def shown(files: Iterable[Path]) -> dict[int, list[str]]:
    """Names of tests by the invariant in their name; class names of state machines count too."""
    found: dict[int, list[str]] = {}
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                name = re.sub(r"^Test(?=[A-Z])", "test_", node.name)
                if not name.startswith("test_"):
                    continue
                for number in _NUMBER.findall(name.lower()):
                    found.setdefault(int(number), []).append(node.name)
    return found


def promised() -> set[int]:
    """The numbers of docs/architecture.md."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    return {int(number) for number in re.findall(r"^\| I(\d+) \|", text, re.MULTILINE)}


def test_every_landed_invariant_has_a_test_of_its_number() -> None:
    tests = shown((ROOT / "tests").rglob("test_*.py"))

    assert LANDED - tests.keys() == set()


def test_no_test_claims_an_invariant_that_is_not_promised() -> None:
    tests = shown((ROOT / "tests").rglob("test_*.py"))

    assert tests.keys() - promised() == set()
    assert promised() >= LANDED


def test_the_number_is_read_as_a_word_of_the_name(tmp_path: Path) -> None:
    file = tmp_path / "test_example.py"
    file.write_text(
        "def test_i3_twice_is_once(): ...\n"
        "def test_at_most_one_i1(): ...\n"
        "class TestI4_Fold: ...\n"
        "def helper_i9(): ...\n"
        "def test_i18n_is_not_a_number(): ...\n"
    )

    assert sorted(shown([file])) == [1, 3, 4]
