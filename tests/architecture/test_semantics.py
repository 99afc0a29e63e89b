"""The page that says what the words mean: every rule of it is shown by tests that exist.

A name without its test would be a promise nobody keeps, and a typed test the page does not name
is a rule nobody can find.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.architecture.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

PAGE = ROOT / "docs" / "semantics.md"
TABLES = {f"B{number}" for number in range(1, 9)} | {f"R{number}" for number in range(1, 7)}
_FILE = re.compile(r"^\| `([a-z-]+)` \| (yes)? ?\| \[[^\]]+\]\(\.\./(tests/[^)]+\.py)\) \|$")
_RULE = re.compile(r"^\| (\d+\.\d+|[BRE]\d+) \| (.+\.) \| (.+) \|$")
_SHOWN_BY = re.compile(r"`([a-z0-9-]+)::((?:Test\w+::)?test_\w+)`")


@dataclass(frozen=True, slots=True)
class Files:
    """The short names of the page, and which of them are typed."""

    paths: Mapping[str, str]
    typed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rule:
    number: str
    shown_by: tuple[tuple[str, str], ...]

    @property
    def is_example(self) -> bool:
        return self.number[0] in "BRE"


def files_of(text: str) -> Files:
    found = [match for line in text.splitlines() if (match := _FILE.match(line))]
    return Files(
        paths={match[1]: match[3] for match in found},
        typed=frozenset(match[1] for match in found if match[2]),
    )


def rules_of(text: str) -> list[Rule]:
    return [
        Rule(match[1], tuple(_SHOWN_BY.findall(match[3])))
        for line in text.splitlines()
        if (match := _RULE.match(line))
    ]


def names_in(file: Path) -> Iterator[str]:
    """Every test of a file as the page names it: with its class, if it has one."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.name
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            for each in node.body:
                if isinstance(each, ast.FunctionDef) and each.name.startswith("test_"):
                    yield f"{node.name}::{each.name}"


def faults(text: str, tests: Mapping[str, Iterable[str]], typed: frozenset[str]) -> list[str]:
    """What is wrong with the page, given the tests of each file by its short name."""
    rules = rules_of(text)
    known = {name: set(found) for name, found in tests.items()}
    named = {(name, test) for rule in rules for name, test in rule.shown_by}
    numbers = Counter(rule.number for rule in rules)
    found = [f"{number} stands {often} times" for number, often in numbers.items() if often > 1]
    found += [f"{number} is not there" for number in sorted(TABLES - numbers.keys())]
    found += [
        f"{name}::{test} does not exist"
        for name, test in sorted(named)
        if test not in known.get(name, set())
    ]
    for rule in rules:
        if not rule.shown_by:
            found.append(f"{rule.number} is shown by nothing")
        elif rule.is_example and not any(name in typed for name, _ in rule.shown_by):
            found.append(f"{rule.number} is an example that nobody typed")
        prefix = f"test_{rule.number.lower()}_"
        if rule.number in TABLES and not any(t.startswith(prefix) for _, t in rule.shown_by):
            found.append(f"{rule.number} has no test of that name")
    found += [
        f"{name}::{test} is typed and shows no rule"
        for name in sorted(typed)
        for test in sorted(known[name])
        if (name, test) not in named
    ]
    return found


def test_every_rule_is_shown_by_tests_that_exist_and_every_typed_test_shows_a_rule() -> None:
    text = PAGE.read_text(encoding="utf-8")
    files = files_of(text)
    tests = {name: list(names_in(ROOT / path)) for name, path in files.paths.items()}

    assert faults(text, tests, files.typed) == []


def test_every_typed_file_and_every_row_of_the_page_is_read() -> None:
    text = PAGE.read_text(encoding="utf-8")
    files = files_of(text)
    typed = {files.paths[name] for name in files.typed}

    assert typed == {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "tests" / "unit" / "semantics").rglob("test_*.py")
    }
    rows = [line for line in text.splitlines() if re.match(r"\| [^n|s-][^|]* \|", line)]
    assert len(rows) == len(rules_of(text)) + len(files.paths)
    sections = [int(number) for number in re.findall(r"^## (\d+)\. ", text, re.MULTILINE)]
    assert sections == list(range(1, 14))


def test_a_page_with_faults_is_told_all_of_them() -> None:
    rows = [f"| {row} | It is so. | `c::test_{row.lower()}_x` |" for row in sorted(TABLES - {"R6"})]
    rows += [
        "| 1.1 | Nothing shows it. | somebody said so |",
        "| 1.1 | It is so. | `c::test_gone` |",
        "| E1 | An example. | `u::TestOne::test_one` |",
        "| R6 | It is so. | `c::test_other` |",
    ]
    known = [f"test_{row.lower()}_x" for row in TABLES] + ["test_other"]
    tests = {"c": known, "u": ["TestOne::test_one"]}

    assert faults("\n".join(rows), tests, frozenset({"c"})) == [
        "1.1 stands 2 times",
        "c::test_gone does not exist",
        "1.1 is shown by nothing",
        "E1 is an example that nobody typed",
        "R6 has no test of that name",
        "c::test_r6_x is typed and shows no rule",
    ]
