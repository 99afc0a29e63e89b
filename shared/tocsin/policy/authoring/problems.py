"""What is wrong with a runbook file, and where: the file, the line and the key.

All problems of a file are reported at once; an editor can jump to each.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from tocsin.errors import InvalidPolicy

if TYPE_CHECKING:
    from collections.abc import Mapping

type Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a file; line and column count from 1."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to repair. `key` is the path of keys from the top, joined by dots."""

    file: str
    line: int
    column: int
    key: str
    message: str

    def __str__(self) -> str:
        key = f" {self.key}:" if self.key else ""
        return f"{self.file}:{self.line}:{self.column}:{key} {self.message}"


class InvalidRunbook(InvalidPolicy):
    """The runbook file does not validate; `problems` says where and why."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)), problems=len(problems))
        self.problems = problems

    def as_json(self) -> list[dict[str, object]]:
        return [asdict(problem) for problem in self.problems]


def problem_at(path: Path, message: str, positions: Mapping[Path, Position]) -> Problem:
    """A problem at `path`, or at the nearest key above it that stands in a file."""
    known = path
    while known not in positions and known:
        known = known[:-1]
    place = positions.get(known, Position("runbook", 1, 1))
    return Problem(place.file, place.line, place.column, ".".join(map(str, path)), message)
