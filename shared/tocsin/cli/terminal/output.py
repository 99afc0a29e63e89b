"""What a command prints: tables for people, one JSON document for programs, never a mixture.

Results go to stdout, everything about the work itself (progress, warnings, errors) to stderr, so
that `tocsin … --json | jq` works while progress is shown.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


_UNSEEN_WIDTH = _UNFOLDED = 160  # of what is piped or captured: wide, so that lines can be searched


def _console(*, stderr: bool) -> Console:
    seen = (sys.stderr if stderr else sys.stdout).isatty()
    width = None if seen else _UNSEEN_WIDTH
    return Console(stderr=stderr, highlight=False, soft_wrap=True, width=width)


@dataclass(frozen=True, slots=True)
class Output:
    """Where this run's output goes and in which form."""

    json: bool = False
    out: Console = field(default_factory=lambda: _console(stderr=False))
    err: Console = field(default_factory=lambda: _console(stderr=True))

    def progress(self, line: str) -> None:
        """One line about the work, for people."""
        if not self.json:
            self.err.print(visible(line), markup=False, style="dim")

    def error(self, line: str) -> None:
        """One line about what went wrong, for people."""
        self.err.print(visible(line), markup=False, style="red")

    def document(self, payload: Any) -> None:
        """The result as JSON, unwrapped and uncoloured; times are RFC 3339."""
        sys.stdout.write(document_text(payload, indent=2) + "\n")

    def line(self, text: str, style: str | None = None) -> None:
        """One line of a result for people; on a narrow screen between words, and further in.

        What is to be copied whole (a command, an address) stays in one piece, on a line of its own
        if need be, and what is piped stays in its line.
        """
        shown = visible(text)
        if self.out.width < _UNFOLDED:
            shown = "\n".join(_folded(line, self.out.width) for line in shown.split("\n"))
        self.out.print(shown, markup=False, style=style)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """A result for people; None is shown as nothing, a `Text` in its own style."""
        cells = [[_cell(cell) for cell in row] for row in rows]
        foldable = (
            Column(
                name,
                overflow="fold",
                min_width=_whole(row[place] for row in cells),
                no_wrap=_is_code(row[place] for row in cells),
            )
            for place, name in enumerate(columns)
        )
        shown = Table(*foldable, box=None, pad_edge=False, header_style="bold")
        for row in cells:
            shown.add_row(*row)
        self.out.print(shown, markup=False)

    def lines(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """A result of which each row takes one line; the last column is cut to what is left."""
        cells = [[_cell(cell) for cell in row] for row in rows]
        kept = (Column(name, no_wrap=True) for name in columns[:-1])
        last = Column(columns[-1], no_wrap=True, overflow="ellipsis", ratio=1)
        shown = Table(*kept, last, box=None, pad_edge=False, header_style="bold", expand=True)
        for row in cells:
            shown.add_row(*row)
        self.out.print(shown, markup=False, soft_wrap=False)


def _folded(line: str, width: int) -> str:
    if len(line) <= width:
        return line
    inner = " " * (len(line) - len(line.lstrip()) + 2)
    if (copied := _COPIED.search(line)) is not None:
        before = line[: copied.start()].rstrip()
        return f"{_folded(before, width)}\n{inner}{copied[0]}" if before else line
    return textwrap.fill(
        line,
        width,
        subsequent_indent=inner,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )


_COPIED = re.compile(r"(?:\btocsin [a-z]|\bhttps?://).*$")
_WORD = 30
"""Characters: an id, the longest that is to be copied from a table."""


def _whole(cells: Iterable[str | Text]) -> int:
    """How wide a column has to be so that no id or code in it is broken."""
    found = (len(word) for cell in cells for word in str(cell).split())
    return max((length for length in found if length <= _WORD), default=0)


def _is_code(cells: Iterable[str | Text]) -> bool:
    """Whether there are but single short words: no width is to be won there."""
    return all(len(cell) <= _WORD and len(str(cell).split()) <= 1 for cell in cells)


def _cell(value: object) -> str | Text:
    if isinstance(value, Text):
        return Text(visible(value.plain), style=value.style)
    return "" if value is None else visible(str(value))


def visible(text: str) -> str:
    """The text with what a terminal obeys or hides written out as its code.

    Texts come from alarms and strangers: none may move the cursor, recolour a line, or turn the
    order of its letters around. Line breaks and tabs stay.
    """
    return _OBEYED.sub(lambda found: _escaped(ord(found[0])), text)


def document_text(payload: Any, *, indent: int | None = None) -> str:
    """JSON in which the same is escaped as JSON escapes it: the values stay what they are."""
    text = json.dumps(payload, indent=indent, ensure_ascii=False, default=str)
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _escaped(code: int) -> str:
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"  # noqa: PLR2004 - a byte


_OBEYED = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u061c\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff]"
)
"""Controls of both kinds, what turns the direction of writing, and what takes no room."""


_current: ContextVar[Output] = ContextVar("output")


def use(output: Output) -> None:
    """Makes `output` this run's; `tocsin.cli.main` does it once."""
    _current.set(output)


def current() -> Output:
    """This run's output; for people when a command is called by other means than `tocsin`."""
    return _current.get(Output())
