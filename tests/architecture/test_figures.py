"""README's figures: each names the command that prints it, and a name that this command knows."""

from __future__ import annotations

import re
from functools import cache

from tests.harness import claims

README = (claims.ROOT / "README.md").read_text(encoding="utf-8")
CELLS = 4
PRINTED_BY = {
    "bench": ("tests/bench",),
    "chaos": ("tests/chaos",),
    "cost": (".ci/tools/cost.py",),
    "fuzz": ("tests/fuzz", "Makefile"),
    "simulate": ("shared/tocsin/simulation", "shared/tocsin/cli"),
}
"""Where a make target's figures get their names."""


def figures(text: str) -> list[list[str]]:
    """The rows of the table of figures."""
    return claims.rows(text.partition("\n## Figures\n")[2].partition("\n## ")[0])


def doubts(text: str) -> list[str]:
    """Figures without a command, or with a name that the command's program does not have."""
    wrong = []
    for row in figures(text):
        command = re.fullmatch(r"`make ([a-z]+)`", row[2]) if len(row) == CELLS else None
        named = re.fullmatch(r"`([\w.]+?)(?:\.\*)?`", row[-1])
        if command is None or command[1] not in targets() & PRINTED_BY.keys():
            wrong.append(f"{row[0]}: names no command")
        elif named is None or not printed(command[1], named[1]):
            wrong.append(f"{row[0]}: {command[1]} prints nothing by that name")
    return wrong


@cache
def targets() -> frozenset[str]:
    makefile = (claims.ROOT / "Makefile").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))


def printed(target: str, name: str) -> bool:
    """Whether its program knows the name: whole, or its group and its last word."""
    group, _, last = name.rpartition(".")
    text = program(target)
    return name in text or bool(group and f'"{group}' in text and f'"{last}"' in text)


@cache
def program(target: str) -> str:
    files = [
        file
        for place in PRINTED_BY[target]
        for file in ([claims.ROOT / place] if "." in place or place == "Makefile" else [])
    ]
    folders = [
        claims.ROOT / place for place in PRINTED_BY[target] if (claims.ROOT / place).is_dir()
    ]
    files += [file for folder in folders for file in folder.rglob("*.py")]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def test_every_figure_of_the_readme_names_the_command_that_prints_it() -> None:
    assert doubts(README) == []
    assert len(figures(README)) >= 10


def test_a_figure_without_a_command_or_with_a_name_nobody_prints_is_found() -> None:
    head = "\n## Figures\n\n| figure | measured | command | name |\n|--|--|--|--|\n"

    assert doubts(f"{head}| speed | 9 | `make bench` | `replay.speedup.*` |\n") == []
    assert doubts(f"{head}| speed | 9 | we measured it | `replay.speedup.*` |\n") == [
        "speed: names no command"
    ]
    assert doubts(f"{head}| speed | 9 | `make bench` | `replay.warp` |\n") == [
        "speed: bench prints nothing by that name"
    ]
