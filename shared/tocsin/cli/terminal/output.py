"""What a command prints: tables for people, one JSON document for programs, never a mixture.

Results go to stdout, everything about the work itself (progress, warnings, errors) to stderr, so
that `tocsin … --json | jq` works while progress is shown.
"""

from __future__ import annotations

import json
import sys
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


_UNSEEN_WIDTH = 160  # of what is piped or captured: wide, so that lines can be searched


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
            self.err.print(line, markup=False, style="dim")

    def document(self, payload: Any) -> None:
        """The result as JSON, unwrapped and uncoloured; times are RFC 3339."""
        json.dump(payload, sys.stdout, indent=2, ensure_ascii=False, default=str)
        sys.stdout.write("\n")

    def line(self, text: str, style: str | None = None) -> None:
        """One line of a result for people."""
        self.out.print(text, markup=False, style=style)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """A result for people; None is shown as nothing, a `Text` in its own style."""
        foldable = (Column(name, overflow="fold") for name in columns)
        shown = Table(*foldable, box=None, pad_edge=False, header_style="bold")
        for row in rows:
            shown.add_row(*(_cell(cell) for cell in row))
        self.out.print(shown, markup=False)


def _cell(value: object) -> str | Text:
    return value if isinstance(value, Text) else "" if value is None else str(value)


_current: ContextVar[Output] = ContextVar("output")


def use(output: Output) -> None:
    """Makes `output` this run's; `tocsin.cli.main` does it once."""
    _current.set(output)


def current() -> Output:
    """This run's output; for people when a command is called by other means than `tocsin`."""
    return _current.get(Output())
