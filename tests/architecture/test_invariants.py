"""Every invariant that has landed is shown by a test that carries its number.

The numbers are those of docs/architecture.md. A test shows invariant 3 by having `i3` as a word of
its name: `test_i3_the_same_command_id_twice_changes_nothing`.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import TYPE_CHECKING

from tests.architecture.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Container, Iterable
    from pathlib import Path

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
NOT_YET = "Not there yet."

_NUMBER = re.compile(r"(?:^|_)i(\d{1,2})(?=_|$)")


def shown(files: Iterable[Path]) -> dict[int, list[str]]:
    """Names of tests by the invariant in their name; class names of state machines count too."""
    found: dict[int, list[str]] = {}
    for file in files:
        for defined in _defined(file.read_text(encoding="utf-8")):
            name = re.sub(r"^Test(?=[A-Z])", "test_", defined)
            if not name.startswith("test_"):
                continue
            for number in _NUMBER.findall(name.lower()):
                found.setdefault(int(number), []).append(defined)
    return found


@cache
def _defined(source: str) -> tuple[str, ...]:
    """Of functions and classes, at any depth."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return tuple(node.name for node in ast.walk(ast.parse(source)) if isinstance(node, kinds))


def promised(text: str = PAGE) -> dict[int, str]:
    """The invariants of docs/architecture.md by their number."""
    rows = re.findall(r"^\| I(\d+) \| (.+) \|$", text, re.MULTILINE)
    return {int(number): promise for number, promise in rows}


def unshown(tests: Container[int], text: str = PAGE) -> set[int]:
    """Invariants without a test that are not said to be still to come."""
    return {
        number
        for number, promise in promised(text).items()
        if number not in tests and not promise.endswith(NOT_YET)
    }


def test_every_invariant_has_a_test_of_its_number_or_is_said_to_be_to_come() -> None:
    tests = shown((ROOT / "tests").rglob("test_*.py"))

    assert unshown(tests) == set()
    assert promised().keys() == set(range(1, 16)), "all that the design has"


def test_what_is_said_to_be_to_come_is_not_there_yet() -> None:
    tests = shown((ROOT / "tests").rglob("test_*.py"))
    to_come = {number for number, promise in promised().items() if promise.endswith(NOT_YET)}

    assert to_come & tests.keys() == set()


def test_an_invariant_without_a_test_is_found() -> None:
    text = "| I1 | One is shown. |\n| I2 | Two is not. |\n| I3 | Three. Not there yet. |\n"

    assert unshown({1}, text) == {2}


def test_no_test_claims_an_invariant_that_is_not_promised() -> None:
    tests = shown((ROOT / "tests").rglob("test_*.py"))

    assert tests.keys() - promised().keys() == set()


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
