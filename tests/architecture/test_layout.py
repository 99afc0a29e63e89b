"""Rooms that can be taken in: few modules each, and no way around in a circle."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.architecture.circles import circle
from tests.architecture.sources import ROOT, Module, product

MODULES_PER_FOLDER = 20
ROOMS = ("shared", "functions", "infra", "tests", ".ci")


def crowded(files: list[Path]) -> list[str]:
    """Folders with more modules than a person takes in; an `__init__` is none."""
    counts = Counter(file.parent for file in files if file.name != "__init__.py")
    return [
        f"{folder} has {n} modules"
        for folder, n in sorted(counts.items())
        if n > MODULES_PER_FOLDER
    ]


def test_no_folder_is_a_corridor() -> None:
    files = [file for room in ROOMS for file in (ROOT / room).rglob("*.py")]

    assert files
    assert crowded(files) == []


def test_a_corridor_is_found() -> None:
    full = [Path("room", f"m{number}.py") for number in range(MODULES_PER_FOLDER)]

    assert crowded([*full, Path("room/__init__.py")]) == []
    assert crowded([*full, Path("room/one_more.py")]) == ["room has 21 modules"]


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circle(product()) == []


def test_a_circle_is_found_also_where_it_is_for_typing_only() -> None:
    typing_only = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from tocsin.b import B"
    first = Module("tocsin.a", "a.py", typing_only)
    second = Module("tocsin.b", "b.py", "from tocsin.c import C")
    third = Module("tocsin.c", "c.py", "import tocsin.a")

    assert set(circle([first, second, third])) == {"tocsin.a", "tocsin.b", "tocsin.c"}
    assert circle([first, second]) == []
