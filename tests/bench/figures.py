"""What a benchmark says: named figures, some with a limit, as a table and as JSON.

Absolute times on somebody's laptop mean nothing to anybody else. So contenders run side by side in
one run, round by round, and a figure is the ratio of their medians, or the median of the ratios
within each turn where the turns are short.
"""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """`name` is dotted and stable; `limit` is the largest value that keeps the promise."""

    name: str
    value: float
    limit: float | None = None
    note: str = ""

    @property
    def kept(self) -> bool | None:
        """Whether the limit is kept; None where nothing was promised."""
        return None if self.limit is None else self.value <= self.limit


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The ratio of the medians of two series of the same run.

    Raises:
        ValueError: a series is empty, or the second one's median is not above zero.
    """
    if not ours or not theirs:
        raise ValueError("a ratio needs measurements on both sides")
    against = statistics.median(theirs)
    if against <= 0:
        raise ValueError("nothing can be compared with a median of zero")
    return statistics.median(ours) / against


def paired(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """The ratio within each turn, for series whose numbers were taken turn by turn.

    Raises:
        ValueError: the series are empty or of different lengths, or one of theirs is not above
            zero.
    """
    if not ours or len(ours) != len(theirs):
        raise ValueError("pairs need as many measurements on both sides")
    if min(theirs) <= 0:
        raise ValueError("nothing can be compared with zero")
    return [own / other for own, other in zip(ours, theirs, strict=True)]


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """The bounds of the middle half, with the median between them; one value is all three."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high


def without_warm_up(series: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    """The series without their first round, in which files are read for the first time."""
    return {name: list(values[1:]) for name, values in series.items()}


def table(figures: Sequence[Figure]) -> str:
    """The figures as lines of text: name, value, limit, whether it is kept, note."""
    rows = [
        (
            figure.name,
            f"{figure.value:.3g}",
            "" if figure.limit is None else f"<= {figure.limit:g}",
            {None: "", True: "kept", False: "MISSED"}[figure.kept],
            figure.note,
        )
        for figure in figures
    ]
    header = ("figure", "value", "limit", "", "")
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (header, *rows)
    ]
    return "\n".join(lines)


def write(path: Path, figures: Sequence[Figure], measured: Mapping[str, object]) -> None:
    """`figures` by name, and what they were computed from under `measured`."""
    document = {
        "figures": {figure.name: round(figure.value, 4) for figure in figures},
        "limits": {figure.name: figure.limit for figure in figures if figure.limit is not None},
        "missed": [figure.name for figure in figures if figure.kept is False],
        "measured": measured,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
