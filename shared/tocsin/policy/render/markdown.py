"""The three shapes of Markdown the rendered runbook is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; bars inside cells are escaped."""
    return "\n".join((_row(header), _row(["---"] * len(header)), *map(_row, rows)))


def bullets(texts: Iterable[str]) -> str:
    """One bullet per text."""
    return "\n".join(f"- {text}" for text in texts)


def capital(text: str) -> str:
    """The text with a capital first letter and the rest as it was."""
    return text[:1].upper() + text[1:]


def _row(cells: Sequence[str]) -> str:
    shown = "".join(f" {cell.replace('|', r'\|')} |" if cell else " |" for cell in cells)
    return f"|{shown}"
