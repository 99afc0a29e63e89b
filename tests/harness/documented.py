"""The commands that pages show, as they are written there."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
GENERATED = {"commands.md"}
"""Written from the commands themselves."""

_FENCE = re.compile(r"```[^\n]*\n(.*?)```", re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_CONTINUED = re.compile(r"\\\n\s*")
_PROGRAM = re.compile(r"(?:uv run )?tocsin\s+(?=[a-z-])")


@dataclass(frozen=True, slots=True)
class Documented:
    """One command line; `words` is what stands after `tocsin`. `shown`: in a block to be copied."""

    page: str
    line: str
    words: tuple[str, ...]
    shown: bool

    def __str__(self) -> str:
        return f"{self.page}: {self.line}"


def pages() -> list[Path]:
    """Every page that people read."""
    found = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [page for page in found if page.name not in GENERATED]


def documented() -> Iterator[Documented]:
    """Every `tocsin` command of every page, in the order of the page."""
    for page in pages():
        text = page.read_text()
        name = page.relative_to(ROOT).as_posix()
        blocks = [(found.start(), found[1], True) for found in _FENCE.finditer(text)]
        inline = _FENCE.sub(lambda found: " " * len(found[0]), text)
        codes = [(found.start(), found[1], False) for found in _CODE.finditer(inline)]
        for _, code, shown in sorted(blocks + codes):
            for line in _CONTINUED.sub(" ", code).splitlines():
                bare = line.strip().removeprefix("$ ")
                if found := _PROGRAM.match(bare):
                    rest = bare[found.end() :].partition(" | ")[0]
                    words = shlex.split(rest, comments=True)
                    yield Documented(name, bare, tuple(words), shown)
